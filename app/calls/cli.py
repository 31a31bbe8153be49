"""`tandem calls`: order, list, show, verify, ticket. The same verbs as the pages; a worker and an edge do the calling."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from app.calls import queries
from app.calls.evidence import fingerprint, public_bytes, signing_key
from app.calls.evidence import verify as verify_file
from app.calls.forms import split
from app.calls.live import look
from app.calls.passwords import login_shown
from app.calls.queries import CallRow, Filter, call_of, call_row, ticket_of
from app.calls.service.cancel_call import cancel_call
from app.calls.service.issue_ticket import TicketFacts, issue_ticket, revoke_ticket
from app.calls.service.order_calls import Wanted, order_calls
from app.calls.words import STATES, VERDICTS, code_words, finding_name, milliseconds, mos_words
from app.clock import utc_now
from app.console import Exit, Run, emit_json, emit_table, json_option, pass_run, say
from app.db import db
from app.decks.cli import as_option, working

POLL_S = 0.25


class MoneyType(click.ParamType[Decimal]):
    name = "AMOUNT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            found = Decimal(str(value))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            self.fail(f"{value} is no amount", param, ctx)
        return found


@click.group()
def calls() -> None:
    """Test calls: order, watch, show, verify their signed results, issue tickets."""


@calls.command("order")
@click.argument("number")
@click.option(
    "--product", "product_ids", type=int, multiple=True, required=True, help="Id; several: side by side."
)
@click.option("--caller", default="", help="Caller's number, as it should arrive.")
@click.option("--seconds", default=15, show_default=True, help="Talk time.")
@click.option("--ring-seconds", default=60, show_default=True)
@click.option("--keys", default="", help="DTMF pressed after the answer.")
@click.option("--withhold", is_flag=True, help="Withhold the caller's number.")
@click.option(
    "--wait", "wait_s", type=int, default=0, metavar="SECONDS", help="Wait for the results so long."
)
@as_option
@json_option
@pass_run
def order(
    run: Run, email: str | None, number: str, product_ids: tuple[int, ...], caller: str, seconds: int, ring_seconds: int,
    keys: str, withhold: bool, wait_s: int, as_json: bool,
) -> int:  # fmt: skip
    """Call NUMBER through each product. Ends with 0 no fault found, 4 a false answer is suspected, 75 not ended in time."""
    wanted = Wanted(number, product_ids, caller, seconds, ring_seconds, keys, withhold)
    with working(run, email) as who:
        ordered = order_calls(db.session, run.settings, who, wanted, now=utc_now())
        ids = [call.id for call in ordered]
        db.session.commit()
        deadline = time.monotonic() + wait_s
        while wait_s and time.monotonic() < deadline:
            db.session.expire_all()
            if not any(call_of(db.session, who, call_id).live for call_id in ids):
                break
            db.session.rollback()
            time.sleep(POLL_S)
        db.session.expire_all()
        rows = [call_row(db.session, who, call_of(db.session, who, call_id)) for call_id in ids]
    emit_table([asdict(row) if as_json else _line(row) for row in rows], as_json=as_json)
    if wait_s and any(row.live for row in rows):
        return Exit.TRY_AGAIN
    if any(row.state in ("refused", "failed") for row in rows):
        return Exit.FAILED
    return Exit.WARNINGS if any(row.verdict == "suspect" for row in rows) else Exit.DONE


@calls.command("list")
@click.option("--number", default="", help="Its beginning.")
@click.option("--product", "product_id", type=int)
@click.option("--verdict", type=click.Choice(sorted(VERDICTS)))
@click.option("--state", type=click.Choice(sorted(STATES)))
@click.option("--limit", default=50, show_default=True)
@as_option
@json_option
@pass_run
def list_(
    run: Run, email: str | None, number: str, product_id: int | None, verdict: str | None, state: str | None, limit: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Test calls, newest first."""
    with working(run, email) as who:
        chosen = Filter(number, product_id, verdict or "", state or "")
        rows = queries.calls(db.session, who, chosen, limit=limit)
    emit_table([asdict(row) if as_json else _line(row) for row in rows], as_json=as_json)


@calls.command("show")
@click.argument("call_id", type=int)
@as_option
@json_option
@pass_run
def show(run: Run, email: str | None, call_id: int, as_json: bool) -> None:
    """One call: timers, verdict with reasons, ladder."""
    with working(run, email) as who:
        call = call_of(db.session, who, call_id)
        row, now = call_row(db.session, who, call), look(db.session, run.settings, call)
        findings = list(call.findings)
    if as_json:
        emit_json(
            {**asdict(row), "findings": findings, "ladder": [asdict(rung) for rung in now.ladder.rungs]}
        )
        return
    for name, value in _line(row).items():
        click.echo(f"{name:12} {value}")
    for one in findings:
        click.echo(f"{'finding':12} {finding_name(one['finding'])}: {one.get('reason', '')}")
    for rung in now.ladder.rungs:
        way = f"{rung.sender} → {rung.receiver}" if rung.receiver else rung.sender
        click.echo(f"  {rung.after:>9}  {way:28} {rung.label}{' (copy)' if rung.again else ''}")


