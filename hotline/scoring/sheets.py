"""Score sheets: reading and writing them, checking answers, and what answers are worth. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hotline.errors import BadInput
from hotline.scoring.model import NO, NOT_APPLICABLE, YES, Answers, Criterion, CriterionKind, Score, Section

MOST_SECTIONS, MOST_CRITERIA = 20, 100
LONGEST_TITLE, LONGEST_HINT = 200, 500
MOST_POINTS, MOST_WEIGHT = 10, 100


def read(body: object) -> tuple[Section, ...]:
    """Read sections as an editor or the database writes them. A criterion without a code gets the next free one.

    :raises BadInput: something is missing or out of bounds; ``details`` names the place: ``2.1.title``.
    """
    if not isinstance(body, list) or not 1 <= len(body) <= MOST_SECTIONS:
        raise BadInput("a sheet has sections", details={"body": "required"})
    codes = [str(one.get("code", "")) for section in body if isinstance(section, dict) for one in _rows(section)]
    if len(codes) > MOST_CRITERIA:
        raise BadInput("the sheet is too long", details={"body": f"at most {MOST_CRITERIA} criteria"})
    named = [code for code in codes if code]
    if len(named) != len(set(named)):
        raise BadInput("two criteria have one code", details={"body": "repeated"})
    free = (code for number in range(1, 10_000) if (code := f"c{number}") not in set(named))
    return tuple(_section(section, f"{place}", free) for place, section in enumerate(body, 1))


def _rows(section: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = section.get("criteria")
    return [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []


def _section(section: object, place: str, free: Iterator[str]) -> Section:
    if not isinstance(section, dict) or not _rows(section):
        raise BadInput("a section has criteria", details={place: "required"})
    criteria = tuple(_criterion(one, f"{place}.{number}", free) for number, one in enumerate(_rows(section), 1))
    return Section(_text(section, "title", place, LONGEST_TITLE), criteria)


def _criterion(row: Mapping[str, Any], place: str, free: Iterator[str]) -> Criterion:
    code = str(row.get("code", ""))
    if code and not (code.isascii() and code.isalnum() and len(code) <= 20):
        raise BadInput("not a code", details={f"{place}.code": "unknown"})
    try:
        kind = CriterionKind(row.get("kind", ""))
    except ValueError as error:
        raise BadInput("no such kind of criterion", details={f"{place}.kind": "unknown"}) from error
    return Criterion(
        code or next(free),
        _text(row, "title", place, LONGEST_TITLE),
        _text(row, "hint", place, LONGEST_HINT, required=False),
        kind,
        _number(row, "top", place, 2, MOST_POINTS) if kind is CriterionKind.SCALE else 5,
        _number(row, "weight", place, 1, MOST_WEIGHT),
        fatal=row.get("fatal") is True,
        may_skip=row.get("may_skip") is True,
    )


def _text(row: Mapping[str, Any], name: str, place: str, most: int, *, required: bool = True) -> str:
    value = row.get(name, "")
    text = value.strip() if isinstance(value, str) else ""
    if required and not text:
        raise BadInput("a name is missing", details={f"{place}.{name}": "required"})
    if len(text) > most or "\x00" in text:
        raise BadInput("the text is too long", details={f"{place}.{name}": f"at most {most} characters"})
    return text


def _number(row: Mapping[str, Any], name: str, place: str, least: int, most: int) -> int:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadInput("a number is out of bounds", details={f"{place}.{name}": f"{least} to {most}"})
    return value


def write(sections: Sequence[Section]) -> list[Any]:
    """Write sections as ``read`` reads them; JSON-safe."""
    return [
        {
            "title": section.title,
            "criteria": [
                {
                    "code": one.code,
                    "title": one.title,
                    "hint": one.hint,
                    "kind": one.kind.value,
                    "top": one.top,
                    "weight": one.weight,
                    "fatal": one.fatal,
                    "may_skip": one.may_skip,
                }
                for one in section.criteria
            ],
        }
        for section in sections
    ]


def check(sections: Sequence[Section], answers: Answers) -> None:
    """Refuse answers that the sheet does not have.

    :raises BadInput: an unknown criterion, or an answer that is not one of its own; ``details``: code → word.
    """
    known = {one.code: one for section in sections for one in section.criteria}
    wrong = {code: "unknown" for code, value in answers.items() if code not in known or not _fits(known[code], value)}
    if wrong:
        raise BadInput("the sheet has no such answer", details=wrong)


def _fits(criterion: Criterion, value: str) -> bool:
    if value == NOT_APPLICABLE:
        return criterion.may_skip
    if criterion.kind is CriterionKind.YES_NO:
        return value in {YES, NO}
    return value.isascii() and value.isdigit() and len(value) <= 2 and int(value) <= criterion.top


def share(criterion: Criterion, value: str) -> float | None:
    """Return which part of a criterion was fulfilled, 0 to 1; ``None``: it does not apply."""
    if value == NOT_APPLICABLE:
        return None
    if criterion.kind is CriterionKind.YES_NO:
        return 1.0 if value == YES else 0.0
    return int(value) / criterion.top


def score(sections: Sequence[Section], answers: Answers) -> Score:
    """Return what checked answers are worth: the weighted mean of what applies, or 0 when a fatal criterion failed.

    Criteria without an answer do not count, so that the figure is a preview while the sheet is being filled.
    """
    total: list[tuple[float, int]] = []
    parts: list[tuple[str, float | None]] = []
    for section in sections:
        found = [
            (part, one.weight)
            for one in section.criteria
            if one.code in answers and (part := share(one, answers[one.code])) is not None
        ]
        parts.append((section.title, _mean(found)))
        total += found
    every = [one for section in sections for one in section.criteria]
    fatal = tuple(
        one.code for one in every if one.fatal and one.code in answers and share(one, answers[one.code]) == 0.0
    )
    missing = tuple(one.code for one in every if one.code not in answers)
    return Score(0.0 if fatal else _mean(total), tuple(parts), missing, fatal)


def _mean(parts: Sequence[tuple[float, int]]) -> float | None:
    weight = sum(one for _, one in parts)
    return round(100 * sum(part * one for part, one in parts) / weight, 1) if weight else None
