"""Settings: order of precedence, and no unknown key passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config_sources import ConfigError, load_settings


def test_a_flag_beats_the_environment_and_the_environment_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "tandem.toml"
    file.write_text("[web]\nport = 1\nworkers = 7\nthreads = 3\n")
    loaded = load_settings(
        {"web.port": "3"}, environ={"TANDEM_WEB__PORT": "2", "TANDEM_WEB__WORKERS": "5"}, path=file
    )
    assert (loaded.settings.web.port, loaded.settings.web.workers, loaded.settings.web.threads) == (3, 5, 3)
    assert loaded.sources["web.port"] == "flag"
    assert loaded.sources["web.workers"] == "environment TANDEM_WEB__WORKERS"
    assert loaded.sources["web.threads"] == str(file)
    assert loaded.sources["web.host"] == "default"


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={"TANDEM_WEB__PROT": "1"})
    assert "web.prot" in caught.value.message
    assert caught.value.hint == "Did you mean web.port?"


def test_a_value_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(ConfigError):
        load_settings({"web.port": "eighty"}, environ={})


def test_a_list_is_comma_separated_in_the_environment() -> None:
    loaded = load_settings(environ={"TANDEM_LCR__CLOSED_CODES": "870, 881"})
    assert loaded.settings.lcr.closed_codes == ("870", "881")
