"""Out of hours a citizen leaves a message; it is in the list of calls and can be played (S002-01, S002-02)."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import aiohttp
import pytest

from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from hotline.stand.tones import RATE, hear, seconds_of_tone, telephone_samples
from tests.browser.desk import PASSWORD
from tests.calls.records import closed
from tests.house import open_house

pytestmark = pytest.mark.calls

CITIZEN_HZ = 440.0
NEVER = "00:00-00:00,mon,1,jan"
PROMPTS = dict.fromkeys(("greeting", "out_of_hours", "leave_message", "message_saved"), "beep")


async def test_a_message_left_out_of_hours_is_listed_and_playable(demo_db_url: str, tmp_path: Path) -> None:
    night = {**PROMPTS, "business_hours": [NEVER], "voicemail_max_s": 5}
    async with Stand(database=False, asterisk=night) as stand, open_house(stand, demo_db_url) as house:
        headers = {"Origin": house.url, "Accept": "application/json"}
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(house.url, cookie_jar=jar, headers=headers) as supervisor:
            # Before the call: four seconds after it there is one Opus file instead of what is played first.
            await supervisor.post("/login", json={"login": "sup301", "password": PASSWORD})
            async with citizen_calls(stand.asterisk, caller="79285550115", sound=CITIZEN_HZ, hold_s=30):
                await house.logged("is over and in the journal", within_s=40)
                async with supervisor.get("/calls") as answer:
                    (call,) = (await answer.json())["calls"]
                await closed(stand.asterisk, stand.asterisk.settings.recording_dir / f"{call['key']}.wav")
                async with supervisor.get(f"/recordings/{call['key']}") as answer:
                    assert answer.status == 200, await answer.text()
                    sound = await answer.read()
            await house.logged(f"recording {call['key']} is kept", within_s=40)
            async with supervisor.get(f"/recordings/{call['key']}") as answer:
                kept = await answer.read()
        folder = stand.asterisk.settings.recording_dir
        assert [path.name for path in folder.glob(f"{call['key']}*")] == [f"{call['key']}.opus"]
        assert kept == (folder / f"{call['key']}.opus").read_bytes()
        archived = tmp_path / "kept.opus"
        archived.write_bytes(kept)
        heard = [hear(telephone_samples(archived)[at : at + RATE], CITIZEN_HZ) for at in range(0, 8 * RATE, RATE)]
        assert sum(one.is_tone() for one in heard) >= 3
    # A supervisor sees the last digits (domain 3.4).
    assert (call["outcome"], call["caller"], call["recorded"]) == ("voicemail", "••••0115", True)
    assert (call["operator"], call["talk_s"]) == (None, 0)
    with wave.open(io.BytesIO(sound)) as recording:
        assert recording.getnframes() / recording.getframerate() > 4
    played = tmp_path / "played.wav"
    played.write_bytes(sound)
    assert seconds_of_tone(played, CITIZEN_HZ) > 3
