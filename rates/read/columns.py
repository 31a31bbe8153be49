"""Which column holds what: header words first, then the look of the cells. Confidence ≥ 90 is taken, 75–89 asked, below unmapped."""

import re
from collections.abc import Sequence
from functools import lru_cache

import pandas as pd
from rapidfuzz import fuzz, process

from rates.deckcheck import Column
from rates.read.raw import letter
from rates.synonyms import EXACT, normal

TAKE, ASK = 90, 75
HEADER_ROWS = 30
SAMPLES = 5
_NOISE = re.compile(
    r"\b(usd|eur|gbp|in|the|of|new|us|euro|dollar|per min|per minute|min|sec|seconds|s|call|voip|termination|utc|gmt)\b"
)
_CODE = re.compile(r"^\+?\d{1,15}([-,;|/ ]+\d{1,15})*$")
_MONEY = re.compile(r"^[^\d\-]{0,4}\d{1,4}[.,]\d{1,9}\D{0,4}$")
_DATE = re.compile(r"^\d{1,4}[-/.]\w{1,3}[-/.]\d{2,4}|^\w{3} \d{1,2},? \d{4}")
_INCREMENTS = re.compile(r"^\d{1,3}\s*[/+:\-]\s*\d{1,3}([/+:\-]\d{1,3})?$")
_CURRENCY = re.compile(r"^[A-Z]{3}$")
_WORDS = re.compile(r"[^\W\d_]{3,}")


@lru_cache(maxsize=4096)
def score_header(header: str) -> tuple[tuple[str, int], ...]:
    """Fields for one header cell, best first: 100 a known word, 95 known but for noise words, else likeness below 90."""
    words = normal(header)
    if not words or len(words) > 60:
        return ()
    if words.startswith("ignored"):
        return (("ignore", 100),)
    if words in EXACT:
        return ((EXACT[words], 100),)
    bare = " ".join(_NOISE.sub(" ", words).split())
    if bare in EXACT:
        return ((EXACT[bare], 95),)
    best: dict[str, int] = {}
    for word, ratio, _ in process.extract(
        words, EXACT.keys(), scorer=fuzz.token_sort_ratio, limit=12, score_cutoff=60
    ):
        likeness = min(int(ratio), 94 if ratio >= 95 and len(word) > 4 else 89)
        best[EXACT[word]] = max(best.get(EXACT[word], 0), likeness)
    return tuple(sorted(best.items(), key=lambda item: -item[1]))


def find_header(frame: pd.DataFrame) -> tuple[int, int]:
    """(1-based row, confidence) of the header among the first 30 rows; (0, confidence) when none looks like one."""
    best_row, best_score, best_fields = 0, 0, 0
    for number, cells in enumerate(frame.head(HEADER_ROWS).itertuples(index=False, name=None), start=1):
        fields = set()
        score = 0
        for cell in cells:
            found = score_header(cell.strip()) if cell.strip() and not cell.strip()[0].isdigit() else ()
            if found and found[0][1] >= ASK:
                score += found[0][1] if found[0][0] not in fields else 10
                fields.add(found[0][0])
        useful = len(fields - {"ignore", "comment"})
        if useful >= 2 and score > best_score:
            best_row, best_score, best_fields = number, score, useful
    if best_row:
        return best_row, 98 if best_fields >= 3 else 90
    return 0, 60


def map_columns(
    frame: pd.DataFrame, header_row: int, mapping: dict[int, str] | None, template: dict[str, str] | None
) -> tuple[Column, ...]:
    """One Column per column of the sheet. A stated mapping or a matching template wins over every guess."""
    headers = [cell.strip() for cell in frame.iloc[header_row - 1]] if header_row else [""] * frame.shape[1]
    body = frame.iloc[header_row : header_row + 400]
    by_name = {normal(name): field for name, field in (template or {}).items()} if mapping is None else {}
    columns = []
    for index in range(frame.shape[1]):
        samples = _samples(body[index])
        found = list(score_header(headers[index])) if header_row else []
        if mapping is not None:
            field, confidence, stated = mapping.get(index), 100, True
        elif normal(headers[index]) in by_name:
            field, confidence, stated = by_name[normal(headers[index])], 100, True
        else:
            if not found or found[0][1] < ASK:
                found += look_at(samples)
            field, confidence, stated = (found[0][0], found[0][1], False) if found else (None, 0, False)
        columns.append(
            Column(
                index=index,
                letter=letter(index),
                header=headers[index],
                field=field if confidence >= ASK else None,
                confidence=confidence,
                alternatives=tuple(dict.fromkeys(name for name, _ in found)),
                samples=samples[:SAMPLES],
                stated=stated,
            )
        )
    return tuple(columns) if mapping is not None else _settle(columns)


