"""Timings anyone can repeat: `python -m benches` runs all, `python -m benches import` one.

Each bench is a module here (`lookup`, `import_bench`) with `run() -> list[Result]`, one figure each, or
`TITLE` and `run() -> list[Row]`, the rows of a table. What a bench is compared with runs in the same run,
so that ratios hold even where a machine's absolute figures do not.
"""

Row = dict[str, str]
