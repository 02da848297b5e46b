"""What an administrator may type into a list (domain 2.1 principle 4, section 4)."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.journal.list_schema import SCHEMAS, Kind, code_problem, parse, plain, to_form

KNOWN = {"role": ("op1", "sp1"), "appeal_type": ("1", "2"), "topic": ("1.01",)}
SHAPE = "letters, digits and . _ - only, at most 20"
TOPIC = {"title": "Отказ", "type_code": "1", "keywords": " отказ, полис,,отказ ", "sla_amount": "5", "sla_unit": "day"}


def test_a_topic_is_read_with_its_words_and_deadline() -> None:
    read = parse(SCHEMAS["topic"], TOPIC, KNOWN)
    assert not read.problems
    assert read.values["keywords"] == ["отказ", "полис"]
    assert (read.values["sla_amount"], read.values["sla_unit"], read.values["sort"]) == (5, "day", 0)


@pytest.mark.parametrize("code", SCHEMAS)
def test_every_list_comes_back_from_its_form_as_it_was(code: str) -> None:
    schema = SCHEMAS[code]
    sample = {
        Kind.TEXT: "Текст", Kind.NUMBER: "7", Kind.DAY: "2026-12-01", Kind.FLAG: "1", Kind.WORDS: "a, b",
    }  # fmt: skip
    sent = {}
    for one in schema.all_fields:
        options = one.choices or KNOWN.get(one.source, ())
        if one.kind is Kind.CODES:
            sent[f"{one.name}_{options[0]}"] = "1"
        else:
            sent[one.name] = options[0] if one.kind is Kind.CHOICE else sample[one.kind]
    read = parse(schema, sent, KNOWN)
    assert not read.problems
    assert to_form(schema, read.values) == sent
    assert to_form(schema, plain(schema, read.values)) == sent  # the history keeps days as text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"title": " "}, {"title": "required"}),
        ({"title": "x" * 301}, {"title": "at most 300 characters"}),
        ({"type_code": "9"}, {"type_code": "unknown"}),
        ({"type_code": ""}, {"type_code": "required"}),
        ({"parent_code": "7.77"}, {"parent_code": "unknown"}),
        ({"sort": "-1"}, {"sort": "a whole number from 0 to 99999"}),
        ({"sort": "٣"}, {"sort": "a whole number from 0 to 99999"}),
        ({"valid_from": "31.02.2026"}, {"valid_from": "no such day"}),
        ({"valid_from": "2026-12-02", "valid_to": "2026-12-01"}, {"valid_to": "lies before the first day"}),
        ({"sla_unit": ""}, {"sla_unit": "required"}),
        ({"sla_amount": ""}, {"sla_amount": "required"}),
    ],
)
def test_bad_input_names_its_field(changes: dict[str, str], problem: dict[str, str]) -> None:
    assert parse(SCHEMAS["topic"], TOPIC | changes, KNOWN).problems == problem


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("1.99", ""), ("Ж-1", ""), ("", "required"), ("1.01", "taken"),
        ("../x", SHAPE), ("x" * 21, SHAPE), (".hidden", SHAPE),
    ],
)  # fmt: skip
def test_codes_of_new_rows(code: str, problem: str) -> None:
    assert code_problem(code, {"1.01"}) == problem


def test_a_day_stays_a_day() -> None:
    read = parse(SCHEMAS["kinship"], {"title": "Мать", "valid_to": "2027-01-01"}, KNOWN)
    assert read.values["valid_to"] == date(2027, 1, 1)
