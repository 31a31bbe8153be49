"""`tandem NOUN VERB`: groups of the domains, loaded only when they are called."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.cli_lazy import LazyGroup
from app.config_sources import load_settings
from app.console import Exit, Run, exit_code_of, say, show_error
from app.errors import DomainError

# Name -> "module:attribute" of a click command or group.
COMMANDS: dict[str, str] = {
    "api": "app.cli_api:group",
    "calls": "app.calls.cli:calls",
    "card": "app.reports.card_cli:card",
    "cdrs": "app.cdrs.cli:cdrs",
    "config": "app.cli_config:group",
    "db": "app.db_cli:group",
    "deck": "app.decks.cli_desk:deck",
    "demo": "app.cli_demo:group",
    "doctor": "app.cli_doctor:doctor",
    "edge": "app.cli_serve:edge",
    "key": "app.carriers.cli:key",
    "mail": "app.mail.cli:mail",
    "lcr": "app.routing.cli:lcr",
    "routing": "app.routing.cli_numbers:routing",
    "report": "app.reports.cli:report",
    "serve": "app.cli_serve:serve",
    "snapshot": "app.routing.cli:snapshot",
    "user": "app.carriers.cli:user",
    "audit": "app.audit.cli:audit",
    "verify": "app.audit.cli:verify",
    "web": "app.cli_serve:web",
    "worker": "app.cli_serve:worker",
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="Settings file (default tandem.toml)."
)
@click.option("--data-dir", help="Directory of the database, the decks and the snapshots.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One setting, e.g. web.port=8081.")
@click.version_option(package_name="tandem", message="%(prog)s %(version)s")
@click.pass_context
def tandem(
    ctx: click.Context, config_path: Path | None, data_dir: str | None, pairs: tuple[str, ...]
) -> None:
    """Tandem: the open wholesale voice exchange."""
    flags: dict[str, str] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator:
            raise click.UsageError(f"--set takes KEY=VALUE, not {pair}")
        flags[key.strip()] = value
    if data_dir is not None:
        flags["data_dir"] = data_dir
    ctx.obj = Run(load_settings(flags, path=config_path))


def misses_a_table(error: BaseException) -> bool:
    """Whether the database said that a table does not exist (SQLite in words, PostgreSQL by SQLSTATE 42P01)."""
    from sqlalchemy.exc import DBAPIError  # not before a fault: `tandem --help` starts fast

    if not isinstance(error, DBAPIError):
        return False
    return "no such table" in str(error.orig) or getattr(error.orig, "sqlstate", None) == "42P01"


def main(argv: list[str] | None = None) -> None:
    """Entry point: turns every fault into a sentence and an exit code."""
    try:
        code = tandem.main(args=argv, prog_name="tandem", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(Exit.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE if isinstance(error, click.UsageError) else Exit.FAILED)
    except DomainError as error:
        show_error(error)
        sys.exit(exit_code_of(error))
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:
        if not misses_a_table(error):
            raise
        say("error: the database is not migrated; run `tandem db upgrade`")
        sys.exit(Exit.FAILED)
    sys.exit(code if isinstance(code, int) else Exit.DONE)


if __name__ == "__main__":
    main()
