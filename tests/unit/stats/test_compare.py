"""Issue 5, "statistics that prove themselves": logs of the real Asterisk, read in two ways, say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hotline.cti import history
from hotline.cti.model import Call, SegmentKind
from hotline.journal.segment_store import hold_s
from hotline.stats.compare import Kept, Wait, compare
from hotline.stats.seen import Seen, see
from tests.unit.cti.test_history import read


def kept(call: Call) -> Kept:
    """Return a call as its rows have it."""
    assert call.ended_at is not None
    end = call.ended_at
    talks = [one for one in call.segments if one.kind is SegmentKind.TALK]
    waits = [one for one in call.segments if one.kind is SegmentKind.WAIT]
    return Kept(
        call.key,
        call.direction.value,
        call.started_at,
        end,
        call.outcome.value if call.outcome else "",
        call.operator if talks else None,
        tuple(one.extension or "" for one in talks),
        sum(one.seconds(end) - hold_s(one, call.holds, end) for one in talks),
        tuple(Wait(one.queue or "", one.seconds(end), one.result.value, 7) for one in waits),
    )


def both(suffix: str) -> tuple[dict[str, Kept], dict[str, Seen]]:
    rows, lines = read(suffix)
    rebuilt = [call for key, mine in rows.items() for call in history.rebuild("pbx1", mine, lines.get(key, []))]
    seen = {key: found for key, mine in rows.items() if (found := see(key, mine, lines.get(key, []))) is not None}
    return {call.key: kept(call) for call in rebuilt if call.direction.value != "internal"}, seen


@pytest.mark.parametrize("suffix", ["", "3"])
def test_real_logs_agree_with_the_calls_made_of_them(suffix: str) -> None:
    ours, logs = both(suffix)
    assert len(ours) >= 3
    assert compare(ours, logs) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"outcome": "out_of_hours"}, "outcome"),
        ({"operator": "999"}, "operator"),
        ({"talks": ()}, "operators"),
        ({"direction": "out"}, "direction"),
        ({"waits": ()}, "waits"),
    ],
)
def test_each_falsification_is_named(change: dict[str, Any], what: str) -> None:
    ours, logs = both("")
    key = next(key for key, call in ours.items() if call.talks and call.waits)
    ours[key] = replace(ours[key], **change)
    assert [(one.call_key, one.what) for one in compare(ours, logs)] == [(key, what)]


@pytest.mark.parametrize("name", ["started_at", "ended_at"])
@pytest.mark.parametrize(("seconds", "differs"), [(0.9, False), (1.5, True)])
def test_moments_may_differ_by_a_second(name: str, seconds: float, *, differs: bool) -> None:
    ours, logs = both("")
    key = next(iter(ours))
    ours[key] = replace(ours[key], **{name: getattr(ours[key], name) + timedelta(seconds=seconds)})
    assert bool(compare(ours, logs)) is differs


def test_who_asked_to_be_called_back_is_not_lost() -> None:
    rows, lines = read("")
    key = next(key for key, found in both("")[1].items() if found.outcome == "abandoned_queue")
    asked = replace(rows[key][1], user_type="CallbackAsked", at=rows[key][-1].at)
    found = see(key, [*rows[key], asked], lines[key])
    assert found is not None
    assert found.outcome == "callback"


def test_a_call_that_only_one_of_both_knows() -> None:
    ours, logs = both("")
    key = next(iter(ours))
    assert [one.what for one in compare({}, {key: logs[key]})] == ["call"]
    assert [one.logs for one in compare({key: ours[key]}, {})] == ["—"]
