"""What operators type (S000-13…S000-16, S001-044, DAY-01)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from hotline.journal.personquery import PersonQuery, after, mend_layout


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        pytest.param(
            "ива ив 1980",
            PersonQuery("ИВА", "ИВ", born_from=date(1980, 1, 1), born_before=date(1981, 1, 1)),
            id="parts-and-year",
        ),
        pytest.param("Иванов Иван Иванович", PersonQuery("ИВАНОВ", "ИВАН", "ИВАНОВИЧ"), id="full-name"),
        pytest.param("Алиев Али Гасан оглы", PersonQuery("АЛИЕВ", "АЛИ", "ГАСАНОГЛЫ"), id="four-words"),
        pytest.param("Ёлкин-Пальмов", PersonQuery("ЕЛКИНПАЛЬМОВ"), id="yo-and-hyphen"),
        pytest.param("Bdfyjd", PersonQuery("ИВАНОВ"), id="wrong-keyboard-layout"),
        pytest.param("Gtnhjd Gtnh", PersonQuery("ПЕТРОВ", "ПЕТР"), id="wrong-layout-two-words"),
        pytest.param(
            "петрова 29.02.1980",
            PersonQuery("ПЕТРОВА", born_from=date(1980, 2, 29), born_before=date(1980, 3, 1)),
            id="day-of-birth",
        ),
        pytest.param("9912345678901239", PersonQuery(enp="9912345678901239"), id="enp"),
        pytest.param("9912 3456 7890 1239", PersonQuery(enp="9912345678901239"), id="enp-in-groups"),
        pytest.param("8 (916) 123-45-67", PersonQuery(phone="+79161234567"), id="telephone"),
        pytest.param("иванов 89161234567", PersonQuery("ИВАНОВ", phone="+79161234567"), id="name-and-telephone"),
        pytest.param("11223344595", PersonQuery(snils="11223344595"), id="snils"),
        pytest.param("иванов 123456", PersonQuery("ИВАНОВ", policy="123456"), id="old-policy"),
        pytest.param("31.02.1980", PersonQuery(), id="no-such-day"),
        pytest.param("  - ", PersonQuery(), id="nothing"),
    ],
)
def test_one_field(typed: str, query: PersonQuery) -> None:
    assert PersonQuery.from_text(typed) == query


def test_separate_fields() -> None:
    query = PersonQuery.from_form(
        {"last_name": "ива", "first_name": "Ё", "birth_date": "1980", "snils": "112-233-445 95", "phone": "112"}
    )
    assert query == PersonQuery(
        "ИВА",
        "Е",
        born_from=date(1980, 1, 1),
        born_before=date(1981, 1, 1),
        snils="11223344595",
        phone="112",
    )


@pytest.mark.parametrize(
    ("policy", "query"),
    [
        ("9912345678901239", PersonQuery(enp="9912345678901239")),
        ("аб 12-3456", PersonQuery(policy="АБ12-3456")),
        ("?", PersonQuery()),
    ],
)
def test_a_policy_is_an_enp_or_an_old_number(policy: str, query: PersonQuery) -> None:
    assert PersonQuery.from_form({"policy": policy}) == query


def test_nothing_filled_is_an_empty_query() -> None:
    assert PersonQuery.from_form({}).empty
    assert not PersonQuery.from_form({"q": "и"}).empty


def test_mixed_letters_are_left_alone() -> None:
    assert mend_layout("Иванов-Smith") == "Иванов-Smith"


def test_a_beginning_is_a_range_in_byte_order() -> None:
    for name in ("ИВА", "ИВАНОВ", "ИВАЯ"):
        assert "ИВА" <= name < after("ИВА")
    assert not after("ИВА") > "ИВБ"


def _year(year: int) -> dict[str, Any]:
    return {"born_from": date(year, 1, 1), "born_before": date(year + 1, 1, 1)}


def readings(typed: str) -> list[tuple[str, str, str]]:
    """What else may have been meant, as names."""
    return [(one.last_name, one.first_name, one.patronymic) for one in PersonQuery.from_text(typed).others(typed)]


def test_parts_of_a_name_come_in_any_order() -> None:
    """S000-14, DAY-01: «Иван Иванов», «Иван Петрович Иванов», «Мария Петровна»."""
    assert ("ИВАНОВ", "ИВАН", "") in readings("иван иванов")
    assert readings("иван петрович иванов")[0] == ("ИВАНОВ", "ИВАН", "ПЕТРОВИЧ")
    assert ("", "МАРИЯ", "ПЕТРОВНА") in readings("мария петровна")
    assert readings("иванов") == []
    assert readings("мария 29.02.1980") == [("", "МАРИЯ", ""), ("", "", "МАРИЯ")]  # a day narrows enough


def test_a_double_surname_with_a_space_is_one() -> None:
    assert ("ПЕТРОВАВОДКИНА", "АННА", "") in readings("петрова водкина анна")
    assert ("ПЕТРОВАВОДКИНА", "", "") in readings("петрова - водкина")


def test_latin_letters_may_be_a_foreign_name() -> None:
    assert PersonQuery.from_text("Smith") == PersonQuery("ЫЬШЕР")
    assert readings("Smith") == [("SMITH", "", "")]


def test_eleven_digits_may_be_a_snils() -> None:
    query = PersonQuery.from_text("70000000063")
    assert query.phone == "+70000000063"
    assert [one.snils for one in query.others("70000000063")] == ["70000000063"]
    assert PersonQuery.from_text("79161234567").others("79161234567") == ()  # its sum is no SNILS
    assert PersonQuery.from_text("112-233-445 95 иванов") == PersonQuery("ИВАНОВ", snils="11223344595")


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("иванов 8 928 000 11 22", PersonQuery("ИВАНОВ", phone="+79280001122")),
        ("иванов 8-928-000-11-22 1980", replace(PersonQuery("ИВАНОВ", phone="+79280001122"), **_year(1980))),
        ("+380 50 123 45 67 коваль", PersonQuery("КОВАЛЬ", phone="+380501234567")),
        ("1980 9912 3456 7890 1239", replace(PersonQuery(enp="9912345678901239"), **_year(1980))),
    ],
)
def test_numbers_in_groups_among_words(typed: str, query: PersonQuery) -> None:
    assert PersonQuery.from_text(typed) == query


def test_doubtful_check_digits_are_told() -> None:
    """Domain 3.3: a warning, never a refusal."""
    assert PersonQuery.from_text("9912345678901230").warnings == ("enp-check-digit",)
    assert PersonQuery(snils="11223344590").warnings == ("snils-check-digit",)
    assert PersonQuery.from_text("9912345678901239").warnings == ()
