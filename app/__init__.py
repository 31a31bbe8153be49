"""The marketplace: one package per domain, in data-flow order.

Map: `carriers` (companies, products, trunks) > `decks` (rate decks in) > `market` (offers compared,
bought) > `routing` (snapshots for the core, simulator) > `reports`; below them `web` (pages' shell),
`audit`, `jobs`, `security`, `db`, `config`, `clock`, `errors`. `create_app` builds the Flask application.
"""

from app.factory import create_app

__all__ = ["create_app"]