def _samples(cells: pd.Series) -> tuple[str, ...]:
    seen = dict.fromkeys(cell.strip() for cell in cells if cell.strip())
    return tuple(list(seen)[:40])


def look_at(samples: Sequence[str]) -> list[tuple[str, int]]:
    """Fields by the look of the cells alone; never sure enough to be taken."""
    if not samples:
        return []

    def share(pattern: re.Pattern[str]) -> float:
        return sum(1 for s in samples if pattern.search(s)) / len(samples)

    if share(_DATE) > 0.8:
        return [("effective_from", 70)]
    if share(_MONEY) > 0.8:
        return [("rate", 80)]
    if share(_INCREMENTS) > 0.8:
        return [("increments", 70)]
    if share(_CURRENCY) == 1 and len(samples) <= 5:
        return [("currency", 74)]
    if share(_CODE) > 0.8:
        return [("code", 80)]
    if share(_WORDS) > 0.8:
        return [("destination", 76)]
    return []


def _settle(columns: list[Column]) -> tuple[Column, ...]:
    """One column a field: the surest keeps it, equals are asked; then the pairs whose words depend on each other."""
    by_field: dict[str, list[Column]] = {}
    for column in columns:
        if column.field and column.field not in ("ignore", "comment"):
            by_field.setdefault(column.field, []).append(column)
    out = {column.index: column for column in columns}
    for field, rivals in by_field.items():
        if len(rivals) < 2:
            continue
        rivals.sort(key=lambda c: (-c.confidence, not _fits(field, c.samples), c.index))
        tie = rivals[0].confidence == rivals[1].confidence and _fits(field, rivals[0].samples) == _fits(
            field, rivals[1].samples
        )
        if tie and field not in ("destination",):
            out[rivals[0].index] = _with(rivals[0], field, ASK)
        for rival in rivals[1:]:
            out[rival.index] = _with(rival, None, 0)
    _settle_increments(out)
    _settle_codes(out)
    return tuple(out[i] for i in sorted(out))


def _fits(field: str, samples: Sequence[str]) -> bool:
    looks = [name for name, _ in look_at(samples)]
    return not looks or looks[0] == field or field not in ("code", "rate", "effective_from", "destination")


def _settle_increments(out: dict[int, Column]) -> None:
    """`Increment` beside `Initial Increment` is the next one; `First interval` alone may hold both."""
    fields = {column.field: column for column in out.values() if column.field}
    both = fields.get("increments")
    if both and "initial_increment" in fields and "next_increment" not in fields:
        out[both.index] = _with(both, "next_increment", 95)
    initial = fields.get("initial_increment")
    if initial and initial.samples and all(_INCREMENTS.match(s) for s in initial.samples):
        out[initial.index] = _with(initial, "increments", 92)


def _settle_codes(out: dict[int, Column]) -> None:
    """Country code + area code make a code; a country code beside full codes is only decoration."""
    fields = {column.field: column for column in out.values() if column.field}
    country, area, code = fields.get("country_code"), fields.get("area_code"), fields.get("code")
    if country and not all(s.strip("+").isdigit() for s in country.samples):
        out[country.index] = _with(country, "country" if "country" not in fields else None, 95)
        country = None
    if country and code and not area:
        whole = any(s.lstrip("+").startswith(c.lstrip("+")) for s in code.samples for c in country.samples)
        out[country.index if whole else code.index] = (
            _with(country, "ignore", 90) if whole else _with(code, "area_code", 80)
        )
    elif country and not area and not code:
        out[country.index] = _with(country, "code", 85)
    elif area and code:
        out[area.index] = _with(area, "ignore", 90)
    elif area and not country and not code:
        out[area.index] = _with(area, "code", 80)


def _with(column: Column, field: str | None, confidence: int) -> Column:
    alternatives = tuple(dict.fromkeys([*([column.field] if column.field else []), *column.alternatives]))
    return Column(
        index=column.index,
        letter=column.letter,
        header=column.header,
        field=field,
        confidence=confidence,
        alternatives=alternatives,
        samples=column.samples,
    )
