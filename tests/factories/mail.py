"""Real mail servers on loopback for one test: Dovecot (IMAP), run by an ordinary user, and aiosmtpd (SMTP)."""

from __future__ import annotations

import getpass
import imaplib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

DOVECOT = shutil.which("dovecot") or ("/usr/sbin/dovecot" if Path("/usr/sbin/dovecot").exists() else None)
USER, PASSWORD = "decks", "fish and chips"
DEADLINE_S = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Imap:
    """A running Dovecot with one mailbox."""

    port: int

    def deliver(self, message: EmailMessage | bytes) -> None:
        """Put a message into the inbox, as a mail server's delivery would."""
        raw = message if isinstance(message, bytes) else message.as_bytes()
        with imaplib.IMAP4("127.0.0.1", self.port) as box:
            box.login(USER, PASSWORD)
            answer, _ = box.append("INBOX", "", imaplib.Time2Internaldate(time.time()), raw)
            assert answer == "OK"

    @contextmanager
    def reading(self) -> Iterator[imaplib.IMAP4]:
        """Signed in, with the inbox open."""
        with imaplib.IMAP4("127.0.0.1", self.port) as box:
            box.login(USER, PASSWORD)
            box.select("INBOX")
            yield box

    def flags(self) -> list[str]:
        """Flags of each message, oldest first."""
        with imaplib.IMAP4("127.0.0.1", self.port) as box:
            box.login(USER, PASSWORD)
            box.select("INBOX")
            _, found = box.fetch("1:*", "(FLAGS)")
            return [part.decode() for part in found if isinstance(part, bytes)]


@contextmanager
def dovecot(folder: Path, *, keywords: bool = True) -> Iterator[Imap]:
    """Dovecot without any privilege of its own: every path, user and socket lies below `folder`.

    `keywords` False: whoever reads the inbox may set \\Seen and no other flag.

    As root it would want its system users; then it runs as `nobody` by way of setpriv.
    """
    assert DOVECOT is not None
    root = os.geteuid() == 0
    # Unix sockets have short names, and `nobody` cannot enter the test's own folder.
    home = Path(
        subprocess.run(
            ["mktemp", "-d", "/tmp/imapXXXXXX"], capture_output=True, text=True, check=True
        ).stdout.strip()
    )
    user, group = ("nobody", "nogroup") if root else (getpass.getuser(), str(os.getgid()))
    if not root:
        group = subprocess.run(["id", "-gn"], capture_output=True, text=True, check=True).stdout.strip()
    port = free_port()
    (home / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::{home}/mail::\n")
    config = home / "dovecot.conf"
    config.write_text(f"""
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 0
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail
mail_uid = {user}
mail_gid = {group}
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = {home}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail allow_all_users=yes
}}
service imap-login {{
  chroot =
  user = {user}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
  user = {user}
}}
service stats {{
  chroot =
  user = {user}
}}
service imap {{
  chroot =
}}
""")
    if not keywords:
        (home / "rights").write_text("INBOX owner lrsi\n")
        with config.open("a") as more:
            more.write(f"mail_plugins = acl\nplugin {{\n  acl = vfile:{home}/rights\n}}\n")
    argv = [DOVECOT, "-F", "-c", str(config)]
    if root:
        subprocess.run(["chown", "-R", f"{user}:{group}", str(home)], check=True)
        argv = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *argv]
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(port, process, home / "log")
        yield Imap(port)
    finally:
        process.terminate()
        process.wait(timeout=DEADLINE_S)
        shutil.rmtree(home, ignore_errors=True)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with imaplib.IMAP4("127.0.0.1", port, timeout=2) as box:
                box.login(USER, PASSWORD)
                return
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.05)
    raise AssertionError(f"dovecot did not come up:\n{log.read_text() if log.exists() else 'no log'}")


@dataclass
class Smtp:
    """A running SMTP server that keeps what it was given. `refuse`: answer instead of accepting, e.g. `451 later`."""

    port: int = 0
    messages: list[Message] = field(default_factory=list)
    refuse: str = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuse:
            return self.refuse
        self.messages.append(message_from_bytes(envelope.content))
        return "250 kept"


@contextmanager
def smtp_server() -> Iterator[Smtp]:
    handler = Smtp(port=free_port())
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()


def deck_mail(
    sender: str,
    subject: str,
    files: dict[str, bytes],
    *,
    message_id: str = "<1@carrier.example>",
    **headers: str,
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "decks@exchange.example", subject
    if message_id:
        message["Message-ID"] = message_id
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Please find our rates attached.")
    for name, content in files.items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def delivery_report(
    message_id: str, recipient: str, *, action: str = "failed", words: str = "550 5.1.1 No such user"
) -> bytes:
    """What a mail server sends back (RFC 3464), with the headers of the message it is about."""
    return f"""From: Mail Delivery System <mailer-daemon@mx.example>
To: rates@exchange.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <report-{action}-{abs(hash((message_id, recipient)))}@mx.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: text/plain; charset=us-ascii

I could not deliver your message.
--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; {words}

--part
Content-Type: text/rfc822-headers

From: rates@exchange.example
To: {recipient}
Message-ID: {message_id}

--part--
""".replace("\n", "\r\n").encode()
