"""What the edge is told of the settings."""

from __future__ import annotations

import pytest

from app.cli_serve import edge_config, with_edge
from app.config import Edge, Settings
from app.errors import DomainError


def test_without_a_certificate_there_is_no_tls_listener() -> None:
    assert edge_config(Settings())["tls"] is None


def test_a_registry_of_lrns_is_named_with_what_bounds_it() -> None:
    assert edge_config(Settings())["lrn_dip"] is None
    settings = Settings(edge=Edge(lrn_dip_url="http://192.0.2.7/{number}", lrn_dip_prefixes=("1", "44")))
    assert edge_config(settings)["lrn_dip"] == {
        "url": "http://192.0.2.7/{number}",
        "deadline_ms": 50,
        "ttl_seconds": 3600,
        "negative_ttl_seconds": 600,
        "max_entries": 500_000,
        "max_concurrent": 64,
        "prefixes": ["1", "44"],
        "field": "lrn",
        "authorization": None,
        "ca": None,
    }


def test_half_a_pair_is_refused_and_the_missing_half_named() -> None:
    with pytest.raises(DomainError, match=r"edge\.tls_key is not set"):
        edge_config(Settings(edge=Edge(tls_certificate="a.pem")))
    with pytest.raises(DomainError, match=r"edge\.tls_certificate is not set"):
        edge_config(Settings(edge=Edge(tls_key="a.pem")))


def test_options_of_the_command_stand_before_the_settings() -> None:
    settings = Settings(edge=Edge(host="192.0.2.1", tls_certificate="a.pem", tls_key="a.key"))
    changed = with_edge(settings, {"tls_key": "b.key", "tls_port": 9443, "tls_client_ca": None})
    assert edge_config(changed)["tls"] == {
        "certificate": "a.pem",
        "key": "b.key",
        "client_ca": None,
        "host": "192.0.2.1",
        "port": 9443,
        "handshake_timeout_ms": 5000,
        "max_handshakes": 256,
    }
