"""`python -m benches [name …]`: runs the benches named, or all of them."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from rich.console import Console
from rich.table import Table

import benches
from benches import Row
from benches.machine import describe
from benches.result import Result

_FRAME = {"__main__", "result", "decks", "machine", "lcr"}  # lcr is `make bench-lcr`


def modules() -> dict[str, str]:
    """Bench name to module: `import_bench` is called `import` (a word no module can have)."""
    found = sorted(m.name for m in pkgutil.iter_modules(benches.__path__) if m.name not in _FRAME)
    return {name.removesuffix("_bench"): name for name in found}


def show(title: str, outcome: list[Result] | list[Row]) -> None:
    """Figures one a line, or rows as a table."""
    rows = [row for row in outcome if isinstance(row, dict)]
    for result in outcome:
        if isinstance(result, Result):
            print(result.line(), flush=True)
    if not rows:
        return
    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in rows[0]:
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in rows:
        table.add_row(*row.values())
    Console(width=140 if not sys.stdout.isatty() else None).print(table)


def main(wanted: list[str]) -> int:
    known = modules()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"no bench called {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    print(describe(), flush=True)
    for name in wanted or known:
        print(f"== {name}", flush=True)
        module = importlib.import_module(f"benches.{known[name]}")
        show(getattr(module, "TITLE", name), module.run())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
