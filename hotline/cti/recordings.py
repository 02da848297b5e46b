"""Recordings on disk: found by the call's key only, their headers repaired after a crash.

Asterisk writes ``{key}.wav`` (both sides), ``{key}-in.wav`` (from the citizen) and ``{key}-out.wav`` (to him), and
``{key}-voicemail.wav`` with nothing but the message that he left. A killed
Asterisk leaves sizes of zero in the RIFF header, which players take for an empty file (telephony.md 7).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from hotline.errors import BadInput, NotFound, Unavailable

KEY = re.compile(r"[a-z0-9]{1,16}-\d{1,12}\.\d{1,12}\Z")
"""``systemname-epoch.number``: Asterisk's Uniqueid. It has no way to leave a folder."""
MESSAGE = "-voicemail"
_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


@dataclass(frozen=True, slots=True)
class Recording:
    """The files of one call; a part is ``None`` when it was not recorded."""

    key: str
    mixed: Path
    incoming: Path | None
    outgoing: Path | None
    seconds: float


def find(folder: Path, key: str) -> Recording:
    """Return the recording of a call.

    :raises BadInput: the key is not a call's key.
    :raises NotFound: there is no recording, or nothing is in it.
    """
    mixed = path_of(folder, key)
    if not mixed.is_file():
        raise NotFound("this call was not recorded", error_id="no-recording", details={"key": key})
    seconds = duration(mixed)
    if seconds == 0:
        raise NotFound("the recording is empty", error_id="no-recording", details={"key": key})
    return Recording(key, mixed, _present(folder, f"{key}-in"), _present(folder, f"{key}-out"), seconds)


def path_of(folder: Path, key: str) -> Path:
    """Return where the mixed recording of a call is, or would be.

    :raises BadInput: the key is not a call's key.
    """
    if not KEY.match(key):
        raise BadInput("not a call's key", details={"key": "systemname-epoch.number"})
    return folder / f"{key}.wav"


def message_of(folder: Path, key: str) -> Path:
    """Return where the message is that a citizen left in a call, or would be (dialplan: ``voice-message``).

    :raises BadInput: the key is not a call's key.
    """
    path = path_of(folder, key)
    return path.with_name(f"{path.stem}{MESSAGE}.wav")


def options(path: Path, *, append: bool) -> str:
    """Return the options of MixMonitor for a call's three files (Asterisk: application MixMonitor).

    :param append: go on where the files end, instead of beginning them anew.
    """
    sides = f"r({path.with_name(f'{path.stem}-in.wav')})t({path.with_name(f'{path.stem}-out.wav')})"
    return f"a{sides}" if append else sides


def duration(path: Path) -> float:
    """Return the length of a WAV file in seconds, told from the file's size, so a broken header does not matter.

    :raises Unavailable: it is not a PCM WAV file.
    """
    layout = _read_layout(path)
    return max(0, path.stat().st_size - layout.data_at) / layout.bytes_per_second


def repair(path: Path) -> bool:
    """Write the sizes that a crash left out; return whether anything had to be written. Never touches the sound.

    Must not be called while Asterisk still writes to the file.

    :raises Unavailable: it is not a PCM WAV file.
    """
    layout = _read_layout(path)
    size = path.stat().st_size
    whole, data = size - 8, size - layout.data_at
    if layout.riff_size == whole and layout.data_size == data:
        return False
    with path.open("r+b") as file:
        file.seek(4)
        file.write(struct.pack("<I", whole))
        file.seek(layout.data_at - 4)
        file.write(struct.pack("<I", data))
    return True


@dataclass(frozen=True, slots=True)
class _Layout:
    riff_size: int
    data_at: int  # offset of the first sample
    data_size: int
    bytes_per_second: int


def _read_layout(path: Path) -> _Layout:
    with path.open("rb") as file:
        head = file.read(4096)
    try:
        riff, riff_size, kind = _RIFF.unpack_from(head, 0)
        if (riff, kind) != (b"RIFF", b"WAVE"):
            raise _not_wav(path)
        at, rate = _RIFF.size, 0
        while True:
            name, size = _CHUNK.unpack_from(head, at)
            at += _CHUNK.size
            if name == b"fmt ":
                rate = _FORMAT.unpack_from(head, at)[3]
            elif name == b"data":
                if rate == 0:
                    raise _not_wav(path)
                return _Layout(riff_size, at, size, rate)
            at += size + size % 2
    except struct.error as error:
        raise _not_wav(path) from error


def _not_wav(path: Path) -> Unavailable:
    return Unavailable(f"{path.name} is not a WAV recording", error_id="bad-recording")


def _present(folder: Path, stem: str) -> Path | None:
    path = folder / f"{stem}.wav"
    return path if path.is_file() else None
