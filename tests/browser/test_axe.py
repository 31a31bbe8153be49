"""axe-core on every page there is: generated from the routes, so a new page is looked at without being named here."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from apiflask import APIFlask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from app.db import db
from app.jobs.progress import SilentProgress
from app.market.service.build_market import build_market
from app.security.models import User
from tests.browser.desk import CHROMIUM, ready
from tests.factories.app import NOW, login, make_app, make_company, make_user
from tests.isolation.expectations import EXPECTED
from tests.isolation.tenants import Tenant, make_tenant
from tests.isolation.test_routes import address

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.browser, *ready,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core (tools/setup frontend)"),
]  # fmt: skip
T = TypeVar("T")
SHOTS = os.environ.get("TANDEM_SHOTS", "")
# Pages that are files in disguise, or that only exist within a step of signing in.
LEFT_OUT = {"security.static", "openapi.spec"}
RUN = """async rules => {
  const options = rules ? { runOnly: { type: 'rule', values: rules } } : {};
  const found = await axe.run(document, { resultTypes: ['violations'], ...options });
  return found.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
    .map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | ')}`);
}"""


@dataclass
class House:
    app: APIFlask
    tenant: Tenant
    people: dict[str, User | None]
    address: str
    browser: Browser

    def apart(self, work: Callable[[], T]) -> T:
        """In a thread of its own: this one belongs to the browser's event loop."""
        with ThreadPoolExecutor(1) as worker:
            return worker.submit(work).result()

    def page_as(self, who: str) -> Page:
        context = self.browser.new_context(
            base_url=self.address, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        user = self.people[who]
        if user is not None:
            client = self.apart(lambda: login(self.app.test_client(), user))
            cookie = client.get_cookie("tandem_session")
            assert cookie is not None
            context.add_cookies([{"name": "tandem_session", "value": cookie.value, "url": self.address}])
        context.add_init_script(path=AXE)
        page = context.new_page()
        page.set_default_timeout(180_000)
        return page

    def paths(self, who: str) -> list[str]:
        """Every address that gives this person a whole page."""
        return self.apart(lambda: self._paths(who))

    def _paths(self, who: str) -> list[str]:
        user, found = self.people[who], []
        for rule in self.app.url_map.iter_rules():
            if (
                "GET" not in (rule.methods or ())
                or rule.endpoint in LEFT_OUT
                or rule.rule.startswith("/api/v1")
            ):
                continue
            if who == "operator" and "operator" not in EXPECTED[rule.endpoint].permissions:
                continue
            client = self.app.test_client()
            if user is not None:
                login(client, user)
            path = address(rule, self.tenant)
            with client.get(path) as answer:
                whole = answer.mimetype == "text/html" and b"<html" in answer.data
                if answer.status_code == 200 and whole:
                    found.append(path)
        return sorted(set(found))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    app = make_app(tmp_path_factory.mktemp("axe"))
    with app.app_context():
        tenant = make_tenant(db.session, "Alpha", app.config["TANDEM"].files_dir)
        build_market(db.session, app.config["TANDEM"], now=NOW, progress=SilentProgress())
        operator = make_company(db.session, "Exchange", is_operator=True)
        boss = make_user(db.session, operator, "operator")
        people: dict[str, User | None] = {"nobody": None, "owner": tenant.people["owner"], "operator": boss}
        for user in (boss, *tenant.people.values()):
            db.session.refresh(user)
            _ = user.roles
        db.session.expunge_all()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield House(app, tenant, people, f"http://localhost:{server.server_port}", browser)
        browser.close()
    server.shutdown()
    thread.join()
    server.server_close()


def looked_at(page: Page, path: str) -> list[str]:
    """Light, dark (colours only) and 390 px wide (nothing wider than the window)."""
    page.goto(path)
    faults = [f"{path} {fault}" for fault in page.evaluate(RUN, None)]
    picture(page, path, "light")
    theme("dark", page)
    faults += [f"{path} dark {fault}" for fault in page.evaluate(RUN, ["color-contrast"])]
    picture(page, path, "dark")
    theme("light", page)
    page.set_viewport_size({"width": 390, "height": 844})
    wide: Any = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        faults.append(f"{path} is {wide} px wider than a telephone")
    picture(page, path, "390")
    page.set_viewport_size({"width": 1440, "height": 900})
    return faults


def theme(name: str, page: Page) -> None:
    page.evaluate("name => document.documentElement.setAttribute('data-bs-theme', name)", name)


def picture(page: Page, path: str, kind: str) -> None:
    if SHOTS:
        name = path.strip("/").replace("/", "_").replace("?", "_") or "index"
        page.screenshot(path=f"{SHOTS}/{name[:80]}-{kind}.png", full_page=kind != "dark")


@pytest.mark.parametrize(("who", "least"), [("nobody", 6), ("owner", 40), ("operator", 8)])
def test_no_page_has_a_serious_fault(house: House, who: str, least: int) -> None:
    paths = house.paths(who)
    assert len(paths) >= least, paths
    page = house.page_as(who)
    faults = [fault for path in paths for fault in looked_at(page, path)]
    assert faults == [], "\n".join(faults)
