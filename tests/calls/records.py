"""What Asterisk writes down of a call: waiting until all of it is written, and a leg of a recording as it was.

Asterisk tells of a hangup before its other threads have written the end of CEL and closed the recording's files; some
seconds later the service makes one Opus file of them. A test that reads at once reads too early, a slow one too late.
"""

from __future__ import annotations

import array
import asyncio
from contextlib import suppress
from pathlib import Path

import av

from hotline.stand.asterisk import AsteriskServer
from hotline.stand.tones import RATE, write_wav
from tests.house import House

WITHIN_S = 20
CHANNELS = {"in": 0, "out": 1}
"""Where the Opus file has them: the citizen left, whom he hears right (hotline.archive.opus)."""


async def closed(asterisk: AsteriskServer, *files: Path) -> None:
    """Wait until Asterisk has closed these files: before that their last seconds are in its memory."""
    async with asyncio.timeout(WITHIN_S):
        while any(_holds(asterisk.pid, file) for file in files):
            await asterisk.cli("core show uptime")  # takes its time; nothing tells when a file is closed


def _holds(pid: int | None, file: Path) -> bool:
    if pid is None:
        return False
    wanted = file.stat()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed while we look at it
            found = descriptor.stat()
            if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                return True
    return False


async def leg_of(house: House, key: str, side: str) -> Path:
    """Return the whole leg of a call that is over, as a WAV file of our own.

    :param side: ``in``: what the citizen says, ``out``: what he hears.
    """
    folder = house.stand.asterisk.settings.recording_dir
    own = folder.parent / f"{key}-{side}-of-a-test.wav"
    own.unlink(missing_ok=True)
    try:
        own.hardlink_to(folder / f"{key}-{side}.wav")  # whoever removes the other name leaves us the sound
    except FileNotFoundError:
        await house.logged(f"recording {key} is kept", within_s=60)
        return write_wav(own, _channel(folder / f"{key}.opus", CHANNELS[side]))
    await closed(house.stand.asterisk, own)
    return own


def _channel(path: Path, number: int) -> array.array[int]:
    samples = array.array("h")
    resampler = av.AudioResampler(format="s16p", layout="stereo", rate=RATE)
    with av.open(str(path)) as container:
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        for piece in [*frames, *resampler.resample(None)]:
            samples.frombytes(bytes(piece.planes[number])[: piece.samples * 2])
    return samples
