"""Roles and what each may do. A role belongs to one person in one company."""

from __future__ import annotations

OPERATOR = "operator"

PERMISSIONS: dict[str, str] = {
    "deck:read": "See rate decks and versions",
    "deck:write": "Upload and map rate decks",
    "deck:approve": "Approve, shift and roll back rate decks",
    "market:read": "Browse and compare offers",
    "market:buy": "Request products",
    "order:decide": "Accept or decline requests",
    "lcr:simulate": "Use the routing simulator",
    "lcr:query": "Ask the routing endpoint",
    "lcr:explain": "See why each vendor was taken or left",
    "call:read": "See call records and their sums",
    "call:import": "Import call records and settle those in quarantine",
    "report:read": "Download reports",
    "product:manage": "Create and edit products",
    "trunk:manage": "Create and edit trunks",
    "key:manage": "Create and revoke API keys",
    "user:manage": "Invite people and set roles",
    "audit:read": "Read the audit log",
    "job:read": "See jobs and their progress",
    "job:cancel": "Stop jobs",
}

_COMPANY = frozenset(PERMISSIONS)

ROLES: dict[str, frozenset[str]] = {
    "owner": _COMPANY,
    "rates": frozenset(
        {
            "deck:read",
            "deck:write",
            "deck:approve",
            "market:read",
            "report:read",
            "call:read",
            "job:read",
            "job:cancel",
        }
    ),
    "trader": frozenset(
        {
            "market:read",
            "market:buy",
            "order:decide",
            "lcr:simulate",
            "report:read",
            "call:read",
            "call:import",
            "job:read",
            "job:cancel",
        }
    ),
    "viewer": frozenset({"deck:read", "market:read", "report:read", "lcr:simulate", "call:read", "job:read"}),
    OPERATOR: _COMPANY | {OPERATOR},
}

ROLE_TEXTS: dict[str, str] = {
    "owner": "Everything of the company, people and keys included",
    "rates": "Rate decks: upload, review, approve",
    "trader": "Market: browse, buy, decide on requests",
    "viewer": "Reads, changes nothing",
    OPERATOR: "Runs the exchange",
}

# Without the company's side these mean nothing, so they are not given.
SELLER_ONLY = frozenset({"deck:read", "deck:write", "deck:approve", "product:manage"})
BUYER_ONLY = frozenset({"market:buy"})

# What an API key may carry.
KEY_SCOPES = (
    "lcr:query", "lcr:explain", "deck:read", "deck:write", "deck:approve", "market:read", "market:buy", "order:decide",
    "lcr:simulate", "report:read", "call:read", "call:import", "job:read",
)  # fmt: skip

# Given only to keys that the operator makes: it commands the edge (docs/state.md).
CONTROL_SCOPE = "lcr:control"


def permissions_of(roles: frozenset[str], *, sells: bool, buys: bool) -> frozenset[str]:
    """What the roles add up to in a company that sells, buys, or both. The operator keeps everything."""
    granted = frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
    if OPERATOR in granted:
        return granted
    if not sells:
        granted -= SELLER_ONLY
    if not buys:
        granted -= BUYER_ONLY
    return granted
