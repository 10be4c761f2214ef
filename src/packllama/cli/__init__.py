"""The command line: one verb a file. Each parses its words, calls one library function, prints the result.

Results go to stdout, talk and progress to stderr. No logic here that a Python caller cannot reach. Modules are
imported when their verb is used, since starting fast matters more than anything else a list or a help does.
"""
