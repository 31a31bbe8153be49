"""Header words of real decks → fields; the words stand in synonyms.toml."""

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import Final

SYNONYMS: Final[dict[str, list[str]]] = tomllib.loads(
    (files("rates") / "synonyms.toml").read_text(encoding="utf-8")
)
"""Field → words, written as `normal` leaves them."""


@lru_cache(maxsize=8192)
def words_of(header: str) -> str:
    """`normal`, remembered."""
    return normal(header)


def normal(header: str) -> str:
    """Lower case, no accents, no text in brackets, words separated by one space."""
    text = unicodedata.normalize("NFKD", header.replace("\u00a0", " ")).lower()
    text = "".join(c for c in text if not unicodedata.combining(c))
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", text)
    for candidate in (bare, text):
        words = " ".join(re.findall(r"[^\W_]+", candidate))
        if words:
            return words
    return ""


EXACT: Final[dict[str, str]] = {word: field for field, words in SYNONYMS.items() for word in words}
"""Normalised header → field. A word stands under one field only (a test holds this)."""
