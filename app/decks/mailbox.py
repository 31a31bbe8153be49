"""The IMAP mailbox that carriers send decks to: read what is new, mark what was taken."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from imap_tools import AND, BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted, MailMessage

from app.config import Mail
from app.decks.service.take_mail import Letter, raw_sha256

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


def read_new(settings: Mail, take: Callable[[Letter | str], bool], *, limit: int = BATCH) -> int:
    """Give each message not yet taken to `take` (a Letter, or words why it is too big); mark it where that returns True.

    The mark is set after `take` has committed: a kill in between shows the message again, and `take` knows it by its id."""
    taken = 0
    with opened(settings) as box:
        for uid in box.uids(AND(no_keyword=TAKEN))[:limit]:
            head = next(iter(box.fetch(AND(uid=uid), headers_only=True, mark_seen=False)), None)
            if head is None:
                continue
            if head.size_rfc822 > settings.max_message_bytes:
                done = take(_too_big(head, settings.max_message_bytes))
            else:
                whole = next(iter(box.fetch(AND(uid=uid), mark_seen=False)), None)
                done = whole is not None and take(letter_of(whole))
            if done:
                box.flag(uid, [TAKEN, "\\Seen"], True)
                taken += 1
    return taken


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
        raw_sha256=raw_sha256(message.obj.as_bytes()),
    )  # fmt: skip


def _too_big(head: MailMessage, limit: int) -> str:
    return f"{head.from_}: “{head.subject[:80]}” has {head.size_rfc822:,} bytes; at most {limit:,} are read."
