"""What the file says about itself: sheets, header, columns, units, decimal mark, date order, currency; and what is still to be answered."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import pyarrow as pa

from rates.deckcheck import Guess, Preview, PreviewRow, Value
from rates.fields import is_rate
from rates.lines import Reading
from rates.options import CheckRequest
from rates.parse.dates import guess_order, micros, parse_date
from rates.parse.money import guess_decimal_mark
from rates.parse.text import clean
from rates.parse.words import DOLLARS, currency_in, parse_currency
from rates.problems import Problem, problem
from rates.questions import column_questions
from rates.read.headers import cents_in, unit_in
from rates.read.raw import RawSheet, Refused
from rates.read.source import Source
from rates.tables import Table, Tables


@dataclass(frozen=True)
class Analysis:
    """reading is None while `questions` are open."""

    guess: Guess
    preview: Preview
    tables: Tables
    reading: Reading | None
    questions: tuple[Problem, ...]


def analyse(source: Source, tables: Tables, request: CheckRequest) -> Analysis:
    """Raises Refused for a sheet without cells and for options that cannot be used."""
    options, main = request.options, tables.rates[0]
    if not main.columns or not main.sheet.rows:
        raise Refused.because("sheet_empty", sheet=main.name)
    questions = list(column_questions(tables, request))
    mark = _decimal(tables, request, questions)
    order = _order(tables, request, questions)
    currency = _currency(tables, request)
    if currency.value is None and not any("currency" in table.fields for table in tables.rates):
        questions.append(
            problem(
                "column_missing",
                column="currency",
                sheet=main.name,
                hint="Neither file nor options name the currency: give a default currency.",
            )
        )
    unit, money_unit = _units(tables, request, questions)
    default_from = _default_from(request, tables, questions)
    if options.mode is None:
        questions.append(problem("mode_missing"))
    names = tuple(source.sheets)
    guess = Guess(
        kind=source.kind,
        sheets=names,
        sheet=Value(
            value=main.name,
            confidence=100 if len(names) == 1 or main.kind.stated else 85,
            alternatives=names,
            stated=main.kind.stated,
        ),
        encoding=source.encoding,
        delimiter=source.delimiter,
        header_row=Value(value=str(main.header_row), confidence=main.header_sure, stated=main.header_stated),
        last_row=Value(value=str(main.last_row), confidence=95, stated=main.last_stated),
        decimal_mark=mark,
        date_order=order,
        currency=currency,
        columns=main.columns,
        rate_unit=unit,
        money_unit=money_unit,
        tables=tuple(table.guessed(request.preview_rows) for table in tables.all) if len(names) > 1 else (),
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
    return Analysis(guess, _preview(main.sheet, request.preview_rows), tables, reading, tuple(questions))


def _body(table: Table) -> pd.DataFrame:
    return table.sheet.frame.iloc[table.header_row : table.last_row]


def _cells(tables: Sequence[Table], names: Sequence[str], *, rates: bool = False) -> pa.Array:
    """Cells of all columns with one of these fields, or with any price of time."""
    parts = [
        clean(_body(table)[index])
        for table in tables
        for index, name in table.mapping.items()
        if name in names or (rates and is_rate(name))
    ]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.utf8())


def _decimal(tables: Tables, request: CheckRequest, questions: list[Problem]) -> Value:
    marks = (".", ",")
    if request.options.decimal_mark:
        return Value(value=request.options.decimal_mark, confidence=100, alternatives=marks, stated=True)
    priced = (*tables.rates, *tables.of("surcharges"))
    texts = _cells(priced, ("connect_fee", "surcharge"), rates=True)
    value, sure = guess_decimal_mark(texts)
    if value is None or sure < 75:
        questions.append(
            problem("decimal_ambiguous", text=next((t for t in texts[:1000].to_pylist() if "," in t), None))
        )
    return Value(value=value, confidence=sure, alternatives=marks)


def _order(tables: Tables, request: CheckRequest, questions: list[Problem]) -> Value:
    orders = ("dmy", "mdy", "ymd")
    if request.options.date_order:
        return Value(value=request.options.date_order, confidence=100, alternatives=orders, stated=True)
    texts = _cells((*tables.rates, *tables.of("closures")), ("effective_from", "effective_until"))
    value, sure = guess_order(texts)
    if value is None:
        questions.append(
            problem("date_ambiguous", text=next((t for t in texts[:1000].to_pylist() if t), None))
        )
    return Value(value=value, confidence=sure, alternatives=orders)


def _units(tables: Tables, request: CheckRequest, questions: list[Problem]) -> tuple[Value, Value]:
    """Unit of time and of money that the prices are written in: per minute and whole units, unless a heading says otherwise."""
    options = request.options
    units, moneys = ("per_minute", "per_second", "per_increment"), ("unit", "cent")
    heads = [
        (t, t.columns[index].header)
        for t in tables.rates
        for index, name in t.mapping.items()
        if is_rate(name)
    ]
    unit = Value(value=options.rate_unit or "per_minute", confidence=100 if options.rate_unit else 90, alternatives=units,
                 stated=options.rate_unit is not None)  # fmt: skip
    money = Value(value=options.money_unit or "unit", confidence=100 if options.money_unit else 90, alternatives=moneys,
                  stated=options.money_unit is not None)  # fmt: skip
    for table, head in heads:
        if options.rate_unit is None and unit.confidence == 90 and (said := unit_in(head)):
            unit = Value(value=said, confidence=80, alternatives=units)
            hint = f"The heading says {said.replace('_', ' ')}: choose the unit of the rates."
            questions.append(problem("unit_unsure", sheet=table.name, column=head, text=head, hint=hint))
        if options.money_unit is None and money.confidence == 90 and cents_in(head):
            money = Value(value="cent", confidence=80, alternatives=moneys)
            hint = (
                "The heading names cents: choose whether rates are in units or in hundredths of the currency."
            )
            questions.append(problem("unit_unsure", sheet=table.name, column=head, text=head, hint=hint))
    return unit, money


def _currency(tables: Tables, request: CheckRequest) -> Value:
    """What a person stated, else what headings or cells name, else the agreement's."""
    stated = request.options.defaults.currency
    if stated:
        known = parse_currency(stated)
        if known is None:
            raise Refused.because("currency_unknown", text=stated)
        return Value(value=known, confidence=100, stated=True)
    usual = parse_currency(request.currency) if request.currency else None
    for table in tables.rates:
        for column in table.columns:
            priced = column.field is not None and (is_rate(column.field) or column.field == "connect_fee")
            if priced and (found := currency_in(column.header)):
                if usual in DOLLARS and not re.search(r"(?<![A-Za-z])(USD|US\$)", column.header, re.I):
                    found = usual if found == "USD" else found  # a bare $ is the dollar of the agreement
                return Value(value=found, confidence=95)
    texts = _cells(tables.rates, ("currency",))
    if not len(texts):
        texts = _cells(tables.rates, (), rates=True)[:2000]
    for text in texts.unique().to_pylist()[:2000]:
        bare_number = not text or (text[0].isdigit() and text[-1].isdigit())
        if not bare_number and (found := currency_in(text)):
            return Value(value=found, confidence=95)
    return Value(value=usual, confidence=90 if usual else 0)


def _default_from(request: CheckRequest, tables: Tables, questions: list[Problem]) -> int | None:
    try:
        zone = ZoneInfo(request.options.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Refused.because(
            "option_invalid", text=request.options.time_zone, hint="This time zone is not known."
        ) from None
    stated = request.options.defaults.effective_from
    if stated is None:
        for table in (*tables.rates, *tables.of("closures")):
            dated = (
                {"effective_from"} if table.kind.value == "rates" else {"effective_from", "effective_until"}
            )
            if not dated & table.fields:
                questions.append(problem("date_missing", sheet=table.name))
                break
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
