"""The exchange's second opinion of a call's sound (issue 3): what RTP counted, and where a browser's page differs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hotline.cti import rtcp
from hotline.cti.model import LineReport
from hotline.softphone.line_rules import Disagreement, LineMeasured, LineQuality, begun, disagreements
from hotline.softphone.quality_rules import LegQuality

T0 = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
KEY, LEG = "pbx1-1.1", "pbx1-1.2"
ALL = (
    "ssrc=11;themssrc=22;lp=3;rxjitter=0.001250;rxcount=740;txjitter=0.002000;txcount=750;rlp=8;rtt=0.020500;"
    "rxmes=87.4;txmes=88.0"
)
SEEN = LineReport(740, 3, 1.25, 750, 8, 2.0, 20.5)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ALL, SEEN),
        (ALL.replace("rtt=0.020500", "rtt=0.000000"), LineReport(740, 3, 1.25, 750, 8, 2.0, None)),
        (ALL.replace("lp=3", "lp=-1"), LineReport(740, 0, 1.25, 750, 8, 2.0, 20.5)),
        ("", None),
        ("0", None),
        (ALL.replace("rxcount=740", "rxcount=many"), None),
    ],
)
def test_what_asterisk_says_of_a_channel(text: str, found: LineReport | None) -> None:
    assert rtcp.parse(text) == found


def fact(seconds: float, report: LineReport, extension: str | None = "101") -> LineMeasured:
    return LineMeasured(KEY, extension, LEG, T0 + timedelta(seconds=seconds), report)


def test_counts_are_of_the_whole_channel_and_the_worst_is_kept() -> None:
    later = LineReport(990, 13, 0.5, 1000, 8, 0.5, None)
    line = begun(fact(0, SEEN)).plus(fact(5, later))
    assert (line.first_at, line.last_at) == (T0, T0 + timedelta(seconds=5))
    assert (line.received, line.lost, line.sent, line.sent_lost) == (990, 13, 1000, 8)
    assert (line.jitter_max_ms, line.sent_jitter_max_ms, line.rtt_max_ms) == (1.25, 2.0, 20.5)
    assert line.loss_pct == pytest.approx(100 * 13 / 1003)
    assert line.sent_loss_pct == pytest.approx(0.8)


def leg(received: int, lost: int, *, extension: str = "101", alarms: int = 0) -> LegQuality:
    return LegQuality(KEY, 1, extension, "leg-1", T0, T0, received=received, lost=lost, alarms=alarms)


def line(received: int, lost: int, sent: int, sent_lost: int, *, extension: str | None = "101") -> LineQuality:
    return LineQuality(KEY, LEG, extension, T0, T0, received, lost, 1.0, sent, sent_lost)


DIFFERS, UNHEARD = Disagreement.LOSS_DIFFERS, Disagreement.OPERATOR_UNHEARD


@pytest.mark.parametrize(
    ("page", "channel", "found"),
    [
        pytest.param(leg(990, 10), line(1000, 0, 1000, 12), set(), id="the same, but for a report that is due"),
        pytest.param(leg(1000, 0), line(1000, 0, 1000, 40), {DIFFERS}, id="the page saw no loss, RTCP tells of 4 %"),
        pytest.param(leg(940, 60), line(1000, 0, 1000, 0), {DIFFERS}, id="the page alone saw loss"),
        pytest.param(leg(40, 20), line(60, 0, 60, 0), set(), id="too short to tell"),
        pytest.param(leg(1000, 0), line(900, 100, 1000, 0), {UNHEARD}, id="he is not heard well, and does not know"),
        pytest.param(leg(1000, 0, alarms=1), line(900, 100, 1000, 0), set(), id="he knows"),
        pytest.param(leg(1000, 0), line(900, 100, 1000, 100), {UNHEARD, DIFFERS}, id="both"),
        pytest.param(leg(1000, 0, extension="102"), line(900, 100, 1000, 100), set(), id="another telephone's"),
        pytest.param(leg(1000, 0), line(900, 100, 1000, 100, extension=None), set(), id="the citizen's channel"),
    ],
)
def test_a_clear_disagreement(page: LegQuality, channel: LineQuality, found: set[Disagreement]) -> None:
    assert disagreements([page], [channel]) == ({"101": frozenset(found)} if found else {})


def test_a_reload_makes_two_of_an_operators_channels() -> None:
    page = [leg(500, 0), leg(500, 0)]
    assert disagreements(page, [line(500, 0, 500, 40), line(500, 0, 500, 0)]) == {"101": {DIFFERS}}
    assert disagreements(page, [line(500, 0, 500, 20), line(500, 0, 500, 0)]) == {}
