"""The dialplan on a real Asterisk with real calls: greeting, queue, recording, voice mail, outgoing calls."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hotline.stand.rendering import CEL_FIELDS
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_answers, citizen_calls
from hotline.stand.tones import hear_by_second, seconds_of_tone
from tests.calls.asterisk import Events, ami

pytestmark = pytest.mark.calls

NEVER = ["00:00-00:01,mon,1,jan"]


def queue_log(stand: Stand, call: str) -> list[list[str]]:
    text = (stand.asterisk.settings.log_dir / "queue_log").read_text()
    return [fields for line in text.splitlines() if (fields := line.split("|"))[1] == call]


def cel(stand: Stand, call: str) -> list[dict[str, str]]:
    with (stand.asterisk.settings.log_dir / "cel/events.csv").open(newline="") as file:
        rows = [dict(zip(CEL_FIELDS, row, strict=True)) for row in csv.reader(file)]
    return [row for row in rows if row["LinkedID"] == call]


def recording(stand: Stand, call: str, leg: str = "") -> Path:
    return stand.asterisk.settings.recording_dir / f"{call}{leg}.wav"


async def entered(events: Events) -> str:
    return (await events.wait("UserEvent", UserEvent="CallEntered"))["CallId"]


def test_configuration_loads_without_complaint(stand: Stand) -> None:
    complaints = [line for line in stand.asterisk.output().splitlines() if "ERROR" in line or "WARNING" in line]
    assert complaints == []


async def test_citizen_is_greeted_queued_recorded_and_gives_up(stand: Stand) -> None:
    async with (
        ami(stand.asterisk.settings) as events,
        citizen_calls(stand, caller="+79280001122", did="88001000000", sound=440.0) as citizen,
    ):
        entry = await events.wait("UserEvent", UserEvent="CallEntered")
        call = entry["CallId"]
        assert call.startswith("pbx1-")
        assert entry["Did"] == "88001000000"
        assert entry["CallerIDNum"] == "+79280001122"
        assert entry["ChanVariable"].startswith(("CALL_ID=", "CARD_ID="))
        await events.wait("UserEvent", UserEvent="CallGreeted", CallId=call)
        joined = await events.wait("QueueCallerJoin", Uniqueid=call)
        assert (joined["Queue"], joined["Position"]) == ("hotline", "1")
        await events.wait("MusicOnHoldStart", Uniqueid=call)
        await citizen.hang_up()
        abandoned = await events.wait("QueueCallerAbandon", Uniqueid=call)
        assert abandoned["Queue"] == "hotline"
        await events.wait("Hangup", Uniqueid=call)
    steps = [fields[4] for fields in queue_log(stand, call)]
    assert steps == ["ENTERQUEUE", "ABANDON"]
    kinds = [row["UserDefType"] or row["EventEnum"] for row in cel(stand, call)]
    assert kinds == ["CHAN_START", "CallEntered", "ANSWER", "CallGreeted", "HANGUP", "CHAN_END", "LINKEDID_END"]
    assert all(recording(stand, call, leg).exists() for leg in ("", "-in", "-out"))
