"""Timings anyone can repeat: `python -m benches` runs all, `python -m benches import` one. Each bench is a module here with
`run() -> list[Result]`."""
