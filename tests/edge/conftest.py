"""An exchange on disk and edges over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.edge.exchange import Exchange
from tests.edge.process import Edge


@pytest.fixture(scope="module")
def shared_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """One edge over one snapshot, for tests that change neither."""
    root = tmp_path_factory.mktemp("lcr")
    Exchange(root).publish()
    edge = Edge(tmp_path_factory.mktemp("log"), root).start()
    yield edge
    edge.stop()


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    root = tmp_path / "lcr"
    root.mkdir()
    return Exchange(root)


@pytest.fixture
def start_edge(tmp_path: Path, exchange: Exchange) -> Iterator[Callable[..., Edge]]:
    """Start edges over `exchange`; they are killed at the end."""
    started: list[Edge] = []

    def start(**settings: Any) -> Edge:
        port = settings.pop("port", 0)
        edge = Edge(tmp_path, exchange.root, settings, port).start()
        started.append(edge)
        return edge

    yield start
    for edge in started:
        edge.stop()
