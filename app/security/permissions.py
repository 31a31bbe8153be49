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
    "test:read": "See test calls, their recordings and evidence",
    "test:order": "Order test calls, issue test tickets",
    "report:read": "Download reports",
    "product:manage": "Create and edit products",
    "trunk:manage": "Create and edit trunks",
    "key:manage": "Create and revoke API keys",
    "user:manage": "Invite people and set roles",
    "company:manage": "Keep the company's facts and papers, ask for approval",
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
            "test:read",
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
            "test:order",
            "report:read",
            "test:read",
            "call:read",
            "call:import",
            "job:read",
            "job:cancel",
        }
    ),
    "noc": frozenset(
        {
            "deck:read",
            "market:read",
            "trunk:manage",
            "lcr:simulate",
            "test:order",
            "report:read",
            "test:read",
            "call:read",
            "job:read",
            "job:cancel",
        }
    ),
    "finance": frozenset(
        {"market:read", "report:read", "test:read", "call:read", "call:import", "job:read", "audit:read"}
    ),
    "viewer": frozenset(
        {"deck:read", "market:read", "report:read", "test:read", "lcr:simulate", "call:read", "job:read"}
    ),
    OPERATOR: _COMPANY | {OPERATOR},
}

ROLE_TEXTS: dict[str, str] = {
    "owner": "Everything of the company, people and keys included",
    "rates": "Rate decks: upload, review, approve",
    "trader": "Market: browse, buy, decide on requests",
    "noc": "Trunks and routing questions: the network's day and night",
    "finance": "Reports, amounts and the audit log",
    "viewer": "Reads, changes nothing",
    OPERATOR: "Runs the exchange",
}

# Whoever may do one of these trades or publishes, and needs a second factor to sign in.
TWO_FACTOR_PERMISSIONS = frozenset(
    {"deck:approve", "product:manage", "market:buy", "order:decide", "key:manage", "user:manage", OPERATOR}
)

# Without the company's side these mean nothing, so they are not given.
SELLER_ONLY = frozenset({"product:manage"})
# A buyer has decks of its own vendors outside the market.
DECKS = frozenset({"deck:read", "deck:write", "deck:approve"})
BUYER_ONLY = frozenset({"market:buy"})
# Acts that other companies would see: not before the operator has approved the company.
LIVE_ONLY = frozenset({"market:buy", "order:decide", "test:order"})

# What an API key may carry.
KEY_SCOPES = (
    "lcr:query", "lcr:explain", "deck:read", "deck:write", "deck:approve", "market:read", "market:buy", "order:decide",
    "lcr:simulate", "report:read", "test:read", "test:order", "call:read", "call:import", "job:read",
)  # fmt: skip

# Given only to keys that the operator makes: it commands the edge (docs/state.md).
CONTROL_SCOPE = "lcr:control"


def permissions_of(
    roles: frozenset[str], *, sells: bool, buys: bool, sandbox: bool = False
) -> frozenset[str]:
    """What the roles add up to in a company that sells, buys, or both; less while it is in the sandbox.
    The operator keeps everything."""
    granted = frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
    if OPERATOR in granted:
        return granted
    if not sells:
        granted -= SELLER_ONLY
    if not sells and not buys:
        granted -= DECKS
    if not buys:
        granted -= BUYER_ONLY
    if sandbox:
        granted -= LIVE_ONLY
    return granted


def needs_two_factor(permissions: frozenset[str]) -> bool:
    """Whether somebody who may do this trades or publishes."""
    return bool(permissions & TWO_FACTOR_PERMISSIONS)
