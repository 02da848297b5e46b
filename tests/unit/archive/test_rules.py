"""The pure rules of the archive: seals, terms, completeness."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotline.archive.chain import GENESIS, Event, Fault, Seal, check_file, check_links, hash_of, present
from hotline.archive.coverage import Conversation, Stretch, report
from hotline.archive.retention import Kept, Terms, is_due

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


def chain(count: int = 4) -> list[Seal]:
    seals: list[Seal] = []
    for number in range(1, count + 1):
        previous = seals[-1].hash if seals else GENESIS
        bare = Seal(number, Event.STORED, f"pbx1-1.{number}", f"{number}.wav", 100, "ab" * 32, NOW, previous)
        seals.append(replace(bare, hash=hash_of(bare)))
    return seals


def resealed(seal: Seal, **change: Any) -> Seal:
    """A forger who knows how hashes are made."""
    changed = replace(seal, **change)
    return replace(changed, hash=hash_of(changed))


def test_an_untouched_chain_is_in_order() -> None:
    seals = chain()
    assert check_links(seals) == []
    assert check_links(seals, head=seals[2].hash) == []
    assert check_links([]) == []


@pytest.mark.parametrize(
    ("tampered", "faults"),
    [
        pytest.param(lambda s: [s[0], replace(s[1], sha256="cd" * 32), *s[2:]], {Fault.SEAL}, id="changed"),
        pytest.param(
            lambda s: [s[0], resealed(s[1], sha256="cd" * 32), *s[2:]], {Fault.ORDER}, id="changed-and-resealed"
        ),
        pytest.param(lambda s: [s[0], *s[2:]], {Fault.ORDER}, id="removed"),
        pytest.param(lambda s: [s[0], s[2], s[1], s[3]], {Fault.ORDER}, id="reordered"),
        pytest.param(lambda s: s[1:], {Fault.ORDER}, id="beginning-cut"),
        pytest.param(lambda s: [replace(s[0], at=NOW + timedelta(microseconds=1)), *s[1:]], {Fault.SEAL}, id="time"),
    ],
)
def test_tampering_is_found(tampered: object, faults: set[Fault]) -> None:
    assert callable(tampered)
    assert {one.fault for one in check_links(tampered(chain()))} == faults


def test_a_chain_cut_short_is_found_by_the_head_that_was_written_down() -> None:
    seals = chain()
    assert check_links(seals[:2]) == []  # the chain alone cannot know
    assert [one.fault for one in check_links(seals[:2], head=seals[3].hash)] == [Fault.CUT]


def test_what_must_be_on_disk() -> None:
    stored, other = chain(2)
    encoded = replace(stored, number=3, event=Event.ENCODED, file="1.opus")
    deleted = replace(other, number=4, event=Event.DELETED)
    assert present([stored, other, encoded, deleted]) == [encoded]
    assert check_file(encoded, encoded.sha256) is None
    found = [check_file(encoded, None), check_file(encoded, "00")]
    assert [one.fault for one in found if one] == [Fault.MISSING, Fault.CHANGED]


@pytest.mark.parametrize(
    ("days_ago", "queue", "held", "needed", "due"),
    [
        pytest.param(365, "hotline", False, False, True, id="over-on-the-day"),
        pytest.param(364, "hotline", False, False, False, id="a-day-before"),
        pytest.param(4000, "hotline", True, False, False, id="legal-hold"),
        pytest.param(4000, "hotline", False, True, False, id="appeal-still-runs"),
        pytest.param(400, "complaints", False, False, False, id="queue-with-a-longer-term"),
        pytest.param(31, "short", False, False, True, id="queue-with-a-shorter-term"),
        pytest.param(366, None, False, False, True, id="no-queue"),
    ],
)
def test_retention(days_ago: int, queue: str | None, held: bool, needed: bool, due: bool) -> None:
    terms = Terms(365, {"complaints": 1825, "short": 30})
    assert is_due(Kept("k", queue, NOW - timedelta(days=days_ago), held, needed), terms, NOW) is due
    assert terms.shortest() == 30


def stretch(start: float, end: float) -> Stretch:
    return Stretch(NOW + timedelta(seconds=start), NOW + timedelta(seconds=end))


def test_gaps() -> None:
    found = report(
        [
            Conversation("whole", stretch(10, 110), stretch(0, 111)),
            Conversation("paused", stretch(0, 100), stretch(0, 100), (stretch(20, 30), stretch(95, 130))),
            Conversation("begins-late", stretch(0, 100), stretch(40, 100)),
            Conversation("never", stretch(0, 100), None),
            Conversation("rounding", stretch(0, 100), stretch(0.9, 100)),
        ]
    )
    assert [(gap.call_key, gap.missing_s) for gap in found.gaps] == [("never", 100), ("begins-late", 40)]
    assert (found.calls, found.talked_s, found.paused_s) == (5, 500, 15)
    assert found.share == pytest.approx(359.1 / 500)
    assert report([]).share == 1
