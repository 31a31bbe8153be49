"""The whole check of one file, in this process. Runs inside the jail; the application calls `rates.deckcheck.run_check`."""

import ctypes
import datetime as dt
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from rates import badrows, problems, store
from rates.analyse import Analysis, analyse
from rates.assemble import assemble, mended
from rates.checks import DECK_CHECKS
from rates.compared import Compared
from rates.deckcheck import CheckReport, Outputs, Progress, Status
from rates.diff import MissingRateOfExchange
from rates.difftable import diff_table
from rates.notice import Terms
from rates.options import CheckRequest
from rates.origins import rules_of_file
from rates.parse.dates import micros, parse_date
from rates.problems import problem
from rates.read.raw import RawSheet, Refused
from rates.read.source import open_source
from rates.rules import with_rules
from rates.tables import plan_tables
from rates.timeline import merge
from rates.validate import Validated, validate
from rates.verdict import REVIEWABLE, confirmed, late_problems, stopping

# Percent of a large CSV's time that is gone when a step begins, as measured; the steps themselves are one call each.
_GONE = {"read": 0, "parse": 40, "check": 53, "compare": 70, "store": 95}


class _Watch:
    """Seconds per step, and progress to whoever listens: rows' worth of work done, of all rows."""

    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._progress, self._step, self._since = progress, "", time.monotonic()

    def step(self, name: str, total: int = 0) -> None:
        now = time.monotonic()
        if self._step:
            self.seconds[self._step] = round(self.seconds.get(self._step, 0) + now - self._since, 3)
        self._step, self._since = name, now
        if name:
            self._progress(name, total * _GONE[name] // 100, total)


def check(request: CheckRequest, progress: Progress) -> CheckReport:
    """Never raises for a bad file; problems carry what is wrong."""
    watch = _Watch(progress)
    report, sheets = _checked(request, watch)
    if report.outputs.problems is None or not sheets or not report.problems:
        return report
    whole = badrows.with_cells(store.read_file(report.outputs.problems), sheets)
    outputs = msgspec.structs.replace(report.outputs, problems=_write(request, "bad-rows", whole))
    return msgspec.structs.replace(report, outputs=outputs)


def _checked(request: CheckRequest, watch: _Watch) -> tuple[CheckReport, list[RawSheet]]:
    analysis: Analysis | None = None
    sheets: list[RawSheet] = []
    try:
        watch.step("read")
        scratch = Path(request.out_dir) / "scratch"
        scratch.mkdir(exist_ok=True)
        source = open_source(
            Path(request.path), request.name, request.options, request.limits, request.last_encoding, scratch
        )
        tables, notes = mended(plan_tables(source, request.options), source, request.options)
        sheets = tables.sheets
        total = sum(sheet.rows for sheet in sheets)
        watch.step("parse", total)
        analysis = analyse(source, tables, request)
        if analysis.reading is None:
            asked = problems.to_table(analysis.questions)
            return _report(request, watch, analysis, "needs_mapping", found=asked, rows_read=total), sheets
        lines, helpers = assemble(tables, analysis.reading, request)
        watch.step("check", total)
        valid = validate(lines, helpers)
        current = store.read_file(request.current) if request.current else None
        origin, jurisdiction, said = rules_of_file(tables, lines, analysis.reading, request, current)
        del lines, helpers
        _give_back()
        valid = replace(valid, rows=with_rules(valid.rows, origin, jurisdiction))
        valid = _with_notes(valid, sheets, [problems.to_table(notes), said])
        return _judge(request, watch, analysis, valid, total), sheets
    except Refused as refused:
        status: Status = "needs_mapping" if {p.id for p in refused.problems} & _ANSWERABLE else "rejected"
        found = problems.to_table(refused.problems)
        return _report(request, watch, analysis, status, found=found), sheets


_ANSWERABLE = {"encoding_error", "sheet_missing", "option_invalid", "currency_unknown", "header_not_found"}


def _with_notes(valid: Validated, sheets: list[RawSheet], notes: list[pa.Table]) -> Validated:
    """What was found before the rows were judged: formulas, mended rows, origin lists."""
    found = [
        problem(
            "formula_cell",
            sheet=sheet.name,
            row=int("".join(c for c in ref if c.isdigit())),
            column="".join(c for c in ref if c.isalpha()),
        )
        for sheet in sheets
        for ref in sheet.formulas
    ]
    extra = [table for table in (*notes, problems.to_table(found)) if table.num_rows]
    return replace(valid, problems=problems.concat([valid.problems, *extra])) if extra else valid


def _judge(
    request: CheckRequest, watch: _Watch, analysis: Analysis, valid: Validated, total: int
) -> CheckReport:
    found = [valid.problems]
    if not valid.rows.num_rows and not valid.errors:
        found.append(problems.to_table([problem("no_rows")]))
    if not valid.rows.num_rows or not stopping(valid.problems) <= REVIEWABLE:
        return _report(
            request, watch, analysis, "rejected", found=problems.concat(found), rows_read=total, valid=valid
        )
    watch.step("compare", valid.rows.num_rows)
    terms = terms_of(request, valid.rows)
    with ThreadPoolExecutor(2) as beside:  # files are written while the next step computes
        rows_path = beside.submit(_write, request, "rows", valid.rows)
        try:
            merged = merge(store.read_file(request.current) if request.current else None, valid.rows, terms)
            timeline_path = beside.submit(_write, request, "timeline", merged.timeline)
            deck = Compared(request, terms.received_us, valid.rows, merged)
            for check in DECK_CHECKS:
                check(deck)
        except MissingRateOfExchange as fault:
            found.append(problems.to_table([problem("currency_changed", text=str(fault))]))
            return _report(
                request,
                watch,
                analysis,
                "rejected",
                found=problems.concat(found),
                rows_read=total,
                valid=valid,
            )
        _give_back()
        diff = diff_table(
            merged, valid.rows, (("DUPLICATE", valid.duplicates), ("CONFLICT", valid.conflicts))
        )
        watch.step("store", diff.num_rows)
        diff_path = beside.submit(_write, request, "diff", diff)
        found += [*deck.found, late_problems(request, diff)]
        all_found = problems.concat(found)
        refused = bool(stopping(all_found))
        outputs = Outputs(rows=rows_path.result(), diff=diff_path.result(), timeline=timeline_path.result())
        if refused:
            Path(timeline_path.result()).unlink()
            outputs = msgspec.structs.replace(outputs, timeline=None)
    labels = {entry["values"]: entry["counts"] for entry in pc.value_counts(diff["label"]).to_pylist()}
    span = pc.min_max(diff["effective_from"]).as_py() if diff.num_rows else {"min": None, "max": None}
    report = _report(
        request,
        watch,
        analysis,
        "rejected" if refused else "ready",
        found=all_found,
        rows_read=total,
        valid=valid,
        outputs=outputs,
    )
    accepted = confirmed(request, all_found)
    return msgspec.structs.replace(
        report,
        labels=labels,
        closing=len(merged.closing.keys)
        + int((merged.plan.labelled("CLOSED") & merged.plan.effective).sum()),
        closes_at=_iso(merged.closing.at_us) if len(merged.closing.keys) else None,
        currency=valid.rows["currency"][0].as_py(),
        effective_first=span["min"] and span["min"].isoformat(),
        effective_last=span["max"] and span["max"].isoformat(),
        needs_second_person=bool(deck.second_person or accepted),
        second_person_reasons=(*deck.second_person, *accepted),
    )


def terms_of(request: CheckRequest, rows: pa.Table) -> Terms:
    """Absent codes close at the stated date; else at the earliest date of the file from receipt on; else at receipt."""
    received = micros(request.received_at)
    stated = request.options.defaults.effective_from
    asked = rows["effective_from"].cast(pa.int64()).to_numpy()
    if stated and stated != "receipt":
        deck_from = parse_date(stated, "ymd", ZoneInfo(request.options.time_zone))[0] or received
    else:
        deck_from = int(asked.min()) if len(asked) else received
    return Terms(
        received_us=received,
        deck_from_us=deck_from,
        deck_id=request.deck_id,
        options=request.options,
        fx=request.fx,
    )


def _report(
    request: CheckRequest,
    watch: _Watch,
    analysis: Analysis | None,
    status: Status,
    *,
    found: pa.Table,
    rows_read: int = 0,
    valid: Validated | None = None,
    outputs: Outputs = Outputs(),
) -> CheckReport:
    path = _write(request, "problems", found)
    watch.step("")
    errors = int(pc.sum(pc.equal(found["severity"], "error")).as_py() or 0)
    return CheckReport(
        status=status,
        guess=analysis.guess if analysis else None,
        preview=analysis.preview if analysis else None,
        rows_read=rows_read,
        rows_skipped=valid.skipped if valid else 0,
        codes=valid.rows.num_rows if valid else 0,
        problems=tuple(problems.group(found)),
        error_count=errors,
        warning_count=found.num_rows - errors,
        outputs=msgspec.structs.replace(outputs, problems=path),
        seconds=watch.seconds,
        peak_bytes=_peak(),
    )


def _give_back() -> None:
    """Freed memory goes back to the system: millions of rows leave holes behind that the next step would lie above of."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
        if trim is not None:
            trim(0)


def _peak() -> int:
    """Bytes this process has had resident at most; unlike getrusage it forgets what stood there before exec."""
    status = Path("/proc/self/status")
    text = status.read_text() if status.exists() else ""
    return int(text.split("VmHWM:")[1].split()[0]) * 1024 if "VmHWM:" in text else 0


def _write(request: CheckRequest, name: str, table: pa.Table) -> str:
    path = Path(request.out_dir) / f"{name}.arrow"
    store.write_file(table, path)
    return str(path)


def _iso(micros_utc: int) -> str:
    return dt.datetime.fromtimestamp(micros_utc / 1_000_000, dt.UTC).isoformat()
