"""What `tandem deck COMMAND --help` ends with: examples to copy, and where the exit codes stand."""

from __future__ import annotations

import click

EXAMPLES = {
    "import": (
        "tandem deck import az.xlsx --carrier acme --product Premium --mode full --dry-run",
        "tandem deck import az.xlsx --carrier acme --product Premium --mode full --approve --note 'December A-Z'",
        "tandem deck import odd.csv --carrier acme --product 3 --mode partial --map B=code --map D=rate --json",
    ),
    "list": ("tandem deck list --state review", "tandem deck list --json | jq '.[].id'"),
    "show": ("tandem deck show 17", "tandem deck show 17 --json"),
    "approve": (
        "tandem deck approve 17 --note 'as agreed by mail'",
        "tandem deck approve 17 --as second@acme.example",
    ),
    "discard": ("tandem deck discard 17",),
    "diff": ("tandem deck diff 3:1 3:2", "tandem deck diff 3:1 3:2 --at 2026-12-01 --all"),
    "export": (
        "tandem deck export 3 --output deck.csv",
        "tandem deck export 3 --at 2026-12-01 --format xlsx --output deck.xlsx",
    ),
    "send": ("tandem deck send 3 --since 5 --layout 2 --output changes.csv",),
    "versions": ("tandem deck versions 3",),
    "calendar": ("tandem deck calendar 3", "tandem deck calendar 3 --json"),
    "rollback": ("tandem deck rollback 3 4 --note 'version 5 was the wrong file'",),
    "impact": ("tandem deck impact 17 --days 30", "tandem deck impact 17 --profile traffic.tsv --card 2"),
    "traffic": ("tandem deck traffic 3 traffic.csv",),
    "mail": ("tandem deck mail",),
    "watch": ("tandem deck watch",),
    "template export": ("tandem deck template export 2 > acme.toml",),
    "template import": ("tandem deck template import acme.toml --carrier acme",),
}
CODES = (
    "Exit codes: 0 done, 1 failed, 2 usage, 3 data rejected, 4 done with warnings (--strict), 5 not found, "
    "75 try again, 130 interrupted."
)


class ExampleGroup(click.Group):
    """A group whose commands show their examples below the options."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        prefix = "" if self.name == "deck" else f"{self.name} "
        lines = EXAMPLES.get(prefix + cmd_name)
        if command is not None and lines and not command.epilog:
            shown = "\n".join(f"  {line}" for line in lines)
            command.epilog = f"\b\nExamples:\n{shown}\n\n{CODES}"
        return command
