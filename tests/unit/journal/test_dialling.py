"""What can be dialled, and how it is written to the exchange."""

from __future__ import annotations

import pytest

from hotline.errors import BadInput
from hotline.journal.dialling import Kind, number_to_dial


@pytest.mark.parametrize(
    ("typed", "number", "kind"),
    [
        ("+7 928 000-11-22", "+79280001122", Kind.OUTSIDE),
        ("8 (928) 000-11-22", "+79280001122", Kind.OUTSIDE),
        ("79280001122", "+79280001122", Kind.OUTSIDE),
        ("9280001122", "+79280001122", Kind.OUTSIDE),
        ("8 800 100-00-00", "+78001000000", Kind.OUTSIDE),
        ("928\u2011000\u201311\u00a022", "+79280001122", Kind.OUTSIDE),  # pasted from a document
        ("101", "101", Kind.SHORT),
        ("112", "112", Kind.SHORT),
        ("*43", "*43", Kind.SERVICE),
    ],
)
def test_numbers(typed: str, number: str, kind: Kind) -> None:
    dial = number_to_dial(typed, own="102")
    assert (dial.number, dial.kind) == (number, kind)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "required"),
        (" - ", "required"),
        ("звоните", "not a telephone number"),
        ("92800011", "not a telephone number"),
        ("+7 028 000-11-22", "not a telephone number"),
        ("1234567890123456", "not a telephone number"),
        ("+79280001122;ext=1", "not a telephone number"),
        ("102", "own number"),
        ("+49 30 901820", "abroad"),
        ("810 49 30 901820", "abroad"),
    ],
)
def test_nonsense(typed: str, why: str) -> None:
    with pytest.raises(BadInput) as error:
        number_to_dial(typed, own="102")
    assert error.value.details == {"number": why}


def test_what_the_installation_allows() -> None:
    assert number_to_dial("+49 30 901820", international=True).number == "+4930901820"
    assert number_to_dial("810 49 30 901820", international=True).number == "+4930901820"
    assert number_to_dial("123-45-67", area_code="495").number == "+74951234567"
    with pytest.raises(BadInput):
        number_to_dial("123-45-67")
