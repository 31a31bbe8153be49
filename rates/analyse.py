"""What the file says about itself: header, columns, decimal mark, date order, currency; and what a person still has to answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import pyarrow as pa

from rates.deckcheck import Column, Guess, Preview, PreviewRow, Value
from rates.fields import FIELDS, RATE_FIELDS
from rates.lines import Reading
from rates.options import CheckRequest
from rates.parse.dates import guess_order, micros, parse_date
from rates.parse.money import guess_decimal_mark
from rates.parse.text import clean
from rates.parse.words import currency_in, parse_currency
from rates.problems import Problem, problem
from rates.read.columns import find_header, map_columns
from rates.read.raw import RawSheet, Refused
from rates.read.source import Source


@dataclass(frozen=True)
class Analysis:
    """reading is None while `questions` are open."""

    guess: Guess
    preview: Preview
    mapping: dict[int, str]
    header_row: int
    last_row: int
    reading: Reading | None
    questions: tuple[Problem, ...]


def analyse(source: Source, sheet_value: Value, sheet: RawSheet, request: CheckRequest) -> Analysis:
    options, frame = request.options, sheet.frame
    if frame.shape[0] == 0 or frame.shape[1] == 0:
        raise Refused.because("sheet_empty", sheet=sheet.name)
    stated_header = options.header_row is not None
    header_row, sure = (options.header_row, 100) if options.header_row is not None else find_header(frame)
    last_row = options.last_row or len(frame)
    questions: list[Problem] = []
    if not 0 <= header_row < max(len(frame), 1) + 1 or not header_row <= last_row <= len(frame):
        raise Refused.because(
            "option_invalid",
            sheet=sheet.name,
            text=f"header {header_row}, last {last_row}",
            hint=f"The sheet has rows 1 to {len(frame)}.",
        )
    columns = map_columns(frame, header_row, options.mapping, options.headers)
    mapping = {c.index: c.field for c in columns if c.field and c.field not in ("ignore", "comment")}
    if header_row == 0 and not stated_header and options.mapping is None:
        questions.append(problem("header_not_found", sheet=sheet.name))
    questions += _mapping_questions(columns, mapping, options.mapping, sheet)
    body = frame.iloc[header_row:last_row]
    mark = _decimal(body, mapping, request, questions)
    order = _order(body, mapping, request, questions)
    currency = _currency(columns, body, mapping, request)
    if currency.value is None and "currency" not in mapping.values():
        questions.append(
            problem(
                "column_missing",
                column="currency",
                sheet=sheet.name,
                hint="Neither file nor options name the currency: give a default currency.",
            )
        )
    default_from = _default_from(request, mapping, questions, sheet)
    if options.mode is None:
        questions.append(problem("mode_missing"))
    guess = Guess(
        kind=source.kind,
        sheets=tuple(source.sheets),
        sheet=sheet_value,
        encoding=source.encoding,
        delimiter=source.delimiter,
        header_row=Value(value=str(header_row), confidence=sure, stated=stated_header),
        last_row=Value(value=str(last_row), confidence=95, stated=options.last_row is not None),
        decimal_mark=mark,
        date_order=order,
        currency=currency,
        columns=columns,
    )
    reading = (
        None
        if questions
        else Reading(
            options=options,
            decimal_mark=mark.value or ".",
            date_order=order.value,
            received_us=micros(request.received_at),
            default_from_us=default_from,
            currency=currency.value,
            problem_limit=request.limits.problems,
            thresholds=request.thresholds,
        )
    )
    return Analysis(
        guess, _preview(sheet, request.preview_rows), mapping, header_row, last_row, reading, tuple(questions)
    )


def _mapping_questions(
    columns: Sequence[Column], mapping: dict[int, str], stated: dict[int, str] | None, sheet: RawSheet
) -> list[Problem]:
    found: list[Problem] = []
    for index, name in (stated or {}).items():
        if not 0 <= index < len(columns):
            found.append(problem("column_unknown", sheet=sheet.name, text=f"column {index + 1}: {name}"))
        elif name not in FIELDS:
            found.append(
                problem(
                    "column_unknown", sheet=sheet.name, text=name, hint="Fields are: " + ", ".join(FIELDS)
                )
            )
    fields = list(mapping.values())
    for name in dict.fromkeys(fields):
        if fields.count(name) > 1:
            found.append(
                problem(
                    "column_ambiguous",
                    sheet=sheet.name,
                    column=name,
                    text=", ".join(c.header or c.letter for c in columns if c.field == name),
                )
            )
    if "code" not in fields and not {"country_code", "area_code"} <= set(fields):
        found.append(
            problem(
                "column_missing",
                sheet=sheet.name,
                column="code",
                hint="No column holds dial codes: map it, or send a sheet that has them.",
            )
        )
    if not {"rate", "rate_peak"} & set(fields):
        found.append(
            problem(
                "column_missing",
                sheet=sheet.name,
                column="rate",
                hint="No column holds rates: map it, or send a sheet that has them.",
            )
        )
    for column in columns:
        if column.field and column.field not in ("ignore", "comment") and column.confidence < 90:
            found.append(
                problem(
                    "column_unsure",
                    sheet=sheet.name,
                    column=column.header or f"column {column.letter}",
                    text=column.field,
                    hint=f"Taken for {column.field} with {column.confidence} % confidence: confirm or correct.",
                )
            )
    return found


def _cells(body: pd.DataFrame, mapping: dict[int, str], names: Sequence[str]) -> pa.Array:
    parts = [clean(body[index]) for index, name in mapping.items() if name in names]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.utf8())


def _decimal(
    body: pd.DataFrame, mapping: dict[int, str], request: CheckRequest, questions: list[Problem]
) -> Value:
    marks = (".", ",")
    if request.options.decimal_mark:
        return Value(value=request.options.decimal_mark, confidence=100, alternatives=marks, stated=True)
    texts = _cells(body, mapping, (*RATE_FIELDS, "connect_fee"))
    value, sure = guess_decimal_mark(texts)
    if value is None or sure < 75:
        questions.append(
            problem("decimal_ambiguous", text=next((t for t in texts[:1000].to_pylist() if "," in t), None))
        )
    return Value(value=value, confidence=sure, alternatives=marks)


def _order(
    body: pd.DataFrame, mapping: dict[int, str], request: CheckRequest, questions: list[Problem]
) -> Value:
    orders = ("dmy", "mdy", "ymd")
    if request.options.date_order:
        return Value(value=request.options.date_order, confidence=100, alternatives=orders, stated=True)
    texts = _cells(body, mapping, ("effective_from", "effective_until"))
    value, sure = guess_order(texts)
    if value is None:
        questions.append(
            problem("date_ambiguous", text=next((t for t in texts[:1000].to_pylist() if t), None))
        )
    return Value(value=value, confidence=sure, alternatives=orders)


def _currency(
    columns: Sequence[Column], body: pd.DataFrame, mapping: dict[int, str], request: CheckRequest
) -> Value:
    stated = request.options.defaults.currency
    if stated:
        known = parse_currency(stated)
        if known is None:
            raise Refused.because("currency_unknown", text=stated)
        return Value(value=known, confidence=100, stated=True)
    for column in columns:
        if column.field in ("rate", "rate_peak", "connect_fee") and (found := currency_in(column.header)):
            return Value(value=found, confidence=95)
    texts = (
        _cells(body, mapping, ("currency",))
        if "currency" in mapping.values()
        else _cells(body, mapping, ("rate",))[:2000]
    )
    for text in texts.unique().to_pylist()[:2000]:
        bare_number = not text or (text[0].isdigit() and text[-1].isdigit())
        if not bare_number and (found := currency_in(text)):
            return Value(value=found, confidence=95)
    return Value(value=None, confidence=0)


def _default_from(
    request: CheckRequest, mapping: dict[int, str], questions: list[Problem], sheet: RawSheet
) -> int | None:
    try:
        zone = ZoneInfo(request.options.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Refused.because(
            "option_invalid", text=request.options.time_zone, hint="This time zone is not known."
        ) from None
    stated = request.options.defaults.effective_from
    if stated is None:
        if "effective_from" not in mapping.values():
            questions.append(problem("date_missing", sheet=sheet.name))
        return None
    if stated == "receipt":
        return micros(request.received_at)
    value, fault = parse_date(stated, "ymd", zone)
    if fault or value is None:
        raise Refused.because(
            "option_invalid", text=stated, hint="Write the effective date as 2026-11-21, or `receipt`."
        )
    return value


def _preview(sheet: RawSheet, count: int) -> Preview:
    def rows(part: pd.DataFrame) -> tuple[PreviewRow, ...]:
        return tuple(
            PreviewRow(row=int(row[0]), cells=tuple(str(cell)[:200] for cell in row[1:]))
            for row in part.itertuples(name=None)
        )

    frame = sheet.frame
    return Preview(
        sheet=sheet.name,
        first=rows(frame.head(count)),
        last=rows(frame.iloc[max(count, len(frame) - count) :]),
        total_rows=len(frame),
    )
