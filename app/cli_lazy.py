"""A click group whose commands are imported only when they are called."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import click


class LazyGroup(click.Group):
    """Imports a command's module when it is used, so that `tandem --help` starts fast."""

    def __init__(self, *args: object, commands_at: dict[str, str] | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.commands_at = commands_at or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        lazy = [name for name, target in self.commands_at.items() if find_spec(target.partition(":")[0])]
        return sorted([*super().list_commands(ctx), *lazy])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = self.commands_at.get(cmd_name)
        if target is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = target.partition(":")
        if find_spec(module) is None:
            return None
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command
