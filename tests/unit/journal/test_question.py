"""What the one field of the search understands (S001-035, DAY-01)."""

from __future__ import annotations

import pytest

from hotline.journal.question import Question, understand


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("", Question(), id="nothing"),
        pytest.param(" - ", Question(), id="no-letters"),
        pytest.param("я", Question(), id="one-letter"),
        pytest.param("07-20112026-00001", Question(number="07-20112026-00001"), id="number"),
        pytest.param("07-2011", Question(number="07-2011", tail="072011"), id="beginning-of-a-number"),
        pytest.param("+7 928 000-11-22", Question(phone="+79280001122"), id="phone"),
        pytest.param("8 (928) 000 11 22", Question(number="89280001122", phone="+79280001122"), id="phone-with-8"),
        pytest.param("0042", Question(number="0042", tail="0042"), id="last-digits"),
        pytest.param("…17-06", Question(tail="1706"), id="last-digits-as-read-out"),
        pytest.param("111", Question(number="111"), id="too-few-last-digits"),
        pytest.param("000 11 22", Question(number="0001122", tail="0001122"), id="seven-digits"),
        pytest.param("Ёлкин Пё", Question(name="ЕЛКИНПЕ", words="('Елкин' & 'Пе')"), id="name"),
        pytest.param("полис", Question(name="ПОЛИС", words="('полис')", unfinished="('полис':*)"), id="word"),
        pytest.param(
            "gjkbc",
            Question("", "", "ПОЛИС", "('gjkbc') | ('полис')", "('gjkbc':*) | ('полис':*)"),
            id="word-on-the-wrong-layout",
        ),
        pytest.param(
            "Иванов 1980",
            Question("", "", "ИВАНОВ", "('Иванов' & '1980')", "('Иванов' & '1980':*)"),
            id="name-and-year",
        ),
        pytest.param("a'b | !c:*", Question(name="ФЭИ|!СЖ*", words=""), id="operators-are-text"),
    ],
)
def test_readings(typed: str, expected: Question) -> None:
    found = understand(typed)
    if typed.startswith("a'b"):
        # What is an operator to PostgreSQL is dropped between the words; no quote survives inside one.
        assert all(part.strip("():*|& ").count("'") % 2 == 0 for part in found.words.split(" & "))
        assert "!" not in found.words
        return
    assert found == expected


def test_a_huge_text_is_cut() -> None:
    found = understand("слово " * 1000)
    assert found.words.count("&") == 7
    assert len(understand("я" * 10_000).name) == 100
