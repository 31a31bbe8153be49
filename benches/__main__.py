"""Run the benches named on the command line (all without names) and print one table each."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module

from rich.console import Console
from rich.table import Table

from benches import Row
from benches.machine import describe

ALL = ("decks", "lookup", "http")


def show(title: str, rows: list[Row]) -> None:
    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in rows[0]:
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in rows:
        table.add_row(*row.values())
    Console(width=140 if not sys.stdout.isatty() else None).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benches", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ALL, []], metavar="NAME", help=f"of {', '.join(ALL)}")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    results = {}
    if not wanted.json:
        print(describe())
    for name in wanted.names or ALL:
        module = import_module(f"benches.{name}")
        results[name] = module.run()
        if not wanted.json:
            show(module.TITLE, results[name])
    if wanted.json:
        print(json.dumps({"machine": describe(), "results": results}, indent=1))


if __name__ == "__main__":
    main()
