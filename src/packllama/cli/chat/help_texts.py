"""What ``/?`` and its relatives print."""

from collections.abc import Mapping
from types import MappingProxyType

_ALL = """\
Available Commands:
  /set            Change how the model answers and how it is shown
  /show           Show what the model is
  /load <model>   Talk to another model
  /save <model>   Make a model of this conversation
  /list [prefix]  List the models in the store
  /clear          Forget what was said
  /bye            Leave
  /?, /help       This help
  /? shortcuts    The keys

Begin with \"\"\" to write several lines, and end with \"\"\"."""

_SET = """\
Available Commands:
  /set parameter <name> <value>  Set a parameter
  /set system <text>             Set the system message
  /set history                   Remember what is typed
  /set nohistory                 Do not remember it
  /set wordwrap                  Wrap lines between words
  /set nowordwrap                Leave lines as they are
  /set format json               Have answers in JSON
  /set noformat                  Have answers in any form
  /set verbose                   Show figures after each answer
  /set quiet                     Show answers alone
  /set think [level]             Let the model think: low, medium, high or max
  /set nothink                   Let it answer at once"""

_SHOW = """\
Available Commands:
  /show info        The model in short
  /show license     Its licences
  /show modelfile   A Modelfile that builds it
  /show parameters  Its parameters, and those set here
  /show system      The system message
  /show template    The template of its prompts"""

_SHORTCUTS = """\
Available Keys:
  Ctrl-A, Ctrl-E  To the beginning, to the end of the line
  Alt-B, Alt-F    A word back, a word forward
  Ctrl-K, Ctrl-U  Cut to the end, to the beginning of the line
  Ctrl-W          Cut the word before the cursor
  Up, Down        What was typed before
  Ctrl-R          Search in it
  Ctrl-J          Begin another line
  Ctrl-G          Go on in an editor
  Ctrl-L          Clear the screen
  Ctrl-C          Stop the answer, or clear what is typed
  Ctrl-D          Leave"""

HELP: Mapping[str, str] = MappingProxyType({"": _ALL, "set": _SET, "show": _SHOW, "shortcuts": _SHORTCUTS})
"""By the word behind ``/?``."""
