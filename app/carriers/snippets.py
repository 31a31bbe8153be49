"""The recipes of docs/switches as the connect page shows them: this exchange's edge and the trunk's key in their places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RECIPES: Final = Path(__file__).parent.parent.parent / "docs" / "switches"
# What stands in the files for the edge's address and for the key.
ADDRESS: Final = "127.0.0.1:8090"
KEY: Final = "tk_your_key"

FILES: Final = (
    ("kamailio/rtjson.cfg", "Kamailio, rtjson", "One route after another by the module rtjson; proved with real calls."),
    ("kamailio/http_client.cfg", "Kamailio, plain", "Only http_client, no JSON; proved with real calls."),
    ("freeswitch/xml_curl.conf.xml", "FreeSWITCH, mod_xml_curl", "The dial plan of every call comes from the edge."),
    ("freeswitch/mod_curl.xml", "FreeSWITCH, mod_curl", "A dial string, fetched in your own dial plan."),
    ("freeswitch/json_cdr.conf.xml", "FreeSWITCH, call records", "The calls that mod_json_cdr writes down, for import."),
    ("opensips/opensips.cfg", "OpenSIPS", "rest_client and flat JSON."),
    ("asterisk/extensions.conf", "Asterisk", "CURL() and HASH(); PJSIP endpoints named by carrier."),
    ("siphon/siphon.yaml", "siphon", "Its external LCR contract, version 1."),
)  # fmt: skip

CURL: Final = """curl -s --max-time 1 -H 'Authorization: Bearer tk_your_key' \\
  'http://127.0.0.1:8090/v1/lcr?dnis=442079460000&ani=33123456789&max=3'
"""


@dataclass(frozen=True)
class Snippet:
    """`name` is an HTML id; `file` the recipe's place under docs/switches, "" for the first try by hand."""

    name: str
    title: str
    about: str
    file: str
    text: str


def key_placeholder(trunk: str) -> str:
    """What stands for the key of this trunk: letters, digits and _ only, so that it breaks no form.

    "East gateway 2" becomes YOUR_KEY_OF_EAST_GATEWAY_2.
    """
    name = re.sub(r"[^A-Z0-9]+", "_", trunk.upper()).strip("_")
    return f"YOUR_KEY_OF_{name}" if name else "YOUR_KEY"


def filled(text: str, edge: str, key: str) -> str:
    """`edge`: http or https address without a path; where the recipe has the key before the address, so has the answer."""
    scheme, _, host = edge.partition("://")
    text = re.sub(
        rf"http://([a-z]+:{KEY}@)?{re.escape(ADDRESS)}",
        lambda found: f"{scheme}://{found[1] or ''}{host}",
        text,
    )
    return text.replace(KEY, key)


def snippets_for(edge: str, trunk: str) -> list[Snippet]:
    """The recipes for a trunk of this name; the key itself is never in them."""
    key = key_placeholder(trunk)
    tried = Snippet("curl", "Try it", "By hand, from the switch itself.", "", filled(CURL, edge, key))
    return [tried] + [
        Snippet(
            re.sub(r"\W+", "-", file), title, about, file,
            filled((RECIPES / file).read_text(encoding="utf-8"), edge, key),
        )
        for file, title, about in FILES
    ]  # fmt: skip
