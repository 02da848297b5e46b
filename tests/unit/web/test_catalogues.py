"""Every text that people see is translated, with the same placeholders."""

from __future__ import annotations

import re

import pytest

from hotline.web.i18n import LANGUAGES, read_catalogue
from hotline.web.locale import found_messages

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")
RUSSIAN_FORMS = 3


def texts_of(message: object) -> list[str]:
    if isinstance(message, str):
        return [message]
    assert isinstance(message, list | tuple)
    return [str(part) for part in message]


def placeholders(text: str) -> set[str]:
    return {a or b for a, b in PLACEHOLDER.findall(text)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_exactly_the_messages_of_the_sources(language: str) -> None:
    """Run ``python -m hotline.web.locale update`` after adding or removing a text."""
    known = {texts_of(message.id)[0] for message in read_catalogue(language) if message.id}
    used = {texts_of(message)[0] for _, _, message in found_messages()}
    assert known == used


def test_every_message_is_translated_into_russian() -> None:
    untranslated = [
        message.id for message in read_catalogue("ru") if message.id and not all(texts_of(message.string or ""))
    ]
    assert untranslated == []


def test_russian_plurals_have_three_forms() -> None:
    plurals = [message for message in read_catalogue("ru") if isinstance(message.id, list | tuple)]
    assert plurals
    assert {len(texts_of(message.string)) for message in plurals} == {RUSSIAN_FORMS}


def test_no_translation_is_marked_as_doubtful() -> None:
    assert [message.id for message in read_catalogue("ru") if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_placeholders(language: str) -> None:
    wrong = [
        (message.id, text)
        for message in read_catalogue(language)
        if message.id
        for text in texts_of(message.string or "")
        if text and placeholders(text) != placeholders(texts_of(message.id)[0])
    ]
    assert wrong == []


def test_russian_texts_are_russian() -> None:
    """A translation without a Cyrillic letter is a forgotten copy of the English text."""
    same = [
        message.id
        for message in read_catalogue("ru")
        if message.id and not re.search("[А-Яа-яЁё]", PLACEHOLDER.sub("", texts_of(message.string)[0]))
    ]
    allowed = {"%(state)s: %(reason)s"}
    assert set(map(str, same)) - allowed == set()
