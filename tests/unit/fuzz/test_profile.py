"""Fuzzer of profile files (issue 6; domain 2.1): a mutated profile is accepted, or refused with a place in a file."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.errors import BadInput
from hotline.profiles import source
from hotline.profiles.loader import checked
from tests.unit.fuzz import bounded, refusal

PLACE = re.compile(r"[a-z_]+\.toml:\d+\Z")
VALUES = [
    "1", "-1", "0.5", "inf", "true", '""', '"x"', "[]", "[1]", "[[1]]", '["x", "x"]', "{}", "{x = 1}", "[{x = 1}]",
    "2026-11-22", "07:32:00", "1979-05-27T07:32:00Z", "99999999999999999999", '"{seq"', '"{seq:9999999999}"', "'''x'''",
]  # fmt: skip


@cache
def texts() -> dict[str, str]:
    found = files("hotline.profiles") / "oms"
    return {
        one.name: one.read_text(encoding="utf-8")
        for one in sorted(found.iterdir(), key=lambda file: file.name)
        if one.name.endswith(".toml") and one.name != source.NOT_PROFILE
    }


EDITS = st.tuples(
    st.integers(0, 5),
    st.integers(0, 400),
    st.sampled_from(VALUES),
    st.sampled_from(["code", "title", "x", "a.b", '"ключ"']),
    st.sampled_from(['"', "[", "]", "=", "#", "\t", "\\u00", ""]),
)
Edit = tuple[int, int, str, str, str]


def mutated(text: str, edits: list[Edit]) -> str:
    """Some lines lost, doubled, with another value, another key, or another letter."""
    lines = text.split("\n")
    for kind, where, value, word, letter in edits:
        at = where % len(lines)
        key, equals, _ = lines[at].partition(" = ")
        if kind == 0 and len(lines) > 1:
            del lines[at]
        elif kind == 1:
            lines.insert(at, lines[(where * 7) % len(lines)])
        elif kind in {2, 3} and equals:
            lines[at] = f"{key} = {value}"
        elif kind == 4 and equals:
            lines[at] = lines[at].replace(key, word, 1)
        else:
            cut = where % (len(lines[at]) + 1)
            lines[at] = lines[at][:cut] + letter + lines[at][cut + 1 :]
    return "\n".join(lines)


@settings(bounded, max_examples=150)
@given(file=st.sampled_from(sorted(texts())), edits=st.lists(EDITS, min_size=1, max_size=3))
def test_a_mutated_profile_is_accepted_or_refused_with_its_place(file: str, edits: list[Edit]) -> None:
    """No mutation reaches an operator as a traceback; the message names a file and a line, or the section."""
    changed = texts() | {file: mutated(texts()[file], edits)}
    error = refusal(BadInput, lambda: checked(source.parse("mine", changed)))
    if error is not None:
        assert error.error_id == "bad-profile"
        assert error.details
        for place, said in error.details.items():
            assert PLACE.match(place) or re.fullmatch(r"[a-z_]+(\.toml)?", place), place
            assert said


@settings(bounded, max_examples=150)
@given(text=st.text(alphabet="abc=[]{}\"'#\n .,0123456789\\é", max_size=120))
def test_any_text_is_no_profile_and_says_where(text: str) -> None:
    error = refusal(BadInput, lambda: checked(source.parse("mine", {"profile.toml": text})))
    assert error is not None
    assert error.error_id == "bad-profile"
