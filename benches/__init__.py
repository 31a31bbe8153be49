"""Benchmarks: `python -m benches [name …]`, or `make bench`. Not tests: they print, they do not judge.

Each module has `TITLE` and `run() -> list[Row]`; whatever it is compared with runs in the same process run,
so that ratios hold even where this machine's absolute figures do not.
"""

Row = dict[str, str]
