"""What an index file was made of, beside it as `<file>.inputs.json`: what a patch is measured against. Without it, or
with one that cannot be read, the next index is built whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from app.clock import from_micros, to_micros
from app.routing.gather import IndexInputs, OfferDeck


@dataclass(frozen=True)
class CompiledIndex:
    """An index file; `base` is the complete one it is a patch of, `None` for a complete one."""

    file: str
    base: str | None
    inputs: IndexInputs
    rates: int
    epoch_from: datetime
    epoch_until: datetime | None

    def holds(self, at: datetime) -> bool:
        return self.epoch_from <= at and (self.epoch_until is None or at < self.epoch_until)

    def save(self, root: Path) -> None:
        document = {
            "base": self.base,
            "inputs": asdict(self.inputs),
            "rates": self.rates,
            "epoch_from_us": to_micros(self.epoch_from),
            "epoch_until_us": None if self.epoch_until is None else to_micros(self.epoch_until),
        }
        path = _path(root, self.file)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(document))
        temporary.replace(path)


def load(root: Path, file: str) -> CompiledIndex | None:
    """What is known of this index file, if the file and its neighbour are there."""
    if not (root / "indexes" / file).exists():
        return None
    try:
        document = json.loads(_path(root, file).read_text())
        inputs = document["inputs"]
        offers = tuple(OfferDeck(**offer) for offer in inputs["offers"])
        until = document["epoch_until_us"]
        return CompiledIndex(
            file=file,
            base=document["base"],
            inputs=IndexInputs(**{"layout": 0, **inputs, "offers": offers}),
            rates=document["rates"],
            epoch_from=from_micros(document["epoch_from_us"]),
            epoch_until=None if until is None else from_micros(until),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(root: Path, file: str) -> Path:
    return root / "indexes" / f"{file}.inputs.json"
