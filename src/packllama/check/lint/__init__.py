"""Say what in a Modelfile would go wrong later, before anything is built of it."""
