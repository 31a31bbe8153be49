"""What a heading says: the known words of synonyms.toml, origin groups, jurisdictions, volume tiers, and units of price."""

import itertools
import re
from functools import lru_cache
from typing import Final, NamedTuple

import pandas as pd
from rapidfuzz import fuzz, process

from rates.fields import ORIGIN_RATE
from rates.synonyms import EXACT, words_of

TAKE, ASK = 90, 75
HEADER_ROWS = 30
_NOISE = re.compile(
    r"\b(per seconds?|per secs?|per (?:6|30|60) (?:s|sec|secs|seconds?)|per increment|per pulse|per block|per min|per minute"
    r"|usd|eur|gbp|in|en|em|the|of|new|us|euro|dollar|min|sec|seconds|s|call|voip|termination|utc|gmt|cents?|pro minute|par minute"
    r"|por minuto|al minuto|je minute|vat|excl|ex|net)\b"
)


class Guessed(NamedTuple):
    """A field for a column, how sure that is (0–100), and why."""

    field: str
    confidence: int
    reason: str


@lru_cache(maxsize=4096)
def score_header(header: str) -> tuple[Guessed, ...]:
    """Fields for one heading, best first: 100 a known word, 95 known but for noise words, else likeness below 90."""
    words = words_of(header)
    if not words or len(words) > 60:
        return ()
    if words.startswith("ignored"):
        return (Guessed("ignore", 100, "says so itself"),)
    if words in EXACT:
        return (Guessed(EXACT[words], 100, "known heading"),)
    bare = " ".join(_NOISE.sub(" ", words).split())
    if bare in EXACT:
        return (Guessed(EXACT[bare], 95, "known heading with other words around it"),)
    best: dict[str, Guessed] = {}
    # Three or four letters are by chance like something; what they hold says more than such a likeness.
    least = ASK if len(words) <= 4 else 60
    for word, ratio, _ in process.extract(
        words, EXACT.keys(), scorer=fuzz.token_sort_ratio, limit=12, score_cutoff=least
    ):
        likeness = min(int(ratio), 94 if ratio >= 95 and len(word) > 4 else 89)
        field = EXACT[word]
        if field not in best or best[field].confidence < likeness:
            best[field] = Guessed(field, likeness, f"heading is like “{word}”")
    return tuple(sorted(best.values(), key=lambda guess: -guess.confidence))


def find_header(frame: pd.DataFrame) -> tuple[int, int]:
    """(1-based row, confidence) of the header among the first 30 rows; (0, confidence) when none looks like one."""
    best_row, best_score, best_fields = 0, 0, 0
    for number, cells in enumerate(frame.head(HEADER_ROWS).itertuples(index=False, name=None), start=1):
        fields = set()
        score = 0
        for cell in cells:
            text = cell.strip()
            found = score_header(text) if text and not text[0].isdigit() else ()
            if found and found[0].confidence >= ASK:
                score += found[0].confidence if found[0].field not in fields else 10
                fields.add(found[0].field)
            elif text and (layer := layer_of(text)):
                fields.add(layer)
                score += 40
        useful = len(fields - {"ignore", "comment"})
        if useful >= 2 and score > best_score:
            best_row, best_score, best_fields = number, score, useful
    if best_row:
        return best_row, 98 if best_fields >= 3 else 90
    return _unknown_words(frame), 60


def _unknown_words(frame: pd.DataFrame) -> int:
    """First row of words alone above rows with figures: a header in words nobody knows; 0 = there is none."""
    rows = [
        [cell.strip() for cell in cells]
        for cells in frame.head(HEADER_ROWS).itertuples(index=False, name=None)
    ]
    for number, (cells, below) in enumerate(itertools.pairwise(rows), start=1):
        filled = [cell for cell in cells if cell]
        figures = sum(any(c.isdigit() for c in cell) for cell in below)
        if len(filled) >= 2 and figures >= 2 and not any(c.isdigit() for cell in filled for c in cell):
            return number
    return 0


