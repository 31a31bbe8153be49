"""What each product of the demo does to a call. Told by the tech prefix, which names the product (app/demo/catalogue.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.demo.companies import CARRIERS


@dataclass(frozen=True)
class Manner:
    """`kind`: honest · early_answer (200 while it rings) · fake_answer (nobody is called, a recording is played) · ring_after_answer ·
    silence · loop_back (sends our audio back) · late_release · false_refusal (486, nobody is called) · reject (503).
    `cli`: kept | substituted | withheld. Loss in percent and jitter fall on what the exchange hears."""

    kind: str = "honest"
    cli: str = "kept"
    pdd_s: float = 0.7
    loss: float = 0.0
    jitter_ms: float = 0.0


HONEST: Final = Manner()
# (carrier, product): everything that is not here is honest.
MANNERS: Final = {
    ("steppegate", "Standard"): Manner("early_answer", pdd_s=0.4),
    ("deccanwave", "Non-CLI"): Manner("fake_answer", "withheld"),
    ("savanna", "Non-CLI"): Manner("ring_after_answer", "withheld", pdd_s=0.4),
    ("lusovoz", "Non-CLI"): Manner("silence", "withheld"),
    ("pearlriver", "Non-CLI"): Manner("loop_back", "withheld"),
    ("laurentide", "Non-CLI"): Manner("late_release", "withheld"),
    ("altiplano", "Standard"): Manner("false_refusal"),
    ("tradewind", "Standard"): Manner("reject"),
    ("marlowe", "Non-CLI"): Manner(cli="substituted"),
    ("rhenus", "Non-CLI"): Manner(cli="withheld"),
    ("teranga", "Standard"): Manner(pdd_s=2.4, loss=5, jitter_ms=45),
    ("savanna", "Standard"): Manner(pdd_s=1.6, loss=1.5, jitter_ms=15),
}  # fmt: skip


def manner_of(user: str) -> tuple[Manner, str]:
    """What the called user part means: the manner of the product whose tech prefix it begins with, and the number behind it."""
    prefix, number = user[:4], user[4:]
    if prefix.isdigit() and int(prefix) >= 7700:
        carrier, product = divmod(int(prefix) - 7700, 10)
        if carrier < len(CARRIERS) and product < len(CARRIERS[carrier].products):
            plan = CARRIERS[carrier]
            return MANNERS.get((plan.slug, plan.products[product].name), HONEST), number
    return HONEST, user
