"""One entry of the menu at most is the page's own."""

from __future__ import annotations

import pytest

from app.web.nav import MENU, entry_of, menu_for


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/market", "/market"),
        ("/market/compare", "/market"),
        ("/market/depth", "/market/depth"),
        ("/market/basket", "/market/basket"),
        ("/peering/3/propose", "/peering"),
        ("/", "/"),
        ("/account", ""),
    ],
)
def test_the_longest_address_that_begins_the_path_is_marked(path: str, entry: str) -> None:
    everything = frozenset(one.permission for _, entries in MENU for one in entries)
    menu = menu_for(everything, sells=True, buys=True, operator=True)
    assert entry_of(menu, path) == entry
