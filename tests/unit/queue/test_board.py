"""The waiting lines on the board."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hotline.cti.model import QueueChanged
from hotline.queue.board import QueueLine, QueueLines

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(seconds=40)


def test_a_queue_is_on_the_board_before_the_first_call() -> None:
    assert QueueLines(("hotline",)).lines() == (QueueLine("hotline", 0, None),)


def test_the_last_fact_counts() -> None:
    lines = QueueLines()
    lines.set(QueueChanged("pbx1", "hotline", 3, EARLIER, NOW))
    lines.set(QueueChanged("pbx1", "hotline", 1, NOW, NOW))
    lines.set(QueueChanged("pbx1", "hotline", 1, NOW, NOW))

    assert lines.lines() == (QueueLine("hotline", 1, NOW),)


def test_servers_are_added_up_and_the_longest_wait_is_that_of_all() -> None:
    lines = QueueLines()
    lines.set(QueueChanged("pbx1", "hotline", 2, NOW, NOW))
    lines.set(QueueChanged("pbx2", "hotline", 3, EARLIER, NOW))
    lines.set(QueueChanged("pbx2", "second", 0, None, NOW))

    assert lines.lines() == (QueueLine("hotline", 5, EARLIER), QueueLine("second", 0, None))
