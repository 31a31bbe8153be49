"""Signed callers whose certificate is fetched: from hosts on the list, once an hour, and from no private address."""

from __future__ import annotations

import http.server
import shutil
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.edge.certificates import Authority
from tests.sip.kamailio import kamailio
from tests.sip.lab import Lab, free_ports
from tests.sip.test_kamailio import OWN

pytestmark = pytest.mark.alone

PORT = 8443
# TNAuthList (RFC 8226): one service provider code.
PROVIDER = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26"), b"\x30\x08\xa0\x06\x16\x041234"
)


@contextmanager
def shelf(folder: Path) -> Iterator[list[str]]:
    """An https server with the signer's certificate; the paths it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = (folder / "sti.crt").read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "shelf.crt", folder / "shelf.key")
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    except OSError:
        pytest.skip(f"port {PORT} is taken; only 443 and 8443 are ever asked")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def received(one: Lab, call: str) -> dict[str, Any]:
    """What the Identity header of our own call was worth where it came back."""
    one.order(call, number=OWN["number"], **{"from": "441632960001"}, max_seconds=1)
    record = one.ended(call)
    assert record["identity"]["sent"]["attest"] == "A"
    return dict(record["identity"]["received"])


@pytest.mark.parametrize("private", [True, False])
def test_a_certificate_is_fetched_once_and_never_from_a_private_address(
    lab: Callable[..., Lab], tmp_path: Path, private: bool
) -> None:
    if shutil.which("kamailio", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("Kamailio is not installed")
    web, sti = Authority("Web CA"), Authority("STI CA")
    web.issue("shelf").write(tmp_path, "shelf")
    sti.issue("signer", PROVIDER).write(tmp_path, "sti")
    (tmp_path / "web.crt").write_bytes(web.certificate)
    (tmp_path / "roots.crt").write_bytes(sti.certificate)
    identity = {
        "key": str(tmp_path / "sti.key"),
        "x5u": f"https://localhost:{PORT}/sti.pem",
        "roots": str(tmp_path / "roots.crt"),
        "fetch_from": ["localhost"],
        "fetch_ca": str(tmp_path / "web.crt"),
        "fetch_private": private,
    }
    seller = free_ports()[0]
    one = lab(acme=(seller, "udp"), sip={"identity": identity})
    one.tell(own_numbers=[OWN | {"ring_ms": 100, "talk_seconds": 1}])
    with shelf(tmp_path) as asked, kamailio(tmp_path, "proxy.cfg", one.udp, port=seller):
        first, second = received(one, "first"), received(one, "second")
    if private:
        assert (first["verstat"], first["attest"]) == ("TN-Validation-Passed", "A"), first
        assert second["verstat"] == "TN-Validation-Passed"
        assert asked == ["/sti.pem"]
    else:
        assert {first["verstat"], second["verstat"]} == {"No-TN-Validation"}, first
        assert asked == []
