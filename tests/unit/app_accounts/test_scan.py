"""A clamd that is asked about papers; here one of our own that speaks its protocol."""

from __future__ import annotations

import io
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.accounts.papers import safe_name
from app.accounts.scan import ScannerAway, scan
from app.db import db
from app.errors import Invalid
from tests.factories.accounts import make_strict_app
from tests.factories.app import login, make_company, make_user

BAD = b"%PDF- this one is bad"


class Clamd(socketserver.StreamRequestHandler):
    """INSTREAM: pieces with their lengths, then one word about them."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        if content == b"%PDF- broken":
            self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
        elif b"bad" in content:
            self.wfile.write(b"stream: Eicar-Test-Signature FOUND\0")
        else:
            self.wfile.write(b"stream: OK\0")


@pytest.fixture
def clamd() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Clamd) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_what_the_scanner_knows_is_refused_by_its_name(clamd: str) -> None:
    scan(b"%PDF-" + b"x" * 200_000, clamd)
    with pytest.raises(Invalid, match="Eicar-Test-Signature"):
        scan(BAD, clamd)


def test_without_a_clear_answer_nothing_is_taken(clamd: str) -> None:
    with pytest.raises(ScannerAway, match="size limit"):
        scan(b"%PDF- broken", clamd)
    for nowhere in ("127.0.0.1:1", "/nowhere/clamd.sock", "nonsense"):
        with pytest.raises(ScannerAway):
            scan(b"%PDF-", nowhere)


def test_a_paper_with_a_virus_is_not_kept(tmp_path: Path, clamd: str) -> None:
    app = make_strict_app(tmp_path, web_fields={"clamd": clamd})
    with app.app_context():
        owner = make_user(db.session, make_company(db.session, sells=True))
        owner.tf_primary_method, owner.tf_totp_secret = "authenticator", "kept elsewhere"
        db.session.commit()
        client = login(app.test_client(), owner)
        for content, status in ((BAD, 422), (b"%PDF- fine", 302)):
            form = {"kind": "tax", "file": (io.BytesIO(content), "tax.pdf")}
            assert client.post("/onboarding/papers", data=form).status_code == status
        assert "tax.pdf" in client.get("/onboarding/papers").get_data(as_text=True)
    assert len([path for path in (tmp_path / "var" / "papers").rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    ("name", "kept"),
    [('a"; filename="b.exe', "a_ filename_b.pdf"), ("x\r\nSet-Cookie: y.pdf", "x_Set-Cookie_ y.pdf"), ("../../etc/passwd", "passwd.pdf"),
     ("C:\\temp\\Überweisung.html", "Überweisung.pdf"), ("...", "document.pdf"), ("a" * 300, "a" * 150 + ".pdf")],
)  # fmt: skip
def test_a_name_with_quotes_and_line_ends_is_made_plain(name: str, kept: str) -> None:
    assert safe_name(name, ".pdf") == kept
