"""Pages of the deck domain and its API, put on the application."""

from __future__ import annotations

from apiflask import APIFlask


def register(app: APIFlask) -> None:
    from app.decks import (
        api_desk,
        endings,  # noqa: F401  (a check that ends without a result)
    )
    from app.decks.api import api
    from app.decks.views.arrivals import arrivals
    from app.decks.views.history import history
    from app.decks.views.impact import impact
    from app.decks.views.lists import lists
    from app.decks.views.pages import pages
    from app.decks.views.rules import rules
    from app.decks.views.traps import traps
    from app.decks.views.wizard import wizard
    from app.decks.views.wizard_review import approve  # noqa: F401  (puts its steps on the wizard)

    app.register_blueprint(pages)
    app.register_blueprint(wizard)
    app.register_blueprint(history)
    app.register_blueprint(arrivals)
    app.register_blueprint(impact)
    app.register_blueprint(traps)
    app.register_blueprint(lists)
    app.register_blueprint(rules)
    app.register_blueprint(api)
    app.register_blueprint(api_desk.api)
