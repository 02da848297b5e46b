"""Domain 3.3: the vectors stated there, and what people really type."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.journal import identifiers
from hotline.journal.identifiers import Checked


@pytest.mark.parametrize("number", ["9900000000000002", "9912345678901239", "2600000000000018", "9912 3456 7890 1239"])
def test_a_right_enp_has_no_warning(number: str) -> None:
    assert identifiers.enp(number) == Checked(number.replace(" ", ""))


def test_a_wrong_check_digit_is_a_warning_and_no_refusal() -> None:
    assert identifiers.enp("9900000000000003") == Checked("9900000000000003", "enp-check-digit")


@pytest.mark.parametrize("text", ["", "990000000000000", "99000000000000021", "полис"])
def test_an_enp_of_another_length_is_none(text: str) -> None:
    assert identifiers.enp(text) is None


def test_check_digit_agrees_with_the_funds_own_wording() -> None:
    """Odd places from the right as one number, doubled; the even places before it; the sum of all digits."""
    for seed in range(500):
        first15 = f"{(seed * 7_919_111_317_331 + 12_345) % 10**15:015d}"
        odd = str(int(first15[::-1][0::2][::-1]) * 2)
        even = first15[::-1][1::2][::-1]
        expected = -sum(int(digit) for digit in even + odd) % 10
        assert identifiers.enp_check_digit(first15) == str(expected)


@pytest.mark.parametrize(
    ("number", "warning"),
    [
        pytest.param("112-233-445 95", None, id="published-example"),
        pytest.param("001-019-989 00", None, id="sum-100"),
        pytest.param("001-019-998 00", None, id="sum-101"),
        pytest.param("001-019-999 01", None, id="sum-102"),
        pytest.param("002-999-989 00", None, id="sum-201"),
        pytest.param("112-233-445 96", "snils-check-digit", id="wrong"),
        pytest.param("001-001-998 77", None, id="too-old-to-check"),
        pytest.param("001-001-999 77", "snils-check-digit", id="first-checked"),
    ],
)
def test_snils(number: str, warning: str | None) -> None:
    found = identifiers.snils(number)
    assert found is not None
    assert found.warning == warning
    assert len(found.value) == 11


def test_a_snils_of_another_length_is_none() -> None:
    assert identifiers.snils("112-233-445 9") is None


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("8 (495) 123-45-67", "+74951234567", id="eight"),
        pytest.param("74951234567", "+74951234567", id="seven"),
        pytest.param("+7 495 123 45 67", "+74951234567", id="plus"),
        pytest.param("9161234567", "+79161234567", id="ten-digits"),
        pytest.param("112", "112", id="emergency-number"),
        pytest.param("101", "101", id="internal-number"),
        pytest.param("123-45-67", None, id="local-number-without-area-code"),
        pytest.param("8 10 49 30 1234567", "+49301234567", id="way-out-of-the-country"),
        pytest.param("+49 30 1234567", "+49301234567", id="abroad"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="none"),
        pytest.param("anonymous", None, id="anonymous"),
        pytest.param("Restricted", None, id="restricted"),
        pytest.param("0000000000", None, id="zeros"),
        pytest.param("+7 12", None, id="too-short-with-plus"),
        pytest.param("12345678901234567890", None, id="too-long"),
        pytest.param("звонить после обеда", None, id="words"),
    ],
)
def test_phone(typed: str | None, expected: str | None) -> None:
    assert identifiers.phone(typed) == expected


def test_a_local_number_gets_the_regions_area_code() -> None:
    assert identifiers.phone("123-45-67", area_code="495") == "+74951234567"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+74951234567", "+7 (495) 123-45-67"),
        ("+49301234567", "+49 30 1234567"),
        ("101", "101"),
        ("", ""),
        (None, ""),
        ("+1", "+1"),
    ],
)
def test_phones_are_shown_as_people_read_them(number: str | None, shown: str) -> None:
    assert identifiers.show_phone(number) == shown


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("J06.9", "J06.9"),
        ("j06,9", "J06.9"),
        ("С50.1", "C50.1"),  # a Cyrillic letter
        ("I10", "I10"),
        ("E11.65", "E11.65"),
        ("10", None),
        ("Ж06", None),
        ("J06.999", None),
    ],
)
def test_icd10(typed: str, expected: str | None) -> None:
    assert identifiers.icd10(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("1980-02-29", date(1980, 2, 29)),
        (" 29.02.1980 ", date(1980, 2, 29)),
        ("29.02.1981", None),
        ("1980", None),
        ("", None),
    ],
)
def test_birth_date(typed: str, expected: date | None) -> None:
    assert identifiers.birth_date(typed) == expected
