"""Every link and clickable row of the menu's pages leads to a page of this application."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.db import db
from app.web.nav import MENU
from tests.factories.app import login, make_app, make_company, make_product, make_user

HREF = re.compile(r'(?:href|data-href)="(/[^"#?]*)')


@pytest.mark.parametrize("role", ["owner", "rates", "trader", "viewer"])
def test_no_link_of_the_menus_pages_is_missing_or_refused(tmp_path: Path, role: str) -> None:
    app = make_app(tmp_path)
    with app.app_context():
        company = make_company(db.session, sells=True, buys=True)
        make_product(db.session, company, version=1)
        client = login(app.test_client(), make_user(db.session, company, role))
    seen: dict[str, str] = {}
    for _, entries in MENU:
        for entry in entries:
            page = client.get(entry.href)
            if page.status_code == 200:
                found = HREF.findall(page.get_data(as_text=True))
                seen.update({link: entry.href for link in found if not link.startswith("/static/")})
    answers = {
        link: client.get(link).status_code for link in seen if link not in ("/sign-out", "/market/compare")
    }
    assert {link: (code, seen[link]) for link, code in answers.items() if code in (403, 404, 405, 500)} == {}


def test_a_row_number_beyond_the_database_is_not_found(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    with app.app_context():
        company = make_company(db.session, sells=True, buys=True)
        client = login(app.test_client(), make_user(db.session, company, "owner"))
    for page in ("/market/request/{}", "/products/{}/edit", "/decks/{}", "/trunks/{}/edit"):
        assert client.get(page.format(10**24)).status_code == 404
        assert client.get(page.format(2**31)).status_code == 404
