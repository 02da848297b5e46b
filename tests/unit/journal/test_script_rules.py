"""Proposing typical answers (S001-015, S001-052, DAY-39)."""

from __future__ import annotations

import pytest

from hotline.journal.script_rules import ScriptForm, compare, problems

TOPICS = {"1.01", "2.01", "2.02"}
PEOPLE = {"op2", "anna"}
GOOD = {"title": "Полис", "body": "Оформить можно в {организация}.", "topics": "2.01, 1.*", "recommended": "op2, anna"}


def test_a_good_text_has_no_problem() -> None:
    form = ScriptForm.read({**GOOD, "keywords": "полис,, полис , бланк"})
    assert not problems(form, TOPICS, PEOPLE)
    assert (form.topics, form.keywords) == (("2.01", "1.*"), ("полис", "бланк"))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"title": ""}, {"title": "required"}),
        ({"body": "x" * 5001}, {"body": "at most 5000 characters"}),
        ({"body": "в {организация"}, {"body": "a bracket of a variable is missing"}),
        ({"topics": "2.01, 9.99, 7.*"}, {"topics": "unknown: 9.99, 7.*"}),
        ({"recommended": "nobody"}, {"recommended": "unknown: nobody"}),
    ],
)
def test_each_problem_names_its_field(changes: dict[str, str], found: dict[str, str]) -> None:
    assert problems(ScriptForm.read(GOOD | changes), TOPICS, PEOPLE) == found


def test_any_topic_is_a_star_alone() -> None:
    assert not problems(ScriptForm.read(GOOD | {"topics": "*"}), TOPICS, PEOPLE)


def test_texts_are_compared_by_whole_words() -> None:
    pieces = list(compare("Срок — 30 дней.", "Срок — 20 дней, не больше."))
    assert ("gone", "30") in pieces
    assert ("new", "20") in pieces
    assert "".join(text for kind, text in pieces if kind != "new") == "Срок — 30 дней."
    assert "".join(text for kind, text in pieces if kind != "gone") == "Срок — 20 дней, не больше."
