"""An answer on a terminal: the routes, and with `--explain` one block a vendor."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.routing.explained import (
    arithmetic,
    as_of,
    digits,
    filters,
    hunting,
    layer,
    matched_number,
    quality_state,
)

TONES = {"selected": "green", "outranked": "cyan", "quality_floor": "yellow", "max_cost": "yellow",
         "profit_guard": "yellow", "blocked": "red", "closed": "red"}  # fmt: skip
MARKS = {"passed": ("✓", "green"), "failed": ("✗", "bold red"), "not looked at": ("·", "dim")}
DIGITS = {"shadow": "dim underline", "hit": "bold green", "": "dim"}


def draw(answer: dict[str, Any], asked: dict[str, Any] | None = None) -> None:
    """`asked`: what was asked beside the numbers (policy, trunk, state), shown with an explanation."""
    # Narrower than this a row of the table folds into a column of letters.
    console = Console(width=max(Console().width, 120), highlight=False)
    reason = f" ({answer['reason']})" if answer["reason"] else ""
    console.print(f"[bold]{answer['b']}[/]  {answer['status']}{reason}  snapshot {answer['version']}")
    if "explain" in answer:
        _explained(console, answer, asked or {})
    elif answer["routes"]:
        _routes(console, answer["routes"])


def _routes(console: Console, routes: list[dict[str, Any]]) -> None:
    names = ("rank", "vendor", "product", "class", "code", "destination", "rate", "currency", "eff")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(
            "#" if name == "rank" else name,
            justify="right" if name in ("rank", "rate", "eff") else "left",
            no_wrap=name != "destination",
        )
    for row in routes:
        table.add_row(*("" if row.get(name) is None else str(row[name]) for name in names))
    console.print(table)


def _explained(console: Console, answer: dict[str, Any], asked: dict[str, Any]) -> None:
    inputs = {
        "caller": answer["a"] or "unknown",
        "LRN": answer["lrn"] or "unknown",
        "at": answer["at"],
        "call length": f"{answer['reference_seconds']} s",
        **asked,
        "state": answer.get("state") if answer.get("state") is not None else "none",
    }
    console.print("  ".join(f"[dim]{name}[/] {value}" for name, value in inputs.items()))
    if answer["sell"]:
        sell = answer["sell"]
        console.print(
            f"[dim]earns[/] {sell['rate']} {sell['currency']}, {sell['eff']} {answer['currency']} a minute"
        )
    for row in answer["explain"]:
        console.print()
        tone = TONES.get(row["verdict"], "dim")
        rank = f"{row['rank']}. " if row["rank"] else ""
        head = Text.assemble(
            (f"{rank}{row['vendor']}", "bold"), f"  {row['product']}", (f"  {row['class']}  ", "dim")
        )
        console.print(Text.assemble(head, (row["verdict"].replace("_", " "), tone), f"  {row['detail']}"))
        if row["code"]:
            match = Text("  code    ")
            for digit, kind in digits(matched_number(answer, row), row):
                match.append(digit, DIGITS[kind])
            beaten = f"  beats {', '.join(row['shadowed'])}" if row["shadowed"] else ""
            console.print(Text.assemble(match, f"  {row['code']} {row['destination']}", (beaten, "dim")))
            console.print(f"  rate    {row['rate']} {row['currency']} [dim]{as_of(row)}[/]")
        for line in layer(row):
            console.print(f"  layer   {line}")
        for place, line in enumerate(arithmetic(answer, row)):
            console.print(f"  {'cost' if place == 0 else '    '}    {line}")
        for name, words in (("judged", quality_state(row)), ("next", hunting(answer, row))):
            if words:
                console.print(f"  {name:<8}{words}")
        verdicts = Text("  filters ")
        for verdict in filters(row):
            mark, style = MARKS[verdict.state]
            verdicts.append(f"{mark} {verdict.name}  ", style)
        console.print(verdicts)