@calls.command("cancel")
@click.argument("call_id", type=int)
@as_option
@pass_run
def cancel(run: Run, email: str | None, call_id: int) -> None:
    """Cancel a waiting call, hang up a running one."""
    with working(run, email) as who:
        cancel_call(db.session, who, call_id, now=utc_now())
        db.session.commit()
    say(f"test call {call_id} is being ended")


@calls.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    default="",
    metavar="FINGERPRINT",
    help="Of the exchange it should come from (or its public key).",
)
@click.option("--ours", is_flag=True, help="It should come from this exchange.")
@json_option
@pass_run
def verify(run: Run, file: Path, key: str, ours: bool, as_json: bool) -> int:
    """Check a signed result FILE, and recordings that lie beside it. Ends with 0 genuine, 3 not."""
    expected = fingerprint(public_bytes(signing_key(run.settings))) if ours else key
    found = verify_file(file.read_bytes(), expected=expected, folder=file.parent)
    if as_json:
        emit_json({**asdict(found), "good": found.good})
    elif found.good:
        result = found.result
        click.echo(
            f"genuine, signed by {found.fingerprint}"
            + ("" if found.known else " (compare it with the exchange's own)")
        )
        click.echo(
            f"call {result.get('call')} to {result.get('number')}: {result.get('outcome')}, {result.get('verdict')}"
        )
        for name, state in found.files.items():
            click.echo(f"  {name}: {state}")
    else:
        say(f"not genuine: {found.why}")
        for name, state in found.files.items():
            say(f"  {name}: {state}")
    return Exit.DONE if found.good else Exit.REJECTED


@calls.group("ticket")
def ticket() -> None:
    """Test tickets for a buyer's switch: issue, list, revoke."""


@ticket.command("issue")
@click.option("--product", "product_id", type=int, required=True)
@click.option("--trunk", "trunk_id", type=int, required=True, help="The buyer's trunk the calls come from.")
@click.option("--codes", default="", help="Only these dial codes, by comma.")
@click.option("--calls", "max_calls", default=20, show_default=True)
@click.option("--seconds", "max_seconds", default=60, show_default=True, help="Of one call.")
@click.option("--total-seconds", default=600, show_default=True)
@click.option("--spend", type=MoneyType(), default="2", show_default=True, help="Base currency in all.")
@click.option("--max-rate", type=MoneyType(), help="Base currency a minute.")
@click.option("--days", default=7, show_default=True)
@click.option("--password", "guarded", is_flag=True, help="The switch must prove a password by digest.")
@as_option
@json_option
@pass_run
def issue(
    run: Run, email: str | None, product_id: int, trunk_id: int, codes: str, max_calls: int, max_seconds: int, total_seconds: int,
    spend: Decimal, max_rate: Decimal | None, days: int, guarded: bool, as_json: bool,
) -> None:  # fmt: skip
    """Issue a ticket; prints the code that is dialled before the number."""
    now = utc_now()
    facts = TicketFacts(
        product_id, trunk_id, now + timedelta(days=days), split(codes), max_calls=max_calls, max_seconds=max_seconds,
        total_seconds=total_seconds, spend=spend, max_rate=max_rate, guarded=guarded,
    )  # fmt: skip
    with working(run, email) as who:
        row = issue_ticket(db.session, run.settings, who, facts, now=now)
        shown = asdict(queries.tickets(db.session, who, now, ticket_id=row.id)[0])
        login = login_shown(run.settings, who, row)
        shown["login"] = None if login is None else asdict(login)
        db.session.commit()
    if as_json:
        emit_json(shown)
    else:
        click.echo(shown["code"])
        say(f"ticket {shown['id']} until {shown['expires_at']:%Y-%m-%d %H:%M} UTC; dial it before the number")
        if login is not None:
            say(f"user {login.username}, password {login.password}")


@ticket.command("list")
@as_option
@json_option
@pass_run
def tickets(run: Run, email: str | None, as_json: bool) -> None:
    """Tickets, newest first."""
    with working(run, email) as who:
        rows = queries.tickets(db.session, who, utc_now(), limit=500)
    emit_table([asdict(row) for row in rows], as_json=as_json)


@ticket.command("revoke")
@click.argument("ticket_id", type=int)
@as_option
@pass_run
def revoke(run: Run, email: str | None, ticket_id: int) -> None:
    """The edge refuses it within seconds."""
    with working(run, email) as who:
        ticket_of(db.session, who, ticket_id)
        revoke_ticket(db.session, who, ticket_id, now=utc_now())
        db.session.commit()
    say(f"ticket {ticket_id} is revoked")


def _line(row: CallRow) -> dict[str, object]:
    return {
        "id": row.id, "state": row.state, "number": row.number, "through": f"{row.seller}, {row.product}",
        "end": code_words(row.sip_code, row.phrase) if row.sip_code else row.why, "pdd": milliseconds(row.pdd_ms),
        "talk": milliseconds(row.talk_ms), "mos": mos_words(row.mos_milli), "cli": row.cli or "–",
        "verdict": VERDICTS[row.verdict][0] if row.verdict in VERDICTS else "–",
        "finding": finding_name(row.finding) if row.finding else "–",
    }  # fmt: skip
