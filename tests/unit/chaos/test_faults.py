"""The list of faults is what issue 6 asks for, and the command line refuses what it cannot do."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.__main__ import FEWEST, options, unless
from tests.chaos.faults import FAULTS, OUTAGE_S, PAUSE_S
from tests.chaos.report import Outcome

PARTS = ("service", "postgres", "asterisk", "browser", "proxy")
NAMED = {one.name: one for one in FAULTS}


def test_every_part_is_killed_and_paused_and_the_rest_is_there() -> None:
    wanted = {f"{part}-{verb}" for part in PARTS for verb in ("killed", "paused")}
    wanted |= {"disk-recordings", "disk-log", "disk-postgres", "network-cut", "clock-forward", "clock-back"}
    assert set(NAMED) == wanted | {"postgres-gone"}
    assert len(NAMED) == len(FAULTS)


def test_pauses_and_outages_last_as_long_as_is_asked_for() -> None:
    assert {NAMED[f"{part}-paused"].lasts_s for part in PARTS} == {PAUSE_S} == {30.0}
    assert NAMED["postgres-gone"].lasts_s == OUTAGE_S == 600.0


def test_only_asterisks_own_death_and_full_disks_are_excused() -> None:
    excused = {name for name, one in NAMED.items() if one.allowed.asterisk_dies}
    assert excused == {"asterisk-killed"}
    assert {name for name, one in NAMED.items() if one.allowed.nothing_recorded} == {"disk-recordings"}
    assert {name for name, one in NAMED.items() if one.allowed.no_logs} == {"disk-log"}


@pytest.mark.parametrize("words", [["--calls", str(FEWEST - 1)], ["--only", "nothing"], ["--calls", "many"]])
def test_what_cannot_be_done_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        options(words)
    assert refusal.value.code == 2
    assert "error" in capsys.readouterr().err


def test_several_faults_may_be_chosen() -> None:
    chosen = options(["--only", "service-killed", "network-cut", "--calls", "20", "--short"])
    assert (chosen.only, chosen.calls, chosen.short) == (["service-killed", "network-cut"], 20, True)


async def test_ctrl_c_stops_whatever_the_cleaning_up_meets() -> None:
    """Somebody who wants to stop does not get the next scenario because a part was dead already."""
    stopped, begun = asyncio.Event(), asyncio.Event()

    async def playing() -> Outcome:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ProcessLookupError from None
        return Outcome("never", None)

    watching = asyncio.create_task(unless(stopped, playing()))
    await begun.wait()
    stopped.set()
    assert await watching is None


async def test_what_was_played_to_its_end_counts() -> None:
    async def playing() -> Outcome:
        return Outcome("played", None)

    assert await unless(asyncio.Event(), playing()) == Outcome("played", None)
