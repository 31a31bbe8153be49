"""Every command of `tandem deck` ends its help with examples that name it, and with the exit codes."""

from __future__ import annotations

import shlex

import click
import pytest
from click.testing import CliRunner

from app.cli import tandem
from app.decks.cli_examples import EXAMPLES


def commands() -> dict[str, click.Command]:
    """`import`, `template export` … → the command."""
    context = click.Context(tandem)
    deck = tandem.get_command(context, "deck")
    assert isinstance(deck, click.Group)
    found: dict[str, click.Command] = {}
    for name in deck.list_commands(context):
        command = deck.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= {
                f"{name} {inner}": one
                for inner in command.list_commands(context)
                if (one := command.get_command(context, inner))
            }
        else:
            found[name] = command
    return found


@pytest.mark.parametrize("name", sorted(commands()))
def test_help_shows_examples_whose_options_exist(name: str) -> None:
    answer = CliRunner().invoke(tandem, ["deck", *name.split(), "--help"])
    assert answer.exit_code == 0
    assert "Examples:" in answer.output
    assert "Exit codes:" in answer.output
    known = {option for parameter in commands()[name].params for option in parameter.opts}
    for line in EXAMPLES[name]:
        assert line in answer.output
        words = shlex.split(line.split(" | ")[0].split(" > ")[0])
        assert words[: 2 + len(name.split())] == ["tandem", "deck", *name.split()]
        assert {word for word in words if word.startswith("--")} <= known, line
