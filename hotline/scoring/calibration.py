"""Differences between reviewers who scored the same conversation. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hotline.scoring.model import Answers, Section
from hotline.scoring.sheets import score, share


@dataclass(frozen=True, slots=True)
class Compared:
    """One criterion: ``answers`` by reviewer (``""``: none), and how many agree with the most frequent one, 0 to 1."""

    code: str
    title: str
    answers: tuple[str, ...]
    agreement: float
    spread: float
    """The widest distance between two answers, in parts of the criterion, 0 to 1."""

    @property
    def differs(self) -> bool:
        """Whether anybody answered otherwise."""
        return len(set(self.answers)) > 1


@dataclass(frozen=True, slots=True)
class Differences:
    """All criteria; ``percents`` by reviewer; ``spread`` between the highest and the lowest score, in points."""

    rows: tuple[Compared, ...]
    percents: tuple[float | None, ...]
    spread: float
    agreement: float


def differences(sections: Sequence[Section], by_reviewer: Mapping[int, Answers]) -> Differences:
    """Compare answers; reviewers stand in the order of ``by_reviewer``."""
    rows = []
    for section in sections:
        for one in section.criteria:
            given = tuple(answers.get(one.code, "") for answers in by_reviewer.values())
            shares = [part for value in given if value and (part := share(one, value)) is not None]
            common = max(Counter(given).values()) / len(given) if given else 1.0
            wide = max(shares) - min(shares) if shares else 0.0
            rows.append(Compared(one.code, one.title, given, round(common, 2), round(wide, 2)))
    percents = tuple(score(sections, answers).percent for answers in by_reviewer.values())
    known = [one for one in percents if one is not None]
    return Differences(
        tuple(rows),
        percents,
        round(max(known) - min(known), 1) if known else 0.0,
        round(sum(row.agreement for row in rows) / len(rows), 2) if rows else 1.0,
    )
