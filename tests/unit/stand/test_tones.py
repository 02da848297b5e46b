"""Tones made and measured."""

from __future__ import annotations

from array import array
from pathlib import Path

import av
import pytest

from hotline.stand.tones import (
    RATE,
    hear,
    hear_by_second,
    read_wav,
    seconds_of_tone,
    sine,
    telephone_samples,
    to_alaw,
    write_wav,
)


@pytest.mark.parametrize("frequency", [300.0, 440.0, 1000.0, 3000.0])
@pytest.mark.parametrize("level", [-40.0, -12.0, -3.0])
def test_a_tone_is_heard_at_its_level(frequency: float, level: float) -> None:
    heard = hear(sine(frequency, 1.0, level_db=level), frequency)
    assert heard.level_db == pytest.approx(level, abs=0.5)
    assert heard.share == pytest.approx(1.0, abs=0.02)
    assert heard.is_tone()


def test_another_tone_is_not_heard() -> None:
    assert hear(sine(700.0, 1.0), 440.0).share < 0.01


def test_two_tones_share_the_power() -> None:
    both = array("h", (a + b for a, b in zip(sine(440.0, 1.0), sine(700.0, 1.0), strict=True)))
    assert hear(both, 440.0).share == pytest.approx(0.5, abs=0.05)
    assert hear(both, 700.0).share == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("samples", [array("h"), array("h", [0] * RATE)], ids=["nothing", "silence"])
def test_silence_has_no_tone(samples: array[int]) -> None:
    assert not hear(samples, 440.0).is_tone()
    assert hear(samples, 440.0).level_db == -120.0


def test_a_recording_second_by_second(tmp_path: Path) -> None:
    samples = sine(440.0, 2.0)
    samples.extend([0] * RATE)
    samples.extend(sine(700.0, 1.5))
    path = write_wav(tmp_path / "call.wav", samples)
    assert [block.is_tone() for block in hear_by_second(path, 440.0)] == [True, True, False, False]
    assert [block.is_tone() for block in hear_by_second(path, 700.0)] == [False, False, False, True]
    assert seconds_of_tone(path, 700.0) == pytest.approx(1.5)


def test_a_file_whose_writer_was_killed_is_still_read(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "cut.wav", sine(440.0, 1.0))
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = bytes(4)  # what Asterisk leaves after kill -9: lengths of zero
    path.write_bytes(data)
    assert len(read_wav(path)) == RATE
    assert seconds_of_tone(path, 440.0) == 1.0


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "stereo.wav", sine(440.0, 0.1))
    data = bytearray(path.read_bytes())
    data[22] = 2
    path.write_bytes(data)
    with pytest.raises(ValueError, match="not 16-bit mono 8 kHz"):
        read_wav(path)


def test_alaw_round_trip(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "tone.wav", sine(440.0, 1.0))
    coded = to_alaw(source, tmp_path / "tone.al", repeat_pause_s=0.5)
    assert coded.stat().st_size == RATE * 3 // 2  # one byte a sample (ITU-T G.711)
    decoded = array("h")
    with av.open(str(coded), format="alaw", options={"sample_rate": str(RATE)}) as container:
        for frame in container.decode(audio=0):
            decoded.frombytes(bytes(frame.planes[0])[: frame.samples * 2])
    assert hear(decoded[:RATE], 440.0).is_tone(share=0.95)
    assert not hear(decoded[RATE + 100 :], 440.0).is_tone()


def test_any_sound_file_becomes_telephone_sound(tmp_path: Path) -> None:
    path = tmp_path / "studio.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=44_100, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame(format="s16", layout="mono", samples=44_100)
        frame.sample_rate = 44_100
        # The same samples played at another speed: 440 Hz at 8 kHz are 2425.5 Hz at 44.1 kHz.
        frame.planes[0].update((sine(440.0, 44_100 / RATE)[:44_100]).tobytes()[: frame.planes[0].buffer_size])
        container.mux(list(stream.encode(frame)) + list(stream.encode(None)))
    samples = telephone_samples(path)
    assert len(samples) == pytest.approx(RATE, abs=40)
    assert hear(samples, 440.0 * 44_100 / RATE).is_tone(share=0.9)
