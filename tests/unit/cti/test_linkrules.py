from __future__ import annotations

import pytest

from hotline.cti.linkrules import Timing, Value, clean, retry_delay
from hotline.errors import BadInput

TIMING = Timing(first_retry=0.5, longest_retry=30)


@pytest.mark.parametrize(
    ("attempt", "chance", "seconds"),
    [(0, 1.0, 0.5), (0, 0.0, 0.25), (1, 1.0, 1.0), (3, 0.5, 3.0), (6, 1.0, 30.0), (10_000, 0.0, 15.0)],
    ids=["first", "first, lucky", "doubles", "spread", "longest", "never overflows"],
)
def test_retry_delay(attempt: int, chance: float, seconds: float) -> None:
    assert retry_delay(attempt, TIMING, chance) == pytest.approx(seconds)


@pytest.mark.parametrize("bad", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b"])
def test_value_cannot_smuggle_a_header_in(bad: str) -> None:
    with pytest.raises(BadInput):
        clean({"Action": "Setvar", "Value": bad})
    with pytest.raises(BadInput):
        clean({"Action": "Originate", "Variable": ["x=1", bad]})
    with pytest.raises(BadInput):
        clean({bad: "x"})


def test_originate_is_always_asynchronous() -> None:
    action: dict[str, Value] = {"Action": "Originate", "Async": "false"}
    assert clean(action)["Async"] == "true"
    assert "Async" not in clean({"Action": "Ping"})


def test_a_link_is_tried_often_enough() -> None:
    """Issue 6: the journal equals CEL 30 s after; 10 s of them belong to the snapshot and to what was missed."""
    timing = Timing()
    worst = retry_delay(30, timing, 1.0) + timing.connect + timing.login
    assert worst <= 20
