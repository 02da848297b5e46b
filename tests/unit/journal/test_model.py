from __future__ import annotations

import pytest

from hotline.journal.card_form import CardForm, PersonFields
from hotline.journal.model import CardRef


def test_a_form_survives_the_way_through_flat_fields() -> None:
    form = CardForm(
        type="1", content="Не дозвониться", applicant=PersonFields(last_name="Ёлкин"), insured=PersonFields(enp="99")
    )
    assert CardForm.from_fields(form.to_fields()) == form


def test_unknown_fields_are_ignored_and_text_is_cleaned() -> None:
    form = CardForm.from_fields({"type": " 1 ", "csrf_token": "x", "content": "a\0b\ud800", "applicant_phone": " 112 "})
    assert (form.type, form.content, form.applicant.phone) == ("1", "ab?", "112")


def test_an_absent_box_is_not_ticked() -> None:
    assert CardForm.from_fields({}).same_person == ""


@pytest.mark.parametrize("text", ["draft-15", "appeal-1"])
def test_card_references(text: str) -> None:
    assert str(CardRef.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "draft", "draft-", "draft--1", "call-1", "draft-1x", "draft-٣", "draft-" + "9" * 30]
)
def test_what_is_no_card_reference(text: str) -> None:
    with pytest.raises(ValueError, match="not a card reference"):
        CardRef.parse(text)
