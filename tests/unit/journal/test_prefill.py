"""Whose data a calling number brings into the card (DAY-11)."""

from __future__ import annotations

import pytest

from hotline.journal.model import PersonRow
from hotline.journal.person_model import PhoneOwners
from hotline.journal.prefill import may_prefill

MARIA = PersonRow(
    id=1, last_name="Иванова", first_name="Мария", patronymic="", birth_date=None, sex="f", enp=None, snils=None,
    policy=None, phones=(), address="", insurer=None, open_appeals=0,
)  # fmt: skip
ALONE = PhoneOwners((MARIA,), sole=True)


@pytest.mark.parametrize(
    ("number", "owners", "fills"),
    [
        ("+79280001122", ALONE, True),
        (None, ALONE, False),  # withheld
        ("", ALONE, False),
        ("101", ALONE, False),  # internal
        ("112", ALONE, False),
        ("+79280001122", PhoneOwners(), False),
        ("+79280001122", PhoneOwners((MARIA,)), False),  # others have it, whom the reader may not find
        ("+79280001122", PhoneOwners((), sole=True), False),  # the only one is not for this reader
        ("+79280001122", PhoneOwners((MARIA, MARIA)), False),
        ("+79280001122", PhoneOwners((MARIA,) * 5, shared=True), False),
    ],
)
def test_only_who_alone_is_known_by_a_number_fills_the_card(
    number: str | None, owners: PhoneOwners, fills: bool
) -> None:
    assert may_prefill(number, owners) is fills
