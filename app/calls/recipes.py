"""How a buyer's switch makes a test call with a ticket: the same call for four switches, with this exchange's address."""

from __future__ import annotations

from dataclasses import dataclass

from app.calls.passwords import Login
from app.calls.queries import TicketRow
from app.config import Settings

EXAMPLE = "442079460123"
REALM = "tandem"


@dataclass(frozen=True)
class Recipe:
    """`name` is an HTML id."""

    name: str
    title: str
    about: str
    text: str


def sip_address(settings: Settings) -> str:
    """Where the edge listens for SIP, as switches reach it."""
    first = next(iter(settings.sip.listen), "")
    host, _, port = first.partition("://")[2].rpartition(":")
    if not port:
        return f"{settings.edge.host}:5060"
    return f"{settings.sip.public_ipv4 or host}:{port}"


def recipes(settings: Settings, ticket: TicketRow, login: Login | None = None) -> list[Recipe]:
    """`login`: what the ticket's password asks of each; none where it has none or it is not shown."""
    number = next((code for code in ticket.codes if len(code) >= 8), EXAMPLE)
    address, code = sip_address(settings), ticket.code
    of_asterisk = of_freeswitch = modules = on_failure = proven = ""
    if login is not None:
        of_asterisk = (
            "outbound_auth=tandem-auth\n[tandem-auth]\ntype=auth\nauth_type=digest\n"
            f"username={login.username}\npassword={login.password}\n"
        )
        of_freeswitch = f"sip_auth_username={login.username},sip_auth_password={login.password},"
        modules = (
            'loadmodule "uac.so"\nmodparam("uac", "auth_username_avp", "$avp(auser)")\n'
            'modparam("uac", "auth_password_avp", "$avp(apass)")\nmodparam("uac", "auth_realm_avp", "$avp(arealm)")\n'
            "\n# in the route that relays\n"
        )
        on_failure = 't_on_failure("TANDEM");\n'
        proven = (
            f'\nfailure_route[TANDEM] {{\n\tif (!t_check_status("401")) exit;\n\t$avp(auser) = "{login.username}";\n'
            f'\t$avp(apass) = "{login.password}";\n\t$avp(arealm) = "{REALM}";\n\tif (uac_auth()) t_relay();\n}}\n'
        )
    return [
        Recipe(
            "dial", "By dialling", "Put the ticket before the number; any switch can do this.", f"sip:{code}{number}@{address}"
        ),
        Recipe(
            "asterisk", "Asterisk, PJSIP", "A context for tests; the number stays clean, the ticket is a header.",
            f"[tandem-test]\nexten => _X.,1,Set(PJSIP_HEADER(add,X-Tandem-Ticket)={code})\n"
            f" same => n,Dial(PJSIP/${{EXTEN}}@tandem,60)\n same => n,Hangup()\n\n"
            f"; pjsip.conf\n[tandem]\ntype=endpoint\ncontext=from-tandem\ndisallow=all\nallow=alaw,ulaw\naors=tandem\n"
            f"{of_asterisk}[tandem]\ntype=aor\ncontact=sip:{address}\n",
        ),
        Recipe(
            "freeswitch", "FreeSWITCH", "From the dial plan or the console.",
            f"originate {{{of_freeswitch}sip_h_X-Tandem-Ticket={code},absolute_codec_string='PCMA,PCMU'}}"
            f"sofia/external/{number}@{address} &echo()\n",
        ),
        Recipe(
            "kamailio", "Kamailio", "Before the call is relayed to the exchange.",
            f'{modules}append_hf("X-Tandem-Ticket: {code}\\r\\n");\n$du = "sip:{address}";\n'
            f"{on_failure}t_relay();\n{proven}",
        ),
        Recipe(
            "sipp", "SIPp", "One call from the command line, from the trunk's own address.",
            f"sipp {address} -sn uac_pcap -s {code}{number} -m 1 -l 1 -d 15000\n",
        ),
    ]  # fmt: skip
