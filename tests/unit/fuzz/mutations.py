"""Damage as it happens to files: bytes lost, doubled, swapped, cut off, or written by somebody with bad intentions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

Damage = Callable[[bytes], bytes]


@st.composite
def damaged(draw: st.DrawFn, samples: Sequence[bytes], dictionary: Sequence[bytes] = ()) -> bytes:
    """Some changes to one of ``samples``: places anywhere, contents random or out of ``dictionary``."""
    data = draw(st.sampled_from(samples))
    words = st.sampled_from([*dictionary, b"\0", b"\xff", b"\r", b"\n", b'"', b"'", b"\\", b"9" * 40])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 40)))
        match draw(st.integers(0, 4)):
            case 0:
                data = data[:at] + data[end:]
            case 1:
                data = data[:at] + draw(words) + data[at:]
            case 2:
                data = data[:at] + draw(st.binary(max_size=20)) + data[end:]
            case 3:
                data = data[:at] + data[at:end] + data[at:end] + data[end:]
            case _:
                data = data[:at]
    return data
