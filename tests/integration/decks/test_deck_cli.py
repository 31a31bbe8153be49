"""`tandem deck …`: every verb, what it prints where, and every exit code that can occur."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from app.db import db
from app.decks.models import Deck
from tests.integration.decks.command import Ended, tandem
from tests.integration.decks.world import DECK, World, make_world

FULL = (
    "--carrier",
    "acme-carrier",
    "--product",
    "Premium CLI",
    "--mode",
    "full",
    "--effective-from",
    "receipt",
)
GAPS = DECK + "Spain,34,,1/1\n"
LATE = DECK.replace("0.0050", "0.0090")  # a higher rate without notice


class Shell:
    """Commands over one world's data, and files to send."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.data = folder / "var"

    def __call__(self, *arguments: object) -> Ended:
        return tandem(self.data, *arguments)

    def send(
        self, text: str = DECK, *more: object, name: str = "deck.csv", common: tuple[str, ...] = FULL
    ) -> Ended:
        path = self.folder / name
        path.write_text(text)
        return self("deck", "import", path, *common, *more)

    def everything(self) -> tuple[dict[str, int], list[str]]:
        """Rows of every table, and every file below the data directory (the installation's own secrets apart)."""
        with self.world.app.app_context():
            names = sa.inspect(db.engine).get_table_names()
            counts = {n: db.session.scalar(sa.text(f'SELECT count(*) FROM "{n}"')) or 0 for n in names}
        own = ("tandem.sqlite", "secret_key", "password_salt", "totp_key")
        files = [str(p) for p in self.data.rglob("*") if p.is_file() and not p.name.startswith(own)]
        return counts, sorted(files)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(make_world(tmp_path), tmp_path)


