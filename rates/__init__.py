"""Buy side: a carrier's rate deck becomes an immutable timeline. Pure: no Flask, no database, no clock.

read/       bytes of a file → raw cells (a pandas frame of strings) with sheet and row numbers; guesses
parse/      strings → typed columns, one file a kind of value
checks/     one check a file: typed columns → problems
problems    what is wrong, where, and how to mend it
validate    raw cells + options → typed rows + problems
diff        typed rows against the timeline in force → a label and an effective date for every code
timeline    the two clocks resolved: current timeline + rows → new timeline
store, view, export   immutable Arrow files, a deck as of an instant, CSV and XLSX out of it
deckcheck   all of it in a jailed child process: the entry point of the application
"""
