"""kill -9 of web, worker and edge under `tandem serve`: each comes back by itself, the others keep serving."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.tree import Tree, serving, wait

pytestmark = [pytest.mark.slow, pytest.mark.alone]
BACK_WITHIN_S = 15.0  # the promise is 5 s on a quiet machine; the check runs on a busy one


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    with serving(tmp_path_factory.mktemp("serve")) as running:
        yield running


@pytest.mark.parametrize("killed", ["web", "edge", "worker"])
def test_a_killed_process_comes_back_and_the_others_are_left_alone(tree: Tree, killed: str) -> None:
    others = {word: tree.children(word) for word in ("web", "edge", "worker") if word != killed}
    dead = tree.kill(killed)
    wait(
        lambda: bool(tree.children(killed)) and tree.children(killed) != [dead],
        f"a new {killed}",
        BACK_WITHIN_S,
    )
    wait(lambda: tree.get(tree.web_port, "/readyz")[0] == 200, "the web", BACK_WITHIN_S)
    wait(lambda: tree.get(tree.edge_port, "/healthz")[0] == 200, "the edge", BACK_WITHIN_S)
    assert {word: tree.children(word) for word in others} == others


def test_the_database_is_whole_after_the_kills(tree: Tree) -> None:
    assert tree.run("audit", "verify").returncode == 0


def test_sigterm_ends_the_whole_tree(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        process = running.process
        assert process is not None
        pids = [pid for word in ("web", "edge", "worker") for pid in running.children(word)]
        assert len(pids) == 3
    assert process.returncode == 0
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
