"""Header words of real decks → fields. Written in lower case, without accents and punctuation (see `normal`)."""
import re
import unicodedata
from typing import Final

SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "code": (
        "code", "codes", "dial code", "dial codes", "dialcode", "dialling code", "dialing code", "dialed code", "dialled digits", "prefix", "prefixes",
        "dialprefix", "dial prefix", "dest code", "destination code", "destination prefix", "phone code", "number prefix", "e164", "e 164", "e164 code",
        "full code", "complete code", "numbering", "breakout code", "breakout codes", "digits", "dnis", "number", "tel code", "calling code",
        "prefisso", "prefissi", "numerazione", "codice", "codici", "prefijo", "prefijos", "codigo", "codigos", "indicatif", "indicatifs", "prefixe", "prefixes pays",
        "vorwahl", "vorwahlen", "kennzahl", "rufnummer", "zielcode", "prefixo", "codigo de marcacao", "kod", "kierunkowy", "prefiks", "kodu", "alan kodu",
        "npanxx", "npa nxx", "lrn prefix", "charge code", "chargecode", "rating code", "код", "префикс", "коды"),
    "country_code": ("country code", "country codes", "cc", "c code", "countrycode", "country prefix", "intl code", "codice paese", "codigo pais", "code pays",
                     "landesvorwahl", "landervorwahl", "код страны"),
    "area_code": ("area code", "area codes", "areacode", "city code", "city codes", "citycode", "region code", "national code", "ndc", "sub code", "local code",
                  "codice area", "codigo area", "code zone", "ortsvorwahl", "код города"),
    "destination": (
        "destination", "destinations", "destination name", "dest", "dest name", "description", "descr", "name", "zone", "zone name", "route", "route name", "breakout",
        "breakout name", "location", "region", "area", "area name", "country destination", "country breakout", "country network", "network", "term name",
        "destinazione", "destinazioni", "descrizione", "operatore servizio", "nazione", "destino", "destinos", "descripcion", "libelle", "ziel", "bezeichnung", "zielgebiet",
        "destino nome", "descricao", "kierunek", "hedef", "направление", "назначение", "operator service"),
    "country": ("country", "country name", "paese", "pais", "pays", "land", "страна"),
    "rate": (
        "rate", "rates", "price", "prices", "new rate", "new price", "rate per minute", "rate per min", "price per minute", "price per min", "per minute", "per minute rate",
        "per minute cost", "rate min", "price min", "cost min", "rate by minute", "cost by minute", "cost per minute", "cost per min", "cost", "charge", "tariff", "rate usd",
        "rate eur", "usd min", "eur min", "usd", "eur", "buy rate", "buyrate", "sell rate", "termination rate", "term rate", "interstate rate", "rateinitial", "rate initial",
        "current rate", "call rate", "amount", "flat rate", "all day rate", "standard rate", "rate minute", "price minute", "rpm", "future rate", "proposed rate", "next rate",
        "subsequent rate", "tariffa", "prezzo", "costo", "costo al minuto", "tariffa al minuto", "precio", "tarifa", "precio por minuto", "prix", "prix minute", "tarif",
        "tarif minute", "preis", "preis pro minute", "preis minute", "minutenpreis", "preco", "cena", "stawka", "fiyat", "ucret", "цена", "тариф", "ставка"),
    "first_rate": ("first rate", "initial rate", "first minute rate", "first interval rate", "initial price", "rate 1", "first price"),
    "rate_peak": ("peak", "peak rate", "peak price", "peak per minute", "rate peak", "day rate", "peak cost", "fascia intera", "punta", "heures pleines"),
    "rate_offpeak": ("off peak", "offpeak", "off peak rate", "offpeak rate", "off peak per minute", "off peak price", "night rate", "rate off peak",
                     "off peak cost", "off peak cost by minute", "fascia ridotta", "heures creuses"),
    "rate_weekend": ("weekend", "weekend rate", "weekend per minute", "weekend price", "rate weekend"),
    "connect_fee": (
        "connect fee", "connection fee", "connection cost", "connection charge", "connect charge", "connect cost", "setup fee", "set up fee", "setup charge", "set up charge",
        "call setup charge", "call set up charge", "cost on call", "cost per call", "charge per call", "per call", "surcharge", "flagfall", "call setup", "peak call set up charge",
        "scatto", "scatto alla risposta", "establecimiento", "frais de connexion", "verbindungsgebuhr", "taxa de conexao"),
    "initial_increment": (
        "initial increment", "first increment", "first interval", "initial interval", "interval 1", "increment 1", "initial", "min duration", "minimum duration", "minimum", "min",
        "minimum seconds", "min seconds", "min time", "initial block", "first block", "initblock", "init block", "billing minimum", "min charge time", "initial period",
        "initial billing increment", "first billing increment", "durata minima", "incremento inicial", "premier increment"),
    "next_increment": (
        "next increment", "sub interval", "subinterval", "subsequent increment", "subsequent interval", "second increment", "additional increment", "interval n", "interval 2",
        "increment 2", "next interval", "billing block", "billingblock", "next block", "sub increment", "additional interval", "next billing increment",
        "additional billing increment", "recurring increment", "incremento siguiente", "incremento"),
    "increments": ("increments", "billing increment", "billing increments", "increment", "billing", "billing terms", "billing interval", "billing type", "interval", "intervals",
                   "rounding", "chargeable increments", "min inc", "min incr", "min increment", "pulse", "cadence", "taktung", "takt", "incrementi", "tarification"),
    "free_seconds": ("free seconds", "grace time", "grace period", "grace", "free time", "secondi gratuiti"),
    "effective_from": (
        "effective from", "effective date", "effective", "eff date", "effectivedate", "date effective", "valid from", "validity", "start date", "startdate", "from date", "from",
        "start", "begin date", "activation date", "effective activation date", "date", "date from", "valid since", "effective as of", "new rate effective date", "change date",
        "rate effective date", "effective time", "implementation date", "validita", "data validita", "valido dal", "decorrenza", "data decorrenza", "data inizio", "fecha", "fecha efectiva", "fecha de inicio", "vigencia",
        "date effet", "date d effet", "date debut", "gultig ab", "gultig von", "ab", "data de inicio", "data efetiva", "obowiazuje od", "gecerlilik", "дата", "дата начала", "деиствует с"),
    "effective_until": ("effective until", "end date", "enddate", "valid to", "valid until", "valid till", "expiry date", "expiration date", "expires", "expire date", "to date", "until",
                        "effective to", "date to", "end", "stop date", "stopdate", "valido al", "data fine", "fecha fin", "date fin", "gultig bis", "дата окончания"),
    "currency": ("currency", "curr", "ccy", "currency code", "valuta", "moneda", "devise", "wahrung", "moeda", "waluta", "валюта"),
    "status": ("status", "state", "availability", "route status", "stato", "estado", "statut", "blocked", "статус"),
    "comment": ("comment", "comments", "remark", "remarks", "note", "notes", "change", "changes", "change type", "rate change", "indicator", "rate status", "code change", "trend",
                "action", "note commenti", "commento", "comentario", "commentaire", "bemerkung", "movement", "изменение"),
    "ignore": (
        "old rate", "previous rate", "old price", "previous price", "prior rate", "created date", "modified date", "created", "modified", "priority", "strip", "prepend", "trunk", "tag",
        "account", "city", "province", "monthly fee", "call type", "did", "route type", "margin", "difference", "variation", "minimum charge", "ignored", "iso", "iso code", "id", "old code", "no", "nr",
        "intrastate rate", "intra rate", "off peak call set up charge", "weekend call set up charge", "lata", "ocn", "tier", "quality", "asr", "acd"),
}


def normal(header: str) -> str:
    """Lower case, no accents, no text in brackets, words separated by one space; `ignored (…)` stays ignored."""
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
