"""Registers the pages and API routes of this domain on the application."""

from __future__ import annotations

from apiflask import APIFlask

from app.deals import agreement_pages, api, basket_pages, deal_pages, peering_api, peering_pages, rfq_pages


def register(app: APIFlask) -> None:
    """Requests for quotes, peering offers, deals, agreements, depth and baskets; the same over the API."""
    app.register_blueprint(rfq_pages.pages)
    app.register_blueprint(deal_pages.pages)
    app.register_blueprint(agreement_pages.pages)
    app.register_blueprint(basket_pages.pages)
    app.register_blueprint(basket_pages.api)
    app.register_blueprint(api.api)
    app.register_blueprint(peering_pages.pages)
    app.register_blueprint(peering_api.api)
