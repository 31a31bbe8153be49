"""The sender of a mailed deck is told what became of it, with the bad rows, once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.config import Mail, Settings
from app.decks import exports, grids
from app.decks.models import Arrival, Deck
from app.decks.report import headings_of, report_of
from app.mail.service.write_mail import Attachment, write_mail
from rates import problems

ROWS = 1_000
SAYS = {
    "approved": "It is in force.", "review": "It was read whole and waits for a person's approval.",
    "needs_mapping": "It could not be understood without a person; ours will look at it.",
    "rejected": "It was refused: nothing of it applies. Mend the rows below and send the file again.",
    "failed": "The check ended early; ours will look at it.",
}  # fmt: skip


def reply_to_sender(session: Session, settings: Settings, deck_id: int, *, now: datetime) -> list[Arrival]:
    """Answer each unanswered mail this deck came by; [] when there is none or the deck is not checked yet."""
    deck = session.get(Deck, deck_id, populate_existing=True)
    if deck is None or deck.state not in SAYS:
        return []
    waiting = session.scalars(
        sa.select(Arrival)
        .where(
            Arrival.deck_id == deck_id,
            Arrival.way == "mail",
            Arrival.replied_at.is_(None),
            Arrival.sender != "",
        )
        .order_by(Arrival.id)
    ).all()
    attachments = []
    if waiting and deck.state == "rejected":
        table = grids.open_table(settings, deck.problems_key, problems.SCHEMA)
        if table.num_rows:
            text = "".join(exports.bad_rows(table.slice(0, ROWS), headings_of(deck)))
            attachments.append(Attachment("problems.csv", "text/csv", text))
    for arrival in waiting:
        _answer(session, settings.mail, arrival, _text(deck), attachments, now)
    return list(waiting)


def reply_refused(session: Session, settings: Mail, arrival: Arrival, *, now: datetime) -> None:
    """A known sender's file that was not even opened."""
    if arrival.replied_at is None and arrival.sender:
        words = (
            f"{arrival.filename or 'Your message'} was not taken: {arrival.reason}\n\nNothing has changed.\n"
        )
        _answer(session, settings, arrival, words, [], now)


def _answer(
    session: Session,
    settings: Mail,
    arrival: Arrival,
    text: str,
    attachments: list[Attachment],
    now: datetime,
) -> None:
    write_mail(
        session, settings, company_id=arrival.company_id, mark=f"arrival-{arrival.id}", recipient=arrival.sender,
        subject=f"Re: {arrival.subject or arrival.filename}", text=text, attachments=attachments,
        in_reply_to=arrival.message_id, now=now,
    )  # fmt: skip
    arrival.replied_at = now


def _text(deck: Deck) -> str:
    report = report_of(deck)
    lines = [
        f"Rate deck {deck.filename} for {deck.product.name}: {deck.state.replace('_', ' ')}.",
        SAYS[deck.state],
        "",
    ]
    if report is not None:
        lines.append(f"Rows read: {report.rows_read:,}. Codes: {report.codes:,}.")
        changes = [
            f"{count:,} {label.lower().replace('_', ' ')}" for label, count in report.labels.items() if count
        ]
        if changes:
            lines.append(f"Changes: {', '.join(changes)}.")
        if report.closing:
            lines.append(f"{report.closing:,} codes that the file does not name close.")
        for group in report.problems:
            lines.append(f"{group.severity}: {group.title}, {group.count:,}. {group.hint}")
    lines += ["", f"Deck {deck.id}, SHA-256 {deck.sha256}."]
    return "\n".join(lines) + "\n"
