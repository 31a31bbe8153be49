"""Which addresses the exchange calls on a company's wish, and the call itself.

Names are resolved by us, every address found must be one of the public internet, and the connection goes to exactly the
address that was looked at: a name that changes its mind between look and call gets nowhere. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from app.errors import Invalid

PORTS = (443, 8443)
ANSWER_BYTES = 4096
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Answer:
    """`status` 0: none; `fault` in words."""

    status: int
    milliseconds: int
    fault: str = ""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


def checked_url(url: str, allowed: Sequence[str] = ()) -> SplitResult:
    """Raises Invalid: https to a host of the public internet on port 443 or 8443. `allowed` networks may have any port and http."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise Invalid("This is no address.", hint="Write https://hooks.example.com/tandem.") from None
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host or len(url) > 500:
        raise Invalid("A webhook is an https address.", hint="Write https://hooks.example.com/tandem.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Invalid(
            "No user, password or fragment in a webhook's address.", hint="We sign each message instead."
        )
    if any(ord(sign) <= 32 or ord(sign) > 126 for sign in url.strip()):
        raise Invalid("The address holds signs that an address cannot hold.")
    inside = _literal(host) is not None and _within(_literal(host), allowed)
    if not inside:
        if parts.scheme != "https" or (port or 443) not in PORTS:
            raise Invalid("A webhook is https on port 443 or 8443.")
        literal = _literal(host)
        if literal is not None and not _public(literal):
            raise Invalid("This address is not on the public internet.")
        if literal is None and ("." not in host or host.endswith((".local", ".internal", ".localhost"))):
            raise Invalid("This name is not on the public internet.")
    return parts


def post(
    url: str, body: bytes, headers: dict[str, str], *, allowed: Sequence[str] = (), timeout_s: float = 5.0
) -> Answer:
    """One attempt; never raises for what the other side does. The answer's body is not kept."""
    began = time.monotonic()

    def took() -> int:
        return int((time.monotonic() - began) * 1000)

    try:
        parts = checked_url(url, allowed)
        address = _resolved(parts, allowed)
    except Invalid as fault:
        return Answer(0, took(), fault.message)
    except OSError:
        return Answer(0, took(), "the name was not found")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(parts.hostname or "", port, timeout=timeout_s)
    try:
        plain = socket.create_connection((str(address), port), timeout_s)
        connection.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)
            if parts.scheme == "https" else plain
        )  # fmt: skip
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read(ANSWER_BYTES)
        word = "" if 200 <= answer.status < 300 else f"answered {answer.status}"
        return Answer(answer.status, took(), word)
    except TimeoutError:
        return Answer(0, took(), f"no answer within {timeout_s:g} s")
    except ssl.SSLError as fault:
        return Answer(0, took(), f"TLS: {fault.reason or 'refused'}"[:200])
    except (OSError, http.client.HTTPException) as fault:
        return Answer(0, took(), f"no connection: {type(fault).__name__}"[:200])
    finally:
        connection.close()


def _resolved(parts: SplitResult, allowed: Sequence[str]) -> Address:
    """The first address of the name; Invalid unless every one of them may be called."""
    found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses:
        raise Invalid("the name was not found")
    for address in addresses:
        if not _public(address) and not _within(address, allowed):
            raise Invalid("the name leads to an address that is not on the public internet")
    return addresses[0]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _public(address: Address) -> bool:
    """Also of what an IPv6 address carries inside: mapped, 6to4 and Teredo ones."""
    inner: list[Address] = []
    if isinstance(address, ipaddress.IPv6Address):
        inner = [
            one
            for one in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
            if one is not None
        ]
        if address in ipaddress.ip_network("64:ff9b::/96"):
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast and all(_public(one) for one in inner)


def _within(address: Address | None, allowed: Sequence[str]) -> bool:
    return address is not None and any(address in ipaddress.ip_network(network) for network in allowed)
