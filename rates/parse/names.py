"""Names of destinations, compared the way people mean them."""

import re
import unicodedata
from functools import lru_cache

_SHORT = {"mob": "mobile", "mobiles": "mobile", "cellular": "mobile", "cell": "mobile", "fix": "fixed", "landline": "fixed",
          "prop": "proper", "oth": "other", "others": "other", "spec": "special", "srv": "services", "svc": "services"}  # fmt: skip


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """Lower case, no accents and marks, words in one space, the usual short forms written out."""
    bare = unicodedata.normalize("NFKD", name.lower().replace("&", " and "))
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    return " ".join(_SHORT.get(word, word) for word in re.findall(r"[^\W_]+", bare))
