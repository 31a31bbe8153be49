"""`tandem config`: what is set, and where it came from."""

from __future__ import annotations

import click
import msgspec

from app.config_sources import SECRET_KEYS, known_keys
from app.console import Run, emit_table, json_option, pass_run


@click.group("config")
def group() -> None:
    """Settings: flag > environment TANDEM_SECTION__KEY > tandem.toml > default."""


@group.command("show")
@json_option
@pass_run
def show(run: Run, as_json: bool) -> None:
    """Print each setting and where its value came from; secrets are masked."""
    tree = msgspec.to_builtins(run.settings)
    rows = []
    for key in known_keys():
        value = tree
        for part in key.split("."):
            value = value[part]
        if key in SECRET_KEYS and value:
            value = "********"
        text = ",".join(value) if isinstance(value, list) else value
        rows.append({"key": key, "value": text, "source": run.loaded.sources[key]})
    emit_table(rows, as_json=as_json)