def lines(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_a_deck_goes_in_is_looked_at_approved_and_rolled_back_by_commands(shell: Shell) -> None:
    product = shell.world.product.id
    sent = shell.send(DECK, "--json")
    assert (sent.code, sent.json["state"], sent.json["labels"]) == (0, "review", {"NEW": 4}), sent.err
    deck = sent.json["id"]
    assert f"tandem deck approve {deck}" in sent.err
    head, row = lines(shell("deck", "list", "--state", "open").out)
    assert dict(zip(head, row, strict=True))["state"] == "review"
    assert shell("deck", "show", deck, "--json").json["codes"] == 4
    assert ["state", "review"] in lines(shell("deck", "show", deck).out)
    done = shell("deck", "approve", deck, "--note", "first", "--json")
    assert (done.code, done.json) == (0, {"deck": deck, "outcome": "approved", "version": 1})

    second = shell.send(
        "Destination,Code,Rate\nFrance,33,0.0030\n", "--mode", "partial", "--approve", name="two.csv"
    )
    assert second.code == 0
    assert second.out == ""
    assert "version 2 is in force" in second.err
    found = shell("deck", "diff", f"{product}:1", f"{product}:2", "--json").json
    assert [(r["code"], r["label"], r["old_rate"], r["new_rate"]) for r in found] == [
        ("33", "DECREASE", "0.005", "0.003")
    ]
    assert len(shell("deck", "diff", f"{product}:1", f"{product}:2", "--all", "--json").json) == 4

    back = shell("deck", "rollback", product, 1, "--json")
    assert (back.code, back.json) == (0, {"product": product, "version": 3, "back_to": 1})
    printed = shell("deck", "export", product)
    assert printed.out.splitlines()[1].startswith("33,France,0.005,USD")
    assert "4 codes of Premium CLI, version 3" in printed.err
    assert shell("deck", "export", product, "--version", 2).out.splitlines()[1].startswith("33,France,0.003")
    book = shell.folder / "deck.xlsx"
    assert shell("deck", "export", product, "--format", "xlsx", "--output", book).code == 0
    assert openpyxl.load_workbook(book).worksheets[0]["A2"].value == "33"
    versions = shell("deck", "versions", product, "--json").json
    assert [(v["number"], v["rollback_to"]) for v in versions] == [(3, 1), (2, None), (1, None)]


def test_a_dry_run_leaves_nothing_behind(shell: Shell) -> None:
    before = shell.everything()
    good = shell.send(DECK, "--dry-run", "--approve", "--json")
    assert (good.code, good.json["dry_run"], good.json["id"], good.json["labels"]) == (
        0,
        True,
        None,
        {"NEW": 4},
    )
    assert "nothing was kept" in good.err
    bad = shell.send(GAPS, "--dry-run")
    assert bad.code == 3
    assert "rate_missing" in bad.err
    made = shell.send(
        "Alpha,Beta,Gamma\nFrance,33,0.005\n", "--dry-run", "--create-product", "--json", "--map", "Alpha=destination",
        "--map", "B=code", "--map", "3=rate",
        common=("--carrier", "acme-carrier", "--product", "New One", *FULL[4:]),
    )  # fmt: skip
    assert (made.code, made.json["state"]) == (0, "review"), made.err
    assert shell.everything() == before


def test_a_dry_run_of_a_deck_under_review_leaves_it_under_review(shell: Shell) -> None:
    deck = shell.send(DECK, "--json").json["id"]
    before = shell.everything()
    assert shell.send(DECK, "--dry-run").code == 0
    assert shell.everything() == before
    assert shell("deck", "show", deck, "--json").json["state"] == "review"


def test_refused_rows_end_with_3_and_a_repair_lets_the_rest_in(shell: Shell) -> None:
    refused = shell.send(GAPS, "--approve", "--json")
    assert (refused.code, refused.json["state"], refused.json["outcome"]) == (3, "rejected", None)
    assert "row 6" in refused.err
    assert "skip_rows_without_rate" in refused.err
    assert shell("deck", "versions", shell.world.product.id, "--json").json == []
    mended = shell.send(GAPS, "--approve", "--json", "--repair", "skip_rows_without_rate")
    assert (mended.code, mended.json["id"], mended.json["version"]) == (0, refused.json["id"], 1)
    again = shell.send(GAPS, "--approve", "--json")
    assert (again.code, again.json["version"]) == (0, 1)
    assert "nothing to do" in again.err


def test_unknown_headings_are_mapped_by_option_for_a_product_made_on_the_way(shell: Shell) -> None:
    sent = shell.send(
        "Alpha,Beta,Gamma\nFrance,33,0.005\n", "--create-product", "--class", "premium", "--currency", "EUR", "--json",
        "--map", "Alpha=destination", "--map", "B=code", "--map", "3=rate", "--approve",
        common=("--carrier", "acme-carrier", "--product", "New One", *FULL[4:]),
    )  # fmt: skip
    assert (sent.code, sent.json["outcome"], sent.json["currency"]) == (0, "approved", "EUR"), sent.err
    assert ",EUR," in shell("deck", "export", sent.json["product_id"]).out.splitlines()[1]


def test_warnings_end_with_4_only_when_strict(shell: Shell) -> None:
    assert shell.send(DECK, "--approve").code == 0
    assert shell.send(LATE, "--dry-run").code == 0
    strict = shell.send(LATE, "--dry-run", "--strict")
    assert strict.code == 4
    assert "notice_short" in strict.err
    assert shell.send(LATE, "--strict", "--approve", "--json").code == 4


def test_a_first_of_two_approvals_ends_with_75(shell: Shell) -> None:
    assert shell.send(DECK, "--approve").code == 0
    sent = shell.send(
        "Destination,Code,Rate\nUnited Kingdom,44,0.0040\n", "--approve", "--json", name="short.csv"
    )
    assert (sent.code, sent.json["outcome"]) == (75, "seconding"), sent.err
    assert shell("deck", "approve", sent.json["id"]).code == 1  # the same person twice
    done = shell("deck", "approve", sent.json["id"], "--as", shell.world.second.email)
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("deck", "show", 99), 5, "no deck 99"),
        (("deck", "show", 10**19), 5, "no deck"),
        (("deck", "export", 1), 5, "no approved deck yet"),
        (("deck", "export", 99), 5, "no product 99"),
        (("deck", "diff", "1:1", "1:2"), 5, "no version 1"),
        (("deck", "diff", "1", "2"), 2, "PRODUCT-ID:VERSION"),
        (("deck", "list", "--state", "lost"), 2, "review"),
        (("deck", "list", "--as", "nobody@example.org"), 5, "no active account"),
        (("deck", "rollback", 1, 0), 3, "count from 1"),
        (("deck", "rollback", 1, 4), 5, "no version 4"),
        (("deck", "approve", 99), 5, "no deck 99"),
        (("deck", "discard", 99), 5, "no deck 99"),
        (("deck", "import", "/nowhere/deck.csv", *FULL), 2, "does not exist"),
        (("deck", "melt"), 2, "melt"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_ends_with_its_code(
    shell: Shell, arguments: tuple[Any, ...], code: int, said: str
) -> None:
    ended = shell(*arguments)
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert said in ended.err


def test_an_import_that_cannot_begin_says_why_and_leaves_nothing(shell: Shell) -> None:
    before = shell.everything()
    other = ("--carrier", "nobody", *FULL[2:])
    assert shell.send(DECK, common=other).code == 5
    unknown = shell.send(DECK, common=(*FULL[:2], "--product", "Gold", *FULL[4:]))
    assert (unknown.code, "Premium CLI" in unknown.err) == (5, True)
    assert shell.send("").code == 3
    assert shell.send("", "--dry-run").code == 3
    assert shell.send("", "--create-product", common=(*FULL[:2], "--product", "Gold", *FULL[4:])).code == 3
    assert shell.send(DECK, "--repair", "mend_all").code == 2
    assert shell.send(DECK, "--map", "Code=colour", "--dry-run").code == 2
    assert shell.send(DECK, "--map", "Nothing=code", "--dry-run").code == 3
    assert shell.everything() == before
    assert shell.send(DECK, "--approve").code == 0
    conflict = shell.send(DECK, "--mode", "partial")
    assert (conflict.code, "approved before" in conflict.err) == (1, True)
    product = shell.world.product.id
    assert shell("deck", "rollback", product, 1).code == 1
    assert shell("deck", "export", product, "--format", "xlsx").code == 2
    assert shell("deck", "export", product, "--output", shell.folder / "no" / "deck.csv").code == 2


def test_an_interrupt_ends_with_130_and_the_deck_can_be_sent_again(shell: Shell) -> None:
    path = shell.folder / "big.csv"
    path.write_text(
        "Destination,Code,Rate\n" + "".join(f"Place {n},{n},0.01\n" for n in range(100_000, 900_000))
    )
    command = [
        sys.executable,
        "-m",
        "app.cli",
        "--data-dir",
        str(shell.data),
        "deck",
        "import",
        str(path),
        *FULL,
    ]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ))
    deadline = time.monotonic() + 60
    with shell.world.app.app_context():
        while db.session.scalar(sa.select(Deck.state)) != "checking":
            db.session.rollback()
            assert child.poll() is None, child.communicate()[1]
            assert time.monotonic() < deadline
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
        db.session.rollback()
        assert child.returncode == 130
        assert db.session.scalar(sa.select(Deck.state)) == "failed"
    assert not list(shell.data.glob("deck-*"))
