"""Playing a recording: with seek, for those who may, and noted."""

from __future__ import annotations

import os
import wave

import pytest
from sqlalchemy import text

from tests.integration.web.conftest import KEY, Site, ended_call

SECONDS = 2


async def record(site: Site, extension: str = "101") -> bytes:
    """A finished call and its recording on disk; return the file's bytes."""
    await site.services.calls.record(ended_call(extension, recorded=True))
    path = site.recording_dir / f"{KEY}.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(range(256)) * (8000 * 2 * SECONDS // 256))
    return path.read_bytes()


async def test_the_whole_recording(site: Site) -> None:
    whole = await record(site)
    async with site.logged_in() as anna:
        answer = await anna.get(f"/recordings/{KEY}")
    assert (answer.status, answer.body) == (200, whole)
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=100-199", 100, 199), ("bytes=1000-", 1000, None), ("bytes=-50", -50, None)]
)
async def test_a_part_of_it_for_seeking(site: Site, asked: str, first: int, last: int | None) -> None:
    whole = await record(site)
    async with site.logged_in() as anna:
        answer = await anna.get(f"/recordings/{KEY}", Range=asked)
    assert answer.status == 206
    assert answer.body == whole[first : None if last is None else last + 1]
    assert answer.headers["Content-Range"].endswith(f"/{len(whole)}")


async def test_a_part_that_does_not_exist(site: Site) -> None:
    whole = await record(site)
    async with site.logged_in() as anna:
        answer = await anna.get(f"/recordings/{KEY}", Range=f"bytes={len(whole) + 1}-")
    assert answer.status == 416


async def test_another_operators_call_is_not_for_me(site: Site) -> None:
    await record(site, "101")
    async with site.logged_in("boris") as boris:
        for path in (f"/recordings/{KEY}", f"/recordings/{KEY}/player"):
            foreign = await boris.api("GET", path)
            unknown = await boris.api("GET", path.replace(KEY, "pbx1-1.1"))
            # The answers must not tell which of the two calls there was.
            assert (foreign.status, foreign.json()["error_id"]) == (404, "no-such-recording")
            assert unknown.json()["error_id"] == foreign.json()["error_id"]


async def test_listening_is_noted(site: Site) -> None:
    await record(site)
    async with site.logged_in() as anna:
        await anna.get(f"/recordings/{KEY}")
    async with site.services.database.begin() as session:
        noted = (await session.execute(text("SELECT call_key, ip FROM recording_access"))).all()
    assert [tuple(row) for row in noted] == [(KEY, "127.0.0.1")]


async def test_a_recording_that_the_disk_lost(site: Site) -> None:
    await site.services.calls.record(ended_call(recorded=True))
    async with site.logged_in() as anna:
        answer = await anna.send("GET", f"/recordings/{KEY}", accept="application/json")
    assert (answer.status, answer.json()["error_id"]) == (404, "no-recording")


@pytest.mark.parametrize("key", ["..%2F..%2Fetc%2Fpasswd", "a%00b", "x" * 65, "-x", "a%2Fb"])
async def test_no_address_leaves_the_folder(site: Site, key: str) -> None:
    async with site.logged_in("boss") as boss:
        answer = await boss.get(f"/recordings/{key}")
    assert answer.status in {400, 404}


async def test_anothers_call_asks_for_a_reason_and_shows_it_to_the_administrator(site: Site) -> None:
    await record(site)
    async with site.logged_in("boss") as boss:
        refused = await boss.send("GET", f"/recordings/{KEY}", accept="application/json")
        assert (refused.status, refused.json()["error_id"]) == (403, "reason-required")
        assert 'name="reason"' in (await boss.get(f"/recordings/{KEY}/player")).text
        assert (await boss.send("POST", f"/recordings/{KEY}/player", form={"reason": "  "})).status == 400
        player = await boss.send("POST", f"/recordings/{KEY}/player", form={"reason": "жалоба 17"})
        assert player.status == 200
        assert 'data-controller="player"' in player.text
        assert "жалоба 17" not in player.text  # who listened is the administrator's business
        assert (await boss.get(f"/recordings/{KEY}")).status == 200
        assert (await boss.get(f"/recordings/{KEY}?download")).status == 403
    async with site.logged_in("admin") as admin:
        page = await admin.send("POST", f"/recordings/{KEY}/player", form={"reason": "проверка"})
        assert "жалоба 17" in page.text
        copy = await admin.get(f"/recordings/{KEY}?download")
    assert copy.headers["Content-Disposition"] == f'attachment; filename="{KEY}.wav"'
    async with site.services.database.begin() as session:
        actions = list(await session.scalars(text("SELECT action FROM audit_event WHERE entity = 'call' ORDER BY id")))
    assert actions == ["play", "play", "export"]


async def test_the_archives_file_is_played_with_its_wave(site: Site) -> None:
    await record(site)
    ended = site.clock.now().timestamp() - 60
    os.utime(site.recording_dir / f"{KEY}.wav", (ended, ended))
    await site.services.archive.store(KEY)
    await site.services.archive.encode(KEY)
    async with site.logged_in() as anna:
        sound = await anna.get(f"/recordings/{KEY}", Range="bytes=0-3")
        player = await anna.get(f"/recordings/{KEY}/player")
        held = await anna.send("POST", f"/api/recordings/{KEY}/hold", json={"reason": "суд"}, accept="application/json")
    assert (sound.status, sound.body, sound.headers["Content-Type"]) == (206, b"OggS", "audio/ogg; codecs=opus")
    assert "&#34;peaks&#34;:[[" in player.text
    assert held.status == 403


async def test_a_private_field_needs_a_live_call(site: Site) -> None:
    async with site.logged_in() as anna:
        answer = await anna.send("POST", f"/api/calls/{KEY}/recording/pause", json={"field": "applicant_enp"})
    assert (answer.status, answer.json()["error_id"]) == (404, "no-such-call")
