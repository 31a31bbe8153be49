"""The IMAP mailbox that carriers send decks to: read what is new, mark what was taken.

The mark is a keyword on the message, so that a person who reads the mailbox as well changes nothing. A mailbox that keeps no
keywords (its PERMANENTFLAGS have no \\*) is read by number instead: the last message taken stands in a file of the data directory.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from imap_tools import AND, BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted, MailMessage, U

from app.config import Mail
from app.decks.service.take_mail import Letter, raw_sha256
from app.mail.bounces import bounce_of

TAKEN = "TandemTaken"
BATCH = 50


@contextmanager
def opened(settings: Mail) -> Iterator[BaseMailBox]:
    """A signed-in mailbox on the configured folder. Raises OSError or imap_tools faults when it cannot be reached."""
    context = ssl.create_default_context()
    host, port, timeout = settings.imap_host, settings.imap_port, settings.timeout_seconds
    box: BaseMailBox
    if settings.imap_security == "tls":
        box = MailBox(host, port, timeout=timeout, ssl_context=context)
    elif settings.imap_security == "starttls":
        box = MailBoxStartTls(host, port, timeout=timeout, ssl_context=context)
    else:
        box = MailBoxUnencrypted(host, port, timeout=timeout)
    try:
        signed_in = box.login(settings.imap_user, settings.imap_password, initial_folder=settings.imap_folder)
    except BaseException:
        box.client.shutdown()  # the library leaves the connection open when the server refuses
        raise
    with signed_in:
        yield signed_in


@dataclass(frozen=True)
class Place:
    """The last message taken of one mailbox. A server that numbers anew (another `validity`) is read from its start: what is known
    is not taken twice."""

    mailbox: str
    validity: str
    uid: int = 0

    @classmethod
    def read(cls, file: Path, mailbox: str, validity: str) -> Place:
        """From the file; from the start where it is missing, broken, or of another mailbox."""
        try:
            kept = cls(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return cls(mailbox, validity)
        return kept if (kept.mailbox, kept.validity) == (mailbox, validity) else cls(mailbox, validity)

    def write(self, file: Path) -> None:
        temporary = file.with_name(f".{file.name}.tmp")
        temporary.write_text(json.dumps(asdict(self)), encoding="utf-8")
        temporary.replace(file)


def read_new(settings: Mail, take: Callable[[Letter | str], bool], place: Path, *, limit: int = BATCH) -> int:
    """Give each message not yet taken to `take` (a Letter, or words why it is too big); mark it where that returns True.

    The mark is set after `take` has committed: a kill in between shows the message again, and `take` knows it by its id.
    `place`: file for mailboxes that keep no keywords."""
    taken = 0
    with opened(settings) as box:
        keeps_keywords = any(flag in said(box, "PERMANENTFLAGS").split() for flag in ("\\*", TAKEN))
        here = Place(
            f"{settings.imap_user}@{settings.imap_host}/{settings.imap_folder}", said(box, "UIDVALIDITY")
        )
        if keeps_keywords:
            waiting = box.uids(AND(no_keyword=TAKEN))
        else:
            here = Place.read(place, here.mailbox, here.validity)
            # The server answers `n:*` with the last message even when its number is below n.
            after = sorted(int(uid) for uid in box.uids(AND(uid=U(str(here.uid + 1), "*"))))
            waiting = [str(uid) for uid in after if uid > here.uid]
        for uid in waiting[:limit]:
            head = next(iter(box.fetch(AND(uid=uid), headers_only=True, mark_seen=False)), None)
            if head is None:
                continue
            if head.size_rfc822 > settings.max_message_bytes:
                done = take(_too_big(head, settings.max_message_bytes))
            else:
                whole = next(iter(box.fetch(AND(uid=uid), mark_seen=False)), None)
                done = whole is not None and take(letter_of(whole))
            if not done:
                if keeps_keywords:
                    continue
                break  # by number nothing may be passed over
            if keeps_keywords:
                box.flag(uid, [TAKEN, "\\Seen"], True)
            else:
                replace(here, uid=int(uid)).write(place)
            taken += 1
    return taken


def said(box: BaseMailBox, name: str) -> str:
    """What the server said of the folder when it was opened; empty when nothing."""
    _, found = box.client.response(name)
    last = found[-1] if found else None
    return last.decode("ascii", "replace").strip("() ") if isinstance(last, bytes) else ""


def letter_of(message: MailMessage) -> Letter:
    """The message as far as decks need it."""
    files = tuple(
        (part.filename or f"attachment-{n}", part.payload) for n, part in enumerate(message.attachments)
    )
    headers: dict[str, tuple[str, ...]] = dict(message.headers)
    results = headers.get("authentication-results", ())
    return Letter(
        message_id=" ".join(next(iter(headers.get("message-id", ())), "").split()), sender=message.from_.lower(),
        subject=" ".join(message.subject.split()), files=files, authentication=results[0] if results else "",
        raw_sha256=raw_sha256(message.obj.as_bytes()), bounce=bounce_of(message.obj),
    )  # fmt: skip


def _too_big(head: MailMessage, limit: int) -> str:
    return f"{head.from_}: “{head.subject[:80]}” has {head.size_rfc822:,} bytes; at most {limit:,} are read."
