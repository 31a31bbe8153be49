"""SIPp scenarios as lists of steps: what a caller or a seller hears and says, one line each."""

from __future__ import annotations

from pathlib import Path

VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]x[call_number]{label}"
SDP = """v=0
o=x 1 {version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a={direction}
"""


def wait(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>'


def hear(what: str | int, *, optional: bool = False, action: str = "", plain: bool = False) -> str:
    """A request by its method, an answer by its code; `plain`: it teaches no Contact."""
    kind = "response" if isinstance(what, int) else "request"
    more = ' optional="true"' if optional else ""
    more += ' rrs="true"' if what in (200, 183) and not plain else ""
    return f'<recv {kind}="{what}"{more}>{f"<action>{action}</action>" if action else ""}</recv>'


def finds(header: str, pattern: str) -> str:
    """An action: the message has this header, and it matches."""
    return f'<ereg regexp="{pattern}" search_in="hdr" header="{header}:" check_it="true" assign_to="found"/>'


def invited(action: str = "") -> str:
    """A seller hears INVITE and keeps what its answers repeat."""
    kept = "".join(
        f'<ereg regexp=".*" search_in="hdr" header="{name}:" assign_to="{name.lower()}"/>'
        for name in ("Via", "From", "To", "CSeq")
    )
    return f'<recv request="INVITE" rrs="true"><action>{kept}{action}</action></recv>'


def _message(lines: list[str], sdp: str, body: str, kind: str, attributes: str) -> str:
    if sdp:
        body, kind = SDP.format(version=2, direction=sdp), "application/sdp"
    if body:
        lines += [f"Content-Type: {kind}", "Content-Length: [len]", "", body]
    else:
        lines += ["Content-Length: 0", "", ""]
    text = "\n".join(lines)
    return f"<send{attributes}><![CDATA[\n{text}\n]]></send>"


def _attributes(retrans: bool, lost: bool) -> str:
    return (' retrans="500"' if retrans else "") + (' lost="100"' if lost else "")


def answer(code: int, *headers: str, sdp: str = "", tag: str = "v", again: bool | None = None) -> str:
    """A seller answers its INVITE; final answers again and again until ACK."""
    lines = [f"SIP/2.0 {code} So", "Via:[$via]", "From:[$from]", f"To:[$to];tag={tag}[call_number]"]
    lines += ["Call-ID: [call_id]", "CSeq:[$cseq]", "Contact: <sip:vendor@[local_ip]:[local_port]>", *headers]
    return _message(lines, sdp, "", "", _attributes(code >= 200 if again is None else again, False))


def reply(code: int = 200, *headers: str, sdp: str = "", retrans: bool = False) -> str:
    """An answer to the request that was heard last, within the call."""
    lines = [f"SIP/2.0 {code} So", "[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]"]
    lines += ["[last_CSeq:]", "Contact: <sip:x@[local_ip]:[local_port]>", *headers]
    return _message(lines, sdp, "", "", _attributes(retrans, False))


def caller(
    method: str,
    cseq: int = 1,
    *headers: str,
    label: str = "",
    sdp: str = "",
    body: str = "",
    number: str = "[service]",
    tag: str = "[peer_tag_param]",
    lost: bool = False,
) -> str:
    """A request of the caller. Before the answer it goes to the number, after it to the Contact; `label` names its branch."""
    label = label or f"{method}{cseq}"
    first = label.startswith("INVITE1") or (method == "INVITE" and not tag)
    uri = f"sip:{number}@[remote_ip]:[remote_port]" if first else "[next_url]"
    lines = [f"{method} {uri} SIP/2.0", VIA.format(label=label)]
    lines += ["From: <sip:33123456789@[local_ip]:[local_port]>;tag=[call_number]"]
    lines += [f"To: <sip:{number}@[remote_ip]:[remote_port]>{tag}", "Call-ID: [call_id]"]
    lines += [f"CSeq: {cseq} {method}", "Contact: <sip:caller@[local_ip]:[local_port]>", "Max-Forwards: 70"]
    retrans = method not in ("ACK", "CANCEL")
    return _message([*lines, *headers], sdp, body, "application/dtmf-relay", _attributes(retrans, lost))


def seller(
    method: str, cseq: int = 1, *headers: str, sdp: str = "", body: str = "", lost: bool = False
) -> str:
    """A request of the seller within the call."""
    lines = [f"{method} [next_url] SIP/2.0", VIA.format(label=f"{method}{cseq}")]
    lines += ["From:[$to];tag=v[call_number]", "To:[$from]", "Call-ID: [call_id]", f"CSeq: {cseq} {method}"]
    lines += ["Contact: <sip:vendor@[local_ip]:[local_port]>", "Max-Forwards: 70", *headers]
    return _message(lines, sdp, body, "application/dtmf-relay", _attributes(method != "ACK", lost))


def refused(code: int, cseq: int = 1, number: str = "[service]", action: str = "") -> list[str]:
    """The caller hears a refusal and confirms it."""
    label = f"INVITE1-{cseq}" if cseq > 1 else "INVITE1"
    return [hear(code, action=action), caller("ACK", cseq, label=label, number=number)]


TRYING = hear(100, optional=True)
RINGING = hear(180, optional=True)
# What a caller says and hears until the call stands; how either side hangs up.
CALLS = [caller("INVITE", sdp="sendrecv", tag=""), TRYING]
TALKS = [hear(200), caller("ACK")]
HANGS_UP = [caller("BYE", 9), hear(200)]
ENDS = [hear("BYE"), reply()]
# The same of a seller.
ANSWERS = [answer(200, sdp="sendrecv"), hear("ACK")]


def scenario(path: Path, steps: list[str]) -> Path:
    variables = "via,from,to,cseq,found"
    used = [name for name in variables.split(",") if f'"{name}"' in "".join(steps)]
    reference = f'<Reference variables="{",".join(used)}"/>' if used else ""
    words = "\n".join([*steps, reference])
    path.write_text(
        f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="{path.stem}">\n{words}\n</scenario>\n'
    )
    return path
