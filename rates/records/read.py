"""Which switch wrote a file of call records, told by its content, and its records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from rates.records.attempt import Attempt
from rates.records.canonical import NEEDED, is_canonical, read_canonical
from rates.records.cgrates import read_cgrates
from rates.records.dialogs import read_kamailio, read_opensips
from rates.records.freeswitch import read_freeswitch
from rates.records.unread import NotRecords, Unread

Reader = Callable[[str, str], Iterator[Attempt | Unread]]
READERS: Final[dict[str, Reader]] = {
    "canonical": read_canonical,
    "freeswitch": read_freeswitch,
    "kamailio": read_kamailio,
    "opensips": read_opensips,
    "cgrates": read_cgrates,
}


def shape_of(text: str) -> str:
    """A key of READERS. Raises NotRecords when it is none of them."""
    head = text.lstrip("\ufeff \r\n")[:4000]
    first = head.split("\n", 1)[0]
    if not first.strip():
        raise NotRecords("The file is empty.")
    if head.startswith(("{", "[")):
        return "freeswitch"
    if first.count("|") >= 6:
        return "opensips"
    if re.match(r'^"?\d+"?,"?(INVITE|BYE|ACK|CANCEL)"?,', first):
        return "kamailio"
    if "*" in first and (first.count(",") >= 10 or first.count(";") >= 6):
        return "cgrates"
    if is_canonical(first):
        return "canonical"
    raise NotRecords(
        f"These are no call records of FreeSWITCH, Kamailio, OpenSIPS or CGRateS, and no CSV with {', '.join(NEEDED)}."
    )


def read_records(text: str, source: str) -> Iterator[Attempt | Unread]:
    """Every record of the file in its order. `source` names the switch: it is part of each record's identity.

    Raises NotRecords at once, or with the first record, for a file of none of these shapes."""
    return READERS[shape_of(text)](text.lstrip("\ufeff \r\n"), source)
