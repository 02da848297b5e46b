"""The arithmetic of quality: the score, and how reports add up to a leg of a call."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hotline.softphone.quality_rules import Alarm, LegQuality, QualityChanged, Report, Verdict, mos, verdict, worst

ROWS = json.loads((Path(__file__).parents[3] / "frontend" / "test" / "phone" / "mos.json").read_text())
NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


def report(
    received: int = 100, lost: int = 0, *, alarm: Alarm | None = None, jitter: float = 2.0, rtt: float | None = 20.0
) -> Report:
    return Report("leg-1", received, lost, jitter, rtt, alarm)


def begun(key: str = "pbx1-1.1") -> LegQuality:
    return LegQuality(key, 7, "101", "leg-1", NOW, NOW)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
def test_the_score_is_that_of_the_page(row: dict[str, float]) -> None:
    assert mos(row["loss_pct"], row["jitter_ms"], row["rtt_ms"]) == pytest.approx(row["mos"], abs=0.0006)


@pytest.mark.parametrize(
    ("score", "word"),
    [(4.4, Verdict.GOOD), (4.03, Verdict.GOOD), (4.02, Verdict.FAIR), (3.6, Verdict.FAIR), (3.59, Verdict.POOR)],
)
def test_words(score: float, word: Verdict) -> None:
    assert verdict(score) is word


@pytest.mark.parametrize(
    ("what", "loss", "score"),
    [
        (report(100, 0), 0.0, mos(0, 2, 20)),
        (report(90, 10), 10.0, mos(10, 2, 20)),
        (report(100, 0, rtt=None), 0.0, mos(0, 2, 0)),
        (report(0, 0), 0.0, None),  # on hold: nothing was to be heard
        (report(0, 0, alarm=Alarm.MICROPHONE_OFF), 0.0, None),
        (report(0, 0, alarm=Alarm.PATH_LOST), 100.0, 1.0),
        (report(0, 0, alarm=Alarm.NOTHING_RECEIVED), 100.0, 1.0),
        (report(0, 4, alarm=Alarm.PATH_LOST), 100.0, 1.0),
    ],
)
def test_a_report_has_its_loss_and_score(what: Report, loss: float, score: float | None) -> None:
    assert (what.loss_pct, what.mos) == (loss, pytest.approx(score) if score is not None else None)


def test_reports_add_up() -> None:
    leg, before = begun(), None
    stream = [
        report(100, 0, jitter=9, rtt=None),
        report(0, 0, alarm=Alarm.PATH_LOST),
        report(0, 0, alarm=Alarm.NOTHING_RECEIVED),  # the same fault goes on
        report(90, 10, rtt=50),
        report(0, 0),
    ]
    for number, one in enumerate(stream):
        at = NOW + timedelta(seconds=2 * number)
        leg = leg.plus(one, at, before)
        before = QualityChanged("101", 7, leg.call_key, at, one)

    assert (leg.received, leg.lost, leg.scored) == (190, 10, 4)
    assert leg.loss_pct == pytest.approx(5)
    assert (leg.mos_min, leg.jitter_max_ms, leg.rtt_max_ms) == (1.0, 9, 50)
    assert leg.mos == pytest.approx((mos(0, 9, 0) + 1 + 1 + mos(10, 2, 50)) / 4)
    assert (leg.alarms, leg.alarm_s) == (1, 4.0)
    assert leg.last_at == NOW + timedelta(seconds=8)


def test_an_alarm_of_another_leg_is_another_alarm() -> None:
    other = QualityChanged("101", 7, "k", NOW, Report("leg-0", 0, 0, 0, None, Alarm.PATH_LOST))
    leg = begun().plus(report(0, alarm=Alarm.PATH_LOST), NOW + timedelta(seconds=2), other)
    assert (leg.alarms, leg.alarm_s) == (1, 0.0)


def test_a_fault_is_not_counted_through_a_silence_of_the_browser() -> None:
    before = QualityChanged("101", 7, "k", NOW, report(0, alarm=Alarm.PATH_LOST))
    assert begun().plus(report(), NOW + timedelta(hours=1), before).alarm_s == 10.0


def test_the_microphone_is_no_one_way_sound() -> None:
    assert begun().plus(report(alarm=Alarm.MICROPHONE_SILENT), NOW, None).alarms == 0


def test_the_worst_leg_speaks_for_the_call() -> None:
    good, bad = begun().plus(report(), NOW, None), begun().plus(report(80, 20), NOW, None)
    assert worst((good, bad, begun())) is bad
    assert worst((begun(),)) is None
