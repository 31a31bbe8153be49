"""What each route of the marketplace lets through. A route without a row here fails the isolation test.

`open_` anyone · `person` anyone signed in, about themselves · `needs(...)` an actor with every permission named;
`of` is the kind of object in the path (tests.isolation.tenants), which must be the asker's own or is not found.
`shared=True`: the object may be seen by other companies too (a listed product), so only its secrets are looked for.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    kind: str  # open | person | needs
    permissions: tuple[str, ...] = ()
    shared: bool = False
    write: tuple[str, ...] = ()  # what a method other than GET needs on top, where one view serves both

    def needed(self, method: str) -> tuple[str, ...]:
        return self.permissions if method == "GET" else (*self.permissions, *self.write)


def needs(*permissions: str, shared: bool = False, write: str | None = None) -> Rule:
    return Rule("needs", permissions, shared, (write,) if write else ())


open_ = Rule("open")
person = Rule("person")

# Name of a path parameter -> kind of object whose id fills it.
PARAMETERS: dict[str, str] = {
    "deck_id": "deck",
    "version_id": "version",
    "template_id": "template",
    "job_id": "job",
    "search_id": "search",
    "event_id": "event",
    "company_id": "company",
    "product_id": "product",
    "trunk_id": "trunk",
    "vendor_trunk_id": "vendor_trunk",
    "key_id": "key",
    "user_id": "user",
    "purchase_id": "purchase",
    "offer_id": "product",
}

# Path parameters that name no object.
PLAIN: dict[str, str] = {
    "filename": "x.js",
    "token": "x",
    "format": "csv",
    "ext": "csv",
    "name": "lcr",
    "key": "1-0123456789",
    "kind": "csv",
}

EXPECTED: dict[str, Rule] = {
    "openapi.spec": open_,
    "security.static": open_,
    "security.logout": open_,
    "security.login": open_,
    "security.tf_select": open_,
    "security.two_factor_token_validation": open_,
    "security.two_factor_rescue": open_,
    "security.mf_recovery": open_,
    "security.verify": person,
    "security.two_factor_setup": person,
    "security.two_factor_setup_validate": person,
    "security.change_password": person,
    "security.mf_recovery_codes": person,
    "products.index": needs("deck:read"),
    "products.index_csv": needs("deck:read"),
    "products.create": needs("product:manage"),
    "products.edit": needs("product:manage"),
    "products.create_trunk": needs("trunk:manage"),
    "products.edit_trunk": needs("trunk:manage"),
    "trunks.index": needs("market:read"),
    "trunks.index_csv": needs("market:read"),
    "trunks.create": needs("trunk:manage"),
    "trunks.edit": needs("trunk:manage"),
    "keys.index": needs("key:manage"),
    "keys.index_csv": needs("key:manage"),
    "keys.create": needs("key:manage"),
    "keys.revoke": needs("key:manage"),
    "keys.connect": needs("market:read"),
    "orders.received": needs("market:read"),
    "orders.received_csv": needs("market:read"),
    "orders.placed": needs("market:read"),
    "orders.placed_csv": needs("market:read"),
    "orders.ask": needs("market:buy", shared=True),
    "orders.accept": needs("order:decide"),
    "orders.decline": needs("order:decide"),
    "orders.withdraw": needs("market:buy"),
    "orders.end": needs("order:decide"),
    "market.index": needs("market:read", shared=True),
    "market.index_csv": needs("market:read", shared=True),
    "market.panel": needs("market:read", shared=True),
    "market.compare_page": needs("market:read", shared=True),
    "market.compare_csv": needs("market:read", shared=True),
    "market.save": needs("market:read"),
    "market.forget": needs("market:read"),
    "market.watch": needs("market:read", shared=True),
    "market_api.offers": needs("market:read", shared=True),
    "market_api.compare_offers": needs("market:read", shared=True),
    "simulator.index": needs("lcr:simulate"),
    "simulator.index_csv": needs("lcr:simulate"),
    "simulate.simulate_api": needs("lcr:simulate"),
    "purchases.list_": needs("market:read"),
    "purchases.show": needs("market:read"),
    "purchases.create": needs("market:buy"),
    "purchases.accept": needs("order:decide"),
    "purchases.decline": needs("order:decide"),
    "purchases.withdraw": needs("market:buy"),
    "purchases.end": needs("order:decide"),
    "people.index": needs("user:manage"),
    "people.index_csv": needs("user:manage"),
    "people.create": needs("user:manage"),
    "people.role": needs("user:manage"),
    "people.active": needs("user:manage"),
    "companies.own": person,
    "companies.edit": needs("user:manage"),
    "companies.index": needs("operator"),
    "companies.index_csv": needs("operator"),
    "companies.create": needs("operator"),
    "companies.status": needs("operator"),
    "jobs.index": needs("job:read"),
    "jobs.index_csv": needs("job:read"),
    "jobs.show": needs("job:read"),
    "jobs.api_show": needs("job:read"),
    "jobs.cancel": needs("job:cancel"),
    "audit.index": needs("audit:read"),
    "audit.index_csv": needs("audit:read"),
    "dashboard.index": person,
    "dashboard.health": needs("operator"),
    "dashboard.snapshots": needs("operator"),
    "dashboard.snapshots_csv": needs("operator"),
    "apidocs.page": person,
    "web.metrics_page": open_,
    "me.show": person,
    "web.healthz": open_,
    "web.readyz": open_,
    "decks.inbox": needs("deck:read"),
    "decks.new": needs("deck:write"),
    "deck.show": needs("deck:read"),
    "deck.status": needs("deck:read"),
    "deck.file": needs("deck:read", write="deck:write"),
    "deck.sheet": needs("deck:read", write="deck:write"),
    "deck.columns": needs("deck:read", write="deck:write"),
    "deck.errors": needs("deck:read"),
    "deck.repair": needs("deck:write"),
    "deck.problems_csv": needs("deck:read"),
    "deck.review": needs("deck:read"),
    "deck.diff_csv": needs("deck:read"),
    "deck.approve": needs("deck:read", write="deck:approve"),
    "deck.keep_template": needs("deck:write"),
    "deck.check": needs("deck:write"),
    "deck.stop": needs("deck:write"),
    "deck.discard": needs("deck:write"),
    "deck.original": needs("deck:read"),
    "deck_history.versions": needs("deck:read"),
    "deck_history.prices": needs("deck:read"),
    "deck_history.download": needs("deck:read"),
    "deck_history.differences": needs("deck:read"),
    "deck_history.rollback": needs("deck:approve"),
    "decks_api.post_deck": needs("deck:write"),
    "decks_api.list_decks": needs("deck:read"),
    "decks_api.get_deck": needs("deck:read"),
    "decks_api.get_problems": needs("deck:read"),
    "decks_api.get_diff": needs("deck:read"),
    "decks_api.put_options": needs("deck:write"),
    "decks_api.post_approve": needs("deck:approve"),
    "decks_api.post_discard": needs("deck:write"),
    "decks_api.get_prices": needs("deck:read"),
    "decks_api.get_versions": needs("deck:read"),
    "reports.index": needs("report:read"),
    "reports.show": needs("report:read"),
    "reports.file": needs("report:read"),
    "reports_api.reports": needs("report:read"),
    "reports_api.file": needs("report:read"),
    "demo.samples": needs("deck:read"),
    "demo.sample": needs("deck:read"),
}
