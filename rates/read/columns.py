"""Which column holds what: header words first, then the look of the cells. Confidence ≥ 90 is taken, 75–89 asked, below unmapped."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import pandas as pd

from rates.deckcheck import Column
from rates.fields import FREE, ORIGIN_RATE
from rates.parse.codes import may_be_codes
from rates.parse.words import is_status
from rates.read.coded import a_series, names_with_codes, remarks_count
from rates.read.headers import ASK, NEW_PRICE, REST, Guessed, find_header, is_tier, layer_of, score_header
from rates.read.looks import DATE, INCREMENTS, MONEY, look_at, share
from rates.read.raw import letter
from rates.synonyms import words_of

SAMPLES = 5
SAMPLED_ROWS = 400
_CHECKED = ("code", "rate", "effective_from", "destination")


def map_columns(
    frame: pd.DataFrame,
    header_row: int,
    mapping: Mapping[int, str] | None,
    template: Mapping[str, str] | None,
    surely: bool = True,
) -> tuple[Column, ...]:
    """One Column per column of the sheet. A stated mapping or a matching template wins over every guess. surely = False:
    whether there is a header at all is guessed, so looks count for more."""
    headers = [cell.strip() for cell in frame.iloc[header_row - 1]] if header_row else [""] * frame.shape[1]
    body = frame.iloc[header_row : header_row + SAMPLED_ROWS]
    by_name = {words_of(name): field for name, field in (template or {}).items()} if mapping is None else {}
    columns = []
    for index in range(frame.shape[1]):
        samples = _samples(body[index])
        found = list(score_header(headers[index])) if header_row else []
        stated = True
        if mapping is not None:
            chosen = Guessed(mapping[index], 100, "chosen") if index in mapping else None
        elif headers[index] and words_of(headers[index]) in by_name:
            chosen = Guessed(by_name[words_of(headers[index])], 100, "the carrier's template")
        else:
            stated = False
            found = _with_layers(headers[index], samples, found)
            if not found or found[0].confidence < ASK:
                found += look_at(samples, headless=not header_row)
            # A heading that says little does not outweigh what the cells show; but a tier is a tier.
            first = found[:1] if is_tier(headers[index]) else found
            chosen = max(first, key=lambda guess: guess.confidence) if first else None
        columns.append(
            Column(
                index=index,
                letter=letter(index),
                header=headers[index],
                field=chosen.field if chosen and (stated or chosen.confidence >= ASK) else None,
                confidence=chosen.confidence if chosen else 100 if stated else 0,
                alternatives=tuple(dict.fromkeys(guess.field for guess in found)),
                samples=samples[:SAMPLES],
                stated=stated,
                reason=chosen.reason if chosen else "left out" if stated else "nothing tells what it holds",
            )
        )
    if mapping is not None:
        return tuple(columns)
    return _Settling(columns, body, frame.iloc[header_row:]).done()


def _with_layers(header: str, samples: tuple[str, ...], found: list[Guessed]) -> list[Guessed]:
    """Prices of one origin group or jurisdiction, and of one volume tier."""
    if header and (layer := layer_of(header)) and (share(samples, MONEY) > 0.5 or not samples):
        sure = 95 if not layer.startswith(ORIGIN_RATE) else 85
        return [Guessed(layer, sure, "heading names whose calls the prices are for"), *found]
    if header and is_tier(header) and share(samples, MONEY) > 0.5:
        return [Guessed("rate", 60, "prices of one volume tier")]
    return found


def _samples(cells: pd.Series) -> tuple[str, ...]:
    seen = dict.fromkeys(cell.strip() for cell in cells if cell.strip())
    return tuple(list(seen)[:40])


@dataclass
class _Settling:
    """One column a field: the surest keeps it, equals are asked; then the pairs whose words depend on each other."""

    columns: list[Column]
    body: pd.DataFrame
    whole: pd.DataFrame

    def done(self) -> tuple[Column, ...]:
        self.out = {column.index: column for column in self.columns}
        self.series: set[int] = set()
        self._changes()
        self._remarks()
        self._rest_of_world()
        self._series()
        self._rivals()
        self._dates()
        self._increments()
        self._codes()
        self._blocks()
        self._named()
        return tuple(self.out[i] for i in sorted(self.out))

    def _fields(self) -> dict[str | None, Column]:
        return {column.field: column for column in self.out.values() if column.field}

    def _put(self, column: Column, field: str | None, confidence: int, reason: str) -> None:
        before = [column.field] if column.field and column.field != "change" else []
        self.out[column.index] = msgspec.structs.replace(
            column,
            field=field,
            confidence=confidence,
            reason=reason,
            alternatives=tuple(dict.fromkeys([*before, *(a for a in column.alternatives if a != "change")])),
        )

    def _changes(self) -> None:
        """A column of changes is the status where it says so in the words of a status, such as `closed`; a `State` of other words
        is no status."""
        for column in self.columns:
            samples = _samples(self.body[column.index])
            known = sum(is_status(sample) for sample in samples)
            if column.field == "status" and not column.stated and 2 * known < len(samples):
                self._put(column, "ignore", 90, "cells are no words of a status")
        has_status = any(column.field == "status" for column in self.out.values())
        for column in self.columns:
            if column.field != "change":
                continue
            samples = _samples(self.body[column.index])
            known = sum(is_status(sample) for sample in samples)
            if not has_status and samples and known == len(samples):
                self._put(column, "status", 92, "cells are words of a status")
            else:
                self._put(column, "comment", 95, "heading of a remark")

    def _remarks(self) -> None:
        """Remarks are read where one of them closes or blocks a code, and no column is the status."""
        if any(column.field in ("status", "remark") for column in self.out.values()):
            return
        for column in list(self.out.values()):
            if column.field == "comment" and not column.stated:
                counts = remarks_count(self.whole[column.index])
                if counts:
                    self._put(column, *counts)

    def _series(self) -> None:
        """`Code 1`, `Code 2`, …: the codes of a row stand in all of them."""
        free = [column for column in self.columns if not column.stated]
        for index, sure in a_series(free, self.body).items():
            self.series.add(index)
            self._put(self.out[index], "code", sure, "one of several columns of codes")

    def _named(self) -> None:
        """Names with their code in them, where nothing else tells the codes."""
        held = {"code", "area_code", "npanxx", "ocn", "lata"} & set(self._fields())
        names = self._fields().get("destination")
        if names and not held and not names.stated and names_with_codes(_samples(self.body[names.index])):
            self._put(names, "named_code", 80, "cells hold a name and a dial code")

    def _rest_of_world(self) -> None:
        """Prices for callers from elsewhere are those for everybody, when no other column is."""
        rests = [
            column
            for column in self.out.values()
            if column.field
            and not column.stated
            and column.field.startswith(ORIGIN_RATE)
            and REST.search(column.field.removeprefix(ORIGIN_RATE).lower())
        ]
        if len(rests) == 1 and not any(column.field == "rate" for column in self.out.values()):
            self._put(rests[0], "rate", 85, "prices for callers of no other group")

    def _rivals(self) -> None:
        by_field: dict[str, list[Column]] = {}
        for column in self.out.values():
            if column.field and column.field not in FREE and column.index not in self.series:
                by_field.setdefault(column.field, []).append(column)
        for field, rivals in by_field.items():
            if len(rivals) < 2:
                continue
            rivals.sort(
                key=lambda c: (not c.stated, -c.confidence, not self._fits(c), not self._new(c), c.index)
            )
            first, second = rivals[0], rivals[1]
            tie = first.confidence == second.confidence and self._fits(first) == self._fits(second)
            if tie and field != "destination" and not self._same_cells(first, second):
                again = (
                    "another column has a heading as good"
                    if first.header
                    else "another column looks the same"
                )
                self._put(first, field, ASK, again)
            for rival in rivals[1:]:
                self._put(rival, None, 0, f"column {first.letter} is surer to be this field")

    def _new(self, column: Column) -> bool:
        """Of an old and a new price the new one is meant."""
        return column.field == "rate" and bool(NEW_PRICE.search(words_of(column.header)))

    def _dates(self) -> None:
        """The only column of dates is asked about, whatever its heading: leaving it out would lose when the prices apply."""
        if any(column.field in ("effective_from", "effective_until") for column in self.out.values()):
            return
        dated = [
            column
            for column in self.out.values()
            if column.field is None
            and not column.stated
            and column.header
            and share(column.samples, DATE) > 0.8
        ]
        if len(dated) == 1:
            self._put(dated[0], "effective_from", 78, "cells look like dates")

    def _same_cells(self, first: Column, second: Column) -> bool:
        return bool((self.body[first.index] == self.body[second.index]).all())

    def _fits(self, column: Column) -> bool:
        looks = [guess.field for guess in look_at(_samples(self.body[column.index]))]
        return not looks or looks[0] == column.field or column.field not in _CHECKED

    def _increments(self) -> None:
        """`Increment` beside `Initial Increment` is the next one; `First interval` alone may hold both."""
        fields = self._fields()
        both = fields.get("increments")
        if both and "initial_increment" in fields and "next_increment" not in fields:
            self._put(both, "next_increment", 95, "stands beside the initial increment")
        if not {"increments", "initial_increment", "next_increment"} & set(fields):
            self._unnamed_increments()
        initial = fields.get("initial_increment")
        following = fields.get("next_increment")
        if (
            following
            and not initial
            and not both
            and following.samples
            and all(INCREMENTS.match(s) for s in following.samples)
        ):
            self._put(following, "increments", 92, "cells hold both increments")
        if initial and initial.samples and all(INCREMENTS.match(s) for s in initial.samples):
            self._put(initial, "increments", 92, "cells hold both increments")

    def _unnamed_increments(self) -> None:
        """The only column that looks like increments is asked about: leaving it out would price calls by the second."""
        looking = [
            column
            for column in self.out.values()
            if column.field is None and not column.stated and share(column.samples, INCREMENTS) > 0.8
        ]
        if len(looking) == 1:
            self._put(looking[0], "increments", 78, "cells look like increments")

    def _codes(self) -> None:
        """Country code + area code make a code; a country code beside full codes is only decoration."""
        fields = self._fields()
        country, area, code = fields.get("country_code"), fields.get("area_code"), fields.get("code")
        if country and not all(s.strip("+").replace(".0", "").isdigit() for s in country.samples):
            self._put(country, "country" if "country" not in fields else None, 95, "cells are names")
            country = None
        if code and not code.stated and code.samples and not may_be_codes(_samples(self.body[code.index])):
            self._put(code, None, 0, "its cells are no dial codes")
            code = None
        if country and code and not area:
            heads = [c.lstrip("+").removesuffix(".0") for c in country.samples]
            whole = any(s.lstrip("+").startswith(head) for s in code.samples for head in heads)
            if whole:
                self._put(country, "ignore", 90, "the codes begin with it already")
            else:
                self._put(code, "area_code", 80, "the codes do not begin with the country code beside them")
        elif country and not area and not code:
            self._put(country, "code", 85, "no other column holds codes")
        elif area and code:
            self._put(area, "ignore", 90, "another column holds whole codes")
        elif area and not country and not code:
            self._put(area, "code", 80, "no other column holds codes")

    def _blocks(self) -> None:
        """OCN, LATA, NPA and NXX beside whole codes are decoration; so is one tier throughout."""
        fields = self._fields()
        blocks = fields.get("npanxx") or ("npa" in fields and "nxx" in fields)
        if "code" in fields and blocks:
            for name in ("npanxx", "npa", "nxx"):
                if name in fields:
                    self._put(fields[name], "ignore", 90, "another column holds whole codes")
        elif "npanxx" in fields:
            for name in ("npa", "nxx"):
                if name in fields:
                    self._put(fields[name], "ignore", 90, "another column holds NPA and NXX")
        if ("npa" in fields) != ("nxx" in fields) and not blocks and "code" not in fields and "npa" in fields:
            self._put(fields["npa"], "npanxx", 80, "no other column holds codes")
        tier = fields.get("tier")
        if tier and len(set(self.body[tier.index].str.strip()) - {""}) < 2:
            self._put(tier, "ignore", 90, "one tier throughout")


__all__ = ["ASK", "find_header", "map_columns"]
