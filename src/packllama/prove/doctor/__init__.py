"""Say what on this machine will work and what will not, and what to do about it.

Each check looks at one thing and says facts of it, a sentence each. One that fails is a fact, too. Nothing is changed
but that two small files are made and removed in ``.packllama/`` of a store of the user's own, to see what its disk can
do. Nothing is asked of any network, nor of an Ollama that runs, unless that was asked for.

What is looked at comes in as :class:`~packllama.prove.doctor.checkup.Patient`; its verb is
``packllama.prove.doctor.examine``.
"""
