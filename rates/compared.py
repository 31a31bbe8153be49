"""A deck laid beside the deck in force, as the whole-deck checks see it, and what they say about it."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rates import problems
from rates.book import Book, Ints
from rates.catalogue import CATALOGUE
from rates.options import CheckRequest
from rates.problems import problem
from rates.thresholds import Thresholds
from rates.timeline import Merged

Mask = npt.NDArray[np.bool_]


@dataclass
class Compared:
    """rows: schema.ROWS. `found` collects problem tables, `second_person` sentences for the person who must find a colleague."""

    request: CheckRequest
    received_us: int
    rows: pa.Table
    merged: Merged
    found: list[pa.Table] = field(default_factory=list)
    second_person: list[str] = field(default_factory=list)

    @property
    def thresholds(self) -> Thresholds:
        return self.request.thresholds

    @property
    def current(self) -> Book:
        return self.merged.current

    def severity(self, check: str) -> str | None:
        return self.thresholds.severity_for(check, self.request.options.accept_warnings)

    def say(self, check: str, hint: str, *, text: str | None = None) -> None:
        """One finding about the whole deck."""
        severity = self.severity(check)
        if severity is not None:
            one = problem(check, severity="error" if severity == "error" else "warning", hint=hint, text=text)
            self.found.append(problems.to_table([one]))

    def say_of_rows(self, check: str, at: Ints, texts: pa.Array, codes: pa.Array | None = None) -> None:
        """One finding for each row `at`; `texts`: what is seen in each; `codes`: of whom, where not of the row's own code."""
        severity = self.severity(check)
        if severity is None or not len(at):
            return
        at, texts = at[: self.request.limits.problems], texts[: self.request.limits.problems]
        picked = self.rows.select(["sheet", "row", "code"]).take(pa.array(at)).combine_chunks()
        zeros = pa.array(np.zeros(len(at), np.int8))

        def same(word: str | None) -> pa.Array:
            return pa.array([word], pa.utf8()).take(zeros)

        columns = [
            picked["sheet"], picked["row"], same(None), picked["code"] if codes is None else codes[: len(at)], texts, same(check),
            same(severity), same(CATALOGUE[check].hint),
        ]  # fmt: skip
        self.found.append(pa.table(columns, schema=problems.SCHEMA))