_RATE_WORDS = r"(?:rates?|prices?|tariff?s?|cost|tarif|prix|preis|tarifa|precio|prezzo|tariffa|preco|usd|eur|gbp|min|per)"
_GROUP = (
    r"(?:eea(?: efta)?|eu(?: eea)?|ewr|efta|uk|us|non eea|non eu|intra eu|extra eu|row|rest of (?:the )?world|rest"
    r"|restliche welt|reste du monde|resto del mundo|resto del mondo|resto do mundo|international origin|other origins?"
    r"|(?:invalid|unknown|missing|no|without|anonymous|withheld)(?: (?:cli|ani|a number|origin))?|zone [0-9a-z]{1,2}"
    r"|domestic origin|national origin|(?:origin|from|origine|origen|ursprung|aus|da|de) [a-z]{2,}(?: [a-z0-9]+){0,2}"
    r"|[a-z]{2,} (?:origin|originated|origination))"
)
_ORIGIN_HEAD = re.compile(
    rf"^(?:{_RATE_WORDS} )*(?:(?:for|from|by) )?(?:origin )?(?P<group>{_GROUP})(?: (?:{_RATE_WORDS}|callers|origins?))*$"
)
NEW_PRICE: Final = re.compile(
    r"\b(new|next|future|proposed|neue?r?|nuev[oa]s?|nouveau|nouvelle|nuov[oa]|nov[oa])\b"
)
_TIER = re.compile(
    rf"^(?:{_RATE_WORDS} )*(?:volume )?(?:tier|band|commit|staffel|palier|tramo|scaglione) ?[0-9a-z]+(?: {_RATE_WORDS})*$"
)
_AMOUNT = r"\d[\d.,' ]*\s*(?:k|m|mio|min|mins|minutes)?"
_VOLUME = re.compile(
    rf"^(?:(?:rate|price|tarif|preis)\s*)?(?:{_AMOUNT}\s*(?:-|–|to|bis|à|\.\.)\s*{_AMOUNT}"
    rf"|(?:[<>≤≥]|up to|over|from|above|bis|ab)\s*=?\s*{_AMOUNT}"
    rf"|{_AMOUNT}\s*\+)$",
    re.I,
)
REST: Final = re.compile(
    r"\b(rest|row|other|others|default|standard|rest\w*|non (eea|eu|uk)|extra eu|reste|resto)\b"
)
INVALID: Final = re.compile(r"\b(invalid|unknown|missing|no cli|without|anonymous|withheld|no ani)\b")


def full_words(text: str) -> str:
    """As words_of, but text in brackets stays: `Rate (EEA)` is `rate eea`; `US$` names a currency, not a country."""
    text = re.sub(r"\bUS ?\$", "USD", text, flags=re.I)
    return words_of(text.replace("(", " ").replace(")", " ").replace("[", " ").replace("]", " "))


@lru_cache(maxsize=4096)
def layer_of(header: str) -> str | None:
    """Field of a heading that names whose price it is: `rate:EEA`, `rate_intrastate`; None for all others."""
    words = full_words(header)
    if (known := EXACT.get(words)) and (known.startswith("rate_") and known.split("_")[1] in _CALLS):
        return known
    if known:
        return None
    for call, pattern in _CALLS.items():
        if pattern.search(words) and re.search(_RATE_WORDS, words):
            return f"rate_{call}"
    if found := _ORIGIN_HEAD.match(words):
        name = re.sub(
            r"^(origin|from|origine|origen|ursprung|aus|da|de) | (origin|originated|origination)$",
            "",
            found["group"],
        )
        return ORIGIN_RATE + (name.upper() if len(name) <= 4 else name.title())
    return None


_CALLS: Final = {
    "interstate": re.compile(r"\binter ?state\b"),
    "intrastate": re.compile(r"\bintra ?state\b"),
    "indeterminate": re.compile(r"\b(indeterminate|indet|ij)\b"),
    "local": re.compile(r"\blocal\b"),
}


def is_tier(header: str) -> bool:
    """Whether the heading names a volume tier: `Tier 2 rate`, `0-100k`, `> 500,000 min`."""
    if len(header) > 100:
        return False
    return bool(
        _VOLUME.match(header.strip()) or _TIER.match(full_words(header)) or _TIER.match(words_of(header))
    )


_PER_SECOND = re.compile(
    r"(/|\bper |\bpro |\bpar |\bpor |\bal |\bje )\s*(s|sec|secs|second|seconds|sekunde|seconde|segundo|secondo)\b",
    re.I,
)
_PER_INCREMENT = re.compile(
    r"\bper (6|30|60)\s*(s|sec|seconds?)\b|\bper (increment|pulse|block|unit of billing)\b|/\s*(6|30) ?(s|sec)\b",
    re.I,
)
_CENTS = re.compile(
    r"¢|\busc\b|\b(us|euro)?(cents?|cts?|pence|centimes?|centesimi|centimos|céntimos|centavos|cêntimos|centimos)\b",
    re.I,
)


def unit_in(header: str) -> str | None:
    """`per_increment` or `per_second` where the heading of a price says so."""
    if _PER_INCREMENT.search(header):
        return "per_increment"
    return "per_second" if _PER_SECOND.search(header) else None


def cents_in(header: str) -> bool:
    """Whether the heading says that prices are written in hundredths of the currency."""
    return bool(_CENTS.search(header))
