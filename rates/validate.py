"""Lines → typed rows and problems: row checks, codes spread out, code checks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rates import problems
from rates.checks import CODE_CHECKS, ROW_CHECKS
from rates.keys import Keys, keys_of
from rates.layers import Layers
from rates.lines import Lines, Mask
from rates.parse.dates import NONE
from rates.parse.money import MISSING
from rates.schema import INSTANT, ROWS

_SPREAD = (
    "rate",
    "first_rate",
    "connect_fee",
    "initial_increment",
    "next_increment",
    "free_seconds",
    "currency",
    "status",
    "effective_from",
    "effective_until",
)


@dataclass(frozen=True)
class Validated:
    """rows: schema.ROWS, only what may be used; problems: problems.SCHEMA; skipped: rows of the file left out;
    duplicates: identical copies left out; conflicts: rows of one code at different terms, chosen away or not yet chosen between
    (both schema.ROWS)."""

    rows: pa.Table
    problems: pa.Table
    skipped: int
    duplicates: pa.Table
    conflicts: pa.Table

    @property
    def errors(self) -> int:
        return pc.sum(pc.equal(self.problems["severity"], "error")).as_py() or 0


def validate(sheets: Sequence[Lines], helpers: Sequence[Lines] = ()) -> Validated:
    """All sheets together are one deck: duplicates are looked for across them. `helpers`: sheets without prices, judged already."""
    for lines in sheets:
        for check in ROW_CHECKS:
            check(lines)
    spread = _spread(sheets)
    for check in CODE_CHECKS:
        check(spread)
    found = problems.concat([table for lines in (*helpers, *sheets, spread) for table in lines.problems])
    mark = spread.values["duplicate"]
    layered = len({lines.sheet for lines in sheets}) < len(sheets)
    if layered:  # a row with several prices is judged once for each: what is wrong with it is said once
        found = pa.Table.from_pandas(
            found.to_pandas().drop_duplicates(), schema=found.schema, preserve_index=False
        )
    skipped = _left_out(sheets) if layered else sum(int((~lines.keep).sum()) for lines in sheets)
    return Validated(
        _rows(spread, spread.keep & (mark != 3), sheets),
        found,
        skipped,
        _rows(spread, mark == 1, sheets),
        _rows(spread, mark >= 2, sheets),
    )


def _left_out(sheets: Sequence[Lines]) -> int:
    """Rows of the file of which no price is kept."""
    rows = {(lines.sheet, row) for lines in sheets for row in lines.rows.tolist()}
    kept = {(lines.sheet, row) for lines in sheets for row in lines.rows[lines.keep].tolist()}
    return len(rows - kept)


def _spread(sheets: Sequence[Lines]) -> Lines:
    """One line per dial code; sheets joined. values["sheet"] is the index of the sheet."""
    first = sheets[0]
    parts, sheet_index = [], []
    for number, lines in enumerate(sheets):
        source = lines.values["code_source"]
        kept = lines.keep[source]
        all_kept = bool(kept.all())
        codes = lines.texts["codes"] if all_kept else lines.texts["codes"].filter(pa.array(kept))
        parts.append((lines, source if all_kept else source[kept], codes))
        sheet_index.append(np.full(int(kept.sum()), number, np.int32))
    codes = pa.concat_arrays([part[2].cast(pa.utf8()) for part in parts])
    values = {}
    for name in _SPREAD:
        columns = [
            np.full(len(source), MISSING, np.int64) if name not in lines.values
            else lines.values[name] if _is_all(source, lines) else lines.values[name][source]
            for lines, source, _ in parts
        ]  # fmt: skip
        values[name] = columns[0] if len(columns) == 1 else np.concatenate(columns)
    values["sheet"] = np.concatenate(sheet_index)
    texts = {
        "code": codes,
        "destination": pa.concat_arrays(
            [
                names if _is_all(source, lines) else names.take(pa.array(source))
                for lines, source, _ in parts
                for names in (_destination(lines),)
            ]
        ),
    }
    for name in ("origin", "jurisdiction"):
        if any(name in lines.texts for lines in sheets):
            texts[name] = pa.concat_arrays(
                [
                    lines.texts[name].take(pa.array(source))
                    if name in lines.texts
                    else pa.nulls(len(source), pa.utf8())
                    for lines, source, _ in parts
                ]
            )
    values["key"] = keys_of(codes) + _layers(texts, len(codes))
    return Lines(
        sheet=first.sheet,
        rows=np.concatenate([lines.rows[source] for lines, source, _ in parts]),
        headers=first.headers,
        texts=texts,
        reading=first.reading,
        values=values,
        keep=np.ones(len(codes), bool),
    )


def _is_all(source: npt.NDArray[np.int64], lines: Lines) -> bool:
    """Every line has given exactly one code."""
    return len(source) == len(lines) and bool((np.diff(source) == 1).all())


def _layers(texts: dict[str, pa.Array], count: int) -> Keys:
    """What to add to the key of each code, so that the same code in another layer is another price."""
    if not {"origin", "jurisdiction"} & set(texts):
        return np.zeros(count, np.int64)
    none = pa.nulls(count, pa.utf8())
    return Layers().of(pa.table({name: texts.get(name, none) for name in ("origin", "jurisdiction")}))


def _destination(lines: Lines) -> pa.Array:
    """Name of each row; an empty cell (merged in the sheet) takes the one above; a country column stands in front."""
    names, country = (_filled_down(lines.texts.get(name)) for name in ("destination", "country"))
    if names is None:
        return country if country is not None else pa.array([""] * len(lines), pa.utf8())
    if country is None:
        return names
    joined = pc.binary_join_element_wise(country, names, " - ")
    known = pc.equal(country, "")
    inside = pa.array(
        [c.lower() in n.lower() for c, n in zip(country.to_pylist(), names.to_pylist(), strict=True)],
        pa.bool_(),
    )
    return pc.if_else(pc.or_(known, inside), names, joined)


def _filled_down(cells: pa.Array | None) -> pa.Array | None:
    if cells is None or not pc.any(pc.equal(cells, "")).as_py():
        return cells
    return pc.fill_null(pc.fill_null_forward(pc.if_else(pc.equal(cells, ""), None, cells)), "")


def _rows(lines: Lines, where: Mask, sheets: Sequence[Lines]) -> pa.Table:
    all_of = bool(where.all())
    at = pa.array(np.flatnonzero(where))
    v = {name: column if all_of else column[where] for name, column in lines.values.items()}

    def texts(column: pa.Array) -> pa.Array:
        return column if all_of else column.take(at)

    first = v["first_rate"]
    same = (first == MISSING) | (first == v["rate"])

    def instants(column: npt.NDArray[np.int64]) -> pa.Array:
        return pa.array(column, pa.int64(), mask=column == NONE).cast(INSTANT)

    names = pa.array([sheet.sheet for sheet in sheets], pa.utf8())
    return pa.table(
        [
            names.take(pa.array(v["sheet"])),
            pa.array(lines.rows if all_of else lines.rows[where], pa.int32()),
            texts(lines.texts["code"]),
            texts(lines.texts["destination"]),
            pa.array(v["rate"], pa.int64()),
            pa.array(first, pa.int64(), mask=same),
            pa.array(v["connect_fee"], pa.int64()),
            pa.array(v["initial_increment"].astype(np.int32)),
            pa.array(v["next_increment"].astype(np.int32)),
            pa.array(v["free_seconds"].astype(np.int32)),
            pa.array(v["currency"].astype(object), pa.utf8()),
            pa.array(v["status"].astype(np.int8)),
            instants(v["effective_from"]),
            instants(v["effective_until"]),
            # Origin group and jurisdiction: null where a row holds for every call.
            *(
                texts(lines.texts[name]) if name in lines.texts else pa.nulls(len(at), pa.utf8())
                for name in ("origin", "jurisdiction")
            ),
        ],
        schema=ROWS,
    )
