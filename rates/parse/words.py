"""Status words and currencies."""

import re
import unicodedata

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pycountry

from rates.parse.distinct import Faults, parse_distinct
from rates.schema import BLOCKED, CLOSED, OPEN


def _plain(text: str) -> str:
    """Lower case, without accents, spaces and the marks around a word."""
    bare = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    words = "".join(c for c in bare if not unicodedata.combining(c))
    return " ".join(words.replace("_", " ").split()).strip(" .+-*!()")


_STATUS = {
    OPEN: """
        open opened active activated current new increase increased decrease decreased unchanged same available enabled yes ok pending
        future valid live true 1 up down changed reopened nc no change|no changes|not changed|new rate|new code|new destination
        |code added|added|add|addition|rate increase|rate decrease|price increase|price decrease|reduced|amended|updated|inc|dec
        |unch|no chg|nochange|no change in rate|same rate|stable
        |neu|neuer tarif|neue vorwahl|erhöhung|preiserhöhung|erhöht|senkung|preissenkung|gesenkt|unverändert|keine änderung|gleich|offen
        |aktiv|geöffnet|gültig|geändert
        |nouveau|nouvelle|nouveau code|hausse|augmentation|baisse|diminution|inchangé|inchangée|sans changement|pas de changement|ouvert
        |ouverte|actif|active|stable|modifié|identique
        |nuevo|nueva|aumento|subida|incremento|sube|bajada|disminución|reducción|baja de precio|baja precio|sin cambio|sin cambios
        |igual|abierto|abierta|activo|activa|vigente
        |nuovo|nuova|in aumento|diminuzione|ribasso|rialzo|riduzione|invariato|invariata|nessuna variazione|senza variazioni|aperto|aperta
        |attivo|attiva|in vigore
        |novo|nova|subida de preço|descida|redução|diminuição|sem alteração|sem alterações|inalterado|inalterada|aberto|aberta|ativo
        |ativa|em vigor
        |==|=|↑|↓|""",
    BLOCKED: """
        blocked block barred suspended disabled inactive unavailable bloccato bloqueado
        |not available|do not send|temporarily blocked|not routable
        |gesperrt|blockiert|inaktiv|sperre|ausgesetzt|nicht verfügbar
        |bloqué|bloquée|suspendu|suspendue|inactif|indisponible|interdit
        |bloqueada|suspendido|suspendida|inactivo|no disponible
        |bloccata|sospeso|sospesa|inattivo|non disponibile|barrato
        |suspenso|suspensa|inativo|indisponível""",
    CLOSED: """
        closed close deleted delete removed remove discontinued withdrawn expired chiuso cerrado
        |code removed|code deleted|removal|ceased|no longer offered|terminated|obsolete|closed code
        |geschlossen|gelöscht|entfernt|beendet|eingestellt|entfällt|löschung|schließung
        |fermé|fermée|supprimé|supprimée|fermeture|suppression|retiré|clos|arrêté
        |cerrada|eliminado|eliminada|cierre|borrado|suprimido|retirado|dado de baja
        |chiusa|eliminato|eliminata|cancellato|cancellata|rimosso|rimossa|cessato|chiusura|soppresso
        |fechado|fechada|removido|removida|apagado|encerrado|encerrada|cancelado|fecho""",
}
"""Words of a status by meaning: English, then German, French, Spanish, Italian, Portuguese. The first line of each holds single words."""


def _split(words: str) -> list[str]:
    first, *rest = words.strip().replace("\n", " ").split("|")
    return [*first.split(), *(" ".join(phrase.split()) for phrase in rest)]


_WORDS = {_plain(word): status for status, words in _STATUS.items() for word in _split(words)} | {
    "no change": OPEN,
    "": OPEN,
    "-": OPEN,
}
CURRENCIES = frozenset(currency.alpha_3 for currency in pycountry.currencies)
_SIGNS = {
    "$": "USD",
    "US$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₽": "RUB",
    "₺": "TRY",
    "EURO": "EUR",
    "EUROS": "EUR",
    "DOLLAR": "USD",
    "DOLLARS": "USD",
    "US DOLLAR": "USD",
    "CENT": "",
    "CENTS": "",
}


def is_status(text: str) -> bool:
    return _plain(text) in _WORDS


_ENDS = {word for word, status in _WORDS.items() if status in (BLOCKED, CLOSED)}
_CLOSING = re.compile(
    r"\b(blocked|blocking|barred|suspen[ds]\w*|clos(?:e|ed|es|ing|ure)|delet(?:e|ed|ion)|remov(?:e|ed|al)|discontinu\w*|withdraw\w*"
    r"|terminated|no longer|(?:ge)?sperr\w*|blockiert|geschlossen|geloscht|entfernt|entfall\w*|schliess\w*|bloqu\w+|fermee?s?|fermeture"
    r"|supprim\w+|retiree?s?|cerrad[oa]s?|cierre|eliminad[oa]s?|retirad[oa]s?|bloccat[oa]|sospes[oa]|chius[oa]|chiusura|cessat[oa]|rimoss[oa]"
    r"|fechad[oa]|removid[oa]|encerrad[oa]|suspens[oa])\b"
)


def closes(text: str) -> bool:
    """Whether a remark is a word that closes or blocks its code."""
    return _plain(text) in _ENDS


def speaks_of_closing(text: str) -> bool:
    """Whether a remark of several words may mean that."""
    return bool(_CLOSING.search(_plain(text)))


def parse_remarks(texts: pa.Array) -> tuple[npt.NDArray[np.int8], Faults]:
    """(status, faults): words of a status count, other remarks do not; `remark_unclear` where one of them may close or block."""

    def one(text: str) -> tuple[int | None, str | None]:
        status = _WORDS.get(_plain(text))
        if status is None and speaks_of_closing(text):
            return None, "remark_unclear"
        return (OPEN if status is None else status), None

    return parse_distinct(texts, one, OPEN, np.int8)


def parse_status(texts: pa.Array) -> tuple[npt.NDArray[np.int8], Faults]:
    """(status, faults); an empty cell is open."""

    def one(text: str) -> tuple[int | None, str | None]:
        status = _WORDS.get(_plain(text))
        return (status, None) if status is not None else (None, "status_unknown")

    return parse_distinct(texts, one, OPEN, np.int8)


def parse_currency(text: str) -> str | None:
    """ISO 4217 code, or None."""
    word = text.strip().upper()
    word = _SIGNS.get(word, word)
    return word if word in CURRENCIES else None


DOLLARS = frozenset(
    {
        "USD",
        "CAD",
        "AUD",
        "NZD",
        "SGD",
        "HKD",
        "TWD",
        "MXN",
        "BRL",
        "ARS",
        "CLP",
        "COP",
        "JMD",
        "TTD",
        "BBD",
        "BSD",
        "XCD",
    }
)
"""Currencies whose sign is $."""


def currency_in(text: str) -> str | None:
    """A currency named inside a header or a rate cell: `Rate (USD)`, `€/min`, `$0.01`."""
    for word in re.findall(
        r"(?<![A-Z])[A-Z]{3}(?![A-Z])|US\$|[$€£¥₹₽₺]", text.upper() if len(text) < 40 else ""
    ):
        if (found := parse_currency(word)) and word not in ("ALL", "TOP", "MOP", "CUP"):
            return found
    return None
