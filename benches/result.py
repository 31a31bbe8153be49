"""One measured figure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """limit: the promise (same unit), None where there is none."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    def line(self) -> str:
        promise = "" if self.limit is None else f"   promised ≤ {self.limit:g} {self.unit}"
        return f"{self.name:<58} {self.value:>12,.2f} {self.unit}{promise}"
