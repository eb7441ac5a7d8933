"""The hub's settings come from the environment, and what is wrong with them is named at once."""

from __future__ import annotations

import pytest

from hub.config import HubConfig, RateLimit
from hub.sync_rate import Rate, wait_ms
from shared.errors import InvalidInput
from shared.ids import SystemRandomness


def test_settings_have_defaults_and_a_secret_that_stays(tmp_path) -> None:
    environ = {"TONGXIN_HUB_FOLDER": str(tmp_path / "hub"), "TONGXIN_HUB_ADDRESS": "http://10.0.0.2:8090/"}
    first, again = (HubConfig.from_env(environ, randomness=SystemRandomness()) for _ in range(2))
    assert first == again and len(first.site.secret_key) == 32
    assert (first.database, first.address) == (tmp_path / "hub" / "hub.db", "http://10.0.0.2:8090")
    assert (tmp_path / "hub" / "secret").stat().st_mode & 0o077 == 0


def test_every_wrong_setting_is_named(tmp_path) -> None:
    environ = {"TONGXIN_HUB_PORT": "99999", "TONGXIN_HUB_THREADS": "many", "TONGXIN_HUB_ADDRESS": "hub.local"}
    with pytest.raises(InvalidInput) as refused:
        HubConfig.from_env({**environ, "TONGXIN_HUB_FOLDER": str(tmp_path)}, randomness=SystemRandomness())
    assert [(p.field, p.reason) for p in refused.value.problems] == [
        ("TONGXIN_HUB_PORT", "out_of_range"),
        ("TONGXIN_HUB_THREADS", "not_integer"),
        ("TONGXIN_HUB_ADDRESS", "not_url"),
    ]


@pytest.mark.parametrize(
    ("before", "now", "wait"),
    [([], 0, 0), ([0, 10], 20, 0), ([0, 10, 20], 30, 70), ([0, 10, 20], 99, 1), ([0, 10, 20], 100, 0)],
)
def test_a_window_slides(before, now, wait) -> None:
    assert wait_ms(before, RateLimit(3, 100), now) == wait


def test_addresses_are_counted_apart_and_forgotten_when_there_are_too_many() -> None:
    rate = Rate(RateLimit(1, 100, addresses_max=2))
    assert [rate.knock(address, 0) for address in ("a", "a", "b", "c", "a")] == [0, 100, 0, 0, 0]
