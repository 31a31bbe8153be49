"""Where settings come from: flag > environment TANDEM_SECTION__KEY > tandem.toml > default.

An unknown key is an error that names the nearest known one, so a typing mistake never passes silently.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from app.config import Settings
from app.errors import DomainError

PREFIX = "TANDEM_"
# Environment names that are not settings: the file to read, the tests' inputs.
RESERVED = ("TANDEM_CONFIG", "TANDEM_SHARED", "TANDEM_TEST", "TANDEM_ORACLE", "TANDEM_SWAP", "TANDEM_RATING")
SECRET_KEYS = (
    "web.secret_key", "web.password_salt", "edge.control_token", "edge.lrn_dip_authorization", "calls.evidence_key", "calls.ticket_key",
    "database.url", "jobs.url", "mail.smtp_password", "mail.imap_password",
)  # fmt: skip


class ConfigError(DomainError):
    """A setting that does not exist or does not fit its type."""

    code = "config"
    status = 500


@dataclass(frozen=True)
class LoadedSettings:
    """The settings and, for each dotted key, where its value came from."""

    settings: Settings
    sources: dict[str, str]
    flags: dict[str, str] = field(default_factory=dict)
    path: Path | None = None

    def environ(self) -> dict[str, str]:
        """What a child process needs in its environment to read the same settings."""
        found = {PREFIX + key.upper().replace(".", "__"): value for key, value in self.flags.items()}
        if self.path is not None:
            found["TANDEM_CONFIG"] = str(self.path)
        return found


def known_keys() -> dict[str, Any]:
    """Dotted key -> default value, in the order of the sections."""
    return dict(_flatten(msgspec.to_builtins(Settings()), ""))


def _flatten(tree: Mapping[str, Any], prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found.extend(_flatten(value, f"{prefix}{name}."))
        else:
            found.append((f"{prefix}{name}", value))
    return found


def _refuse_unknown(key: str, source: str, known: Mapping[str, Any]) -> None:
    if key in known:
        return
    near = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else "`tandem config show` lists every key."
    raise ConfigError(f"unknown setting {key} in {source}", hint=hint)


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    found = {}
    for name, value in environ.items():
        if name.startswith(PREFIX) and not name.startswith(RESERVED):
            key = name[len(PREFIX) :].lower().replace("__", ".")
            found[key] = (value, f"environment {name}")
    return found


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _parse_text(value: str, default: Any) -> Any:
    """Text of a flag or the environment, shaped like the default (lists are comma separated)."""
    if isinstance(default, list | tuple):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def load_settings(
    flags: Mapping[str, str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    path: Path | None = None,
) -> LoadedSettings:
    """Settings with the order of precedence above.

    `flags` maps dotted keys to text. `path` is the TOML file; without it TANDEM_CONFIG or ./tandem.toml
    is read when present. Raises ConfigError.
    """
    environ = os.environ if environ is None else environ
    known = known_keys()
    values: dict[str, Any] = {}
    sources = dict.fromkeys(known, "default")
    named = path or (Path(environ["TANDEM_CONFIG"]) if environ.get("TANDEM_CONFIG") else None)
    file = named or Path("tandem.toml")
    if named is not None and not file.is_file():
        raise ConfigError(f"there is no file {file}", hint="Check --config or TANDEM_CONFIG.")
    if file.is_file():
        for key, value in _flatten(_read_toml(file), ""):
            _refuse_unknown(key, str(file), known)
            values[key], sources[key] = value, str(file)
    texts = _from_environment(environ)
    texts.update({key: (value, "flag") for key, value in (flags or {}).items()})
    for key, (text, source) in texts.items():
        _refuse_unknown(key, source, known)
        values[key], sources[key] = _parse_text(text, known[key]), source
    tree: dict[str, Any] = {}
    for key, value in values.items():
        node = tree
        *sections, leaf = key.split(".")
        for section in sections:
            node = node.setdefault(section, {})
        node[leaf] = value
    try:
        settings = msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"a setting does not fit: {error}", hint="`tandem config show` lists types."
        ) from error
    return LoadedSettings(settings, sources, dict(flags or {}), named)
