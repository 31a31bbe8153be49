"""The menu: which entries a person sees. An entry names a URL, a permission and what the company must do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One line of the menu; `needs` is '' | 'sandbox' | 'sells' | 'buys' | 'operator'."""

    label: str
    href: str
    icon: str
    permission: str = ""
    needs: str = ""


MENU: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("Dashboard", "/", "dashboard"),
            Entry("Checklist", "/onboarding", "clipboard-list", "", "sandbox"),
        ),
    ),
    (
        "Sell",
        (
            Entry("Rate decks", "/decks", "file-spreadsheet", "deck:read", "sells"),
            Entry("Deck rules", "/deck-rules", "adjustments", "deck:read", "sells"),
            Entry("Products", "/products", "tag", "deck:read", "sells"),
            Entry("Orders received", "/orders/received", "receipt", "market:read", "sells"),
        ),
    ),
    (
        "Buy",
        (
            Entry("Market", "/market", "building-store", "market:read"),
            Entry("Depth of market", "/market/depth", "chart-bar", "market:read"),
            Entry("Cheapest basket", "/market/basket", "shopping-cart", "market:read", "buys"),
            Entry("Orders placed", "/orders/placed", "shopping-cart", "market:read", "buys"),
            Entry("Private decks", "/private-vendors", "lock", "market:read", "buys"),
            Entry("Rate notices", "/rate-notices", "bell", "market:read"),
            Entry("Trunks", "/trunks", "plug", "market:read", "buys"),
            Entry("Connect your switch", "/connect", "api", "market:read", "buys"),
        ),
    ),
    (
        "Trade",
        (
            Entry("Requests for quotes", "/rfqs", "list-details", "market:read"),
            Entry("Peering", "/peering", "arrows-exchange", "market:read"),
            Entry("Deals", "/deals", "scale", "market:read"),
            Entry("Agreements", "/agreements", "lock", "market:read"),
        ),
    ),
    (
        "Understand",
        (
            Entry("LCR simulator", "/simulator", "route", "lcr:simulate"),
            Entry("Test calls", "/test-calls", "phone-outgoing", "test:read"),
            Entry("Call records", "/calls", "phone-call", "call:read"),
            Entry("Reports", "/reports", "report-analytics", "report:read"),
        ),
    ),
    (
        "Company",
        (
            Entry("News", "/news", "bell", "market:read"),
            Entry("API keys", "/keys", "key", "key:manage"),
            Entry("Webhooks", "/webhooks", "api", "key:manage"),
            Entry("People", "/users", "users", "user:manage"),
            Entry("Jobs", "/jobs", "clipboard-list", "job:read"),
            Entry("Audit", "/audit", "shield-check", "audit:read"),
        ),
    ),
    (
        "Exchange",
        (
            Entry("Companies", "/operator/companies", "building", "operator", "operator"),
            Entry("Approvals", "/operator/approvals", "check", "operator", "operator"),
            Entry("Snapshots", "/operator/snapshots", "database", "operator", "operator"),
            Entry("Routing state", "/operator/routing-state", "route", "operator", "operator"),
            Entry("Number files", "/operator/numbers", "world", "operator", "operator"),
            Entry("Limits of test calls", "/operator/test-calls", "gauge", "operator", "operator"),
            Entry("Health", "/operator/health", "heart-rate-monitor", "operator", "operator"),
        ),
    ),
)


def menu_for(
    permissions: frozenset[str], *, sells: bool, buys: bool, operator: bool, sandbox: bool = False
) -> list[tuple[str, list[Entry]]]:
    """The groups and entries this person may open; empty groups are left out."""
    has = {
        "": True,
        "sells": sells or operator,
        "buys": buys or operator,
        "operator": operator,
        "sandbox": sandbox,
    }
    groups = []
    for title, entries in MENU:
        shown = [e for e in entries if has[e.needs] and (not e.permission or e.permission in permissions)]
        if shown:
            groups.append((title, shown))
    return groups


def entry_of(menu: list[tuple[str, list[Entry]]], path: str) -> str:
    """The address of the one entry a page belongs to: the longest that begins its path; empty for none."""
    hrefs = [entry.href for _, entries in menu for entry in entries]
    found = [href for href in hrefs if path == href or (href != "/" and path.startswith(f"{href}/"))]
    return max(found, key=len, default="")
