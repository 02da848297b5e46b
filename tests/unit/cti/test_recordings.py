from __future__ import annotations

import struct
import wave
from pathlib import Path

import pytest

from hotline.cti import recordings
from hotline.errors import BadInput, NotFound, Unavailable

KEY = "pbx1-1763791234.17"


def write(path: Path, seconds: float = 2.0) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x01\x02" * int(8000 * seconds))
    return path


def break_header(path: Path) -> None:
    """Leave the sizes that a killed Asterisk leaves."""
    with path.open("r+b") as file:
        file.seek(4)
        file.write(struct.pack("<I", 0))
        file.seek(40)
        file.write(struct.pack("<I", 0))


def test_recording_is_found_with_its_sides(tmp_path: Path) -> None:
    write(tmp_path / f"{KEY}.wav")
    write(tmp_path / f"{KEY}-in.wav")
    found = recordings.find(tmp_path, KEY)
    assert found.seconds == 2.0
    assert found.incoming == tmp_path / f"{KEY}-in.wav"
    assert found.outgoing is None


@pytest.mark.parametrize(
    "key",
    [
        "../../etc/passwd",
        "pbx1-1.1/../x",
        "pbx1-1.1\n",
        "",
        ".",
        "pbx1",
        "PBX1-1.1",
        "pbx1-1.1.wav",
        "pbx1-1.1\0",
        "/etc",
    ],
)
def test_only_a_calls_key_names_a_file(tmp_path: Path, key: str) -> None:
    with pytest.raises(BadInput):
        recordings.find(tmp_path, key)


def test_missing_and_empty_recordings_are_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        recordings.find(tmp_path, KEY)
    write(tmp_path / f"{KEY}.wav", seconds=0)
    with pytest.raises(NotFound):
        recordings.find(tmp_path, KEY)


def test_broken_header_is_repaired_without_touching_the_sound(tmp_path: Path) -> None:
    path = write(tmp_path / f"{KEY}.wav", seconds=3)
    before = path.read_bytes()
    break_header(path)
    assert recordings.find(tmp_path, KEY).seconds == 3.0  # readable even before the repair
    assert recordings.repair(path) is True
    assert path.read_bytes() == before
    assert recordings.repair(path) is False


def test_repair_finds_the_data_behind_other_chunks(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    head = struct.pack("<4sI4s", b"RIFF", 0, b"WAVE")
    extra = struct.pack("<4sI", b"LIST", 3) + b"abc\0"  # odd chunks are padded
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    path.write_bytes(head + extra + form + struct.pack("<4sI", b"data", 0) + b"\0" * 16000)
    assert recordings.repair(path)
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() == 8000


@pytest.mark.parametrize("content", [b"", b"RIFF", b"nothing of the sort" * 9, b"RIFF\0\0\0\0WAVEdata\0\0\0\0"])
def test_what_is_no_wav_is_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / f"{KEY}.wav"
    path.write_bytes(content)
    with pytest.raises(Unavailable):
        recordings.find(tmp_path, KEY)
    with pytest.raises(Unavailable):
        recordings.repair(path)
    assert path.read_bytes() == content
