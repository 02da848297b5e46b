"""The history of an appeal names the fields of a card as the card does (S000-79)."""

from __future__ import annotations

import pytest

from hotline.journal.card_form import ONLY_NEW, CardForm
from hotline.web.field_titles import field_list


@pytest.mark.parametrize("name", sorted(set(CardForm().to_fields()) - ONLY_NEW))
def test_every_field_of_a_card_has_a_title(name: str) -> None:
    """S000-79: whatever can be edited is named in words, never by the name in a form."""
    assert name not in field_list(name).replace("_", " ").split()
    assert "_" not in field_list(name)
    assert field_list(name)[0].isupper()


def test_fields_of_a_person_stand_together() -> None:
    """S000-79."""
    told = field_list("applicant_address, applicant_phone, content, insured_phone")
    assert told == "Содержание обращения; Заявитель: Адрес, Телефон; Застрахованное лицо: Телефон"


def test_what_no_card_has_any_more_stays_as_it_is() -> None:
    """S000-79: a history outlives a field."""
    assert field_list("old_field, urgent") == "old_field, Срочно"
    assert field_list("") == ""
