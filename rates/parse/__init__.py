"""Strings → typed columns. Each file parses one kind of value: the plain form for whole columns at once, the odd forms once per
distinct text. A value that cannot be read comes back with a problem id instead."""
