"""What citizens press when they are asked after a call how it was."""

from __future__ import annotations

import random

from tests.synthetic.book import About, Book


class Ratings:
    """The answers of a day: two citizens in five are asked; some press nothing, some only the first answer.

    :ivar given: (key of the call, when, score, recommends).
    """

    def __init__(self, book: Book, seed: int) -> None:
        self.given: list[tuple[str, float, int | None, int | None]] = []
        self._book = book
        self._random = random.Random(seed)

    def over(self, about: About, key: str, at: float) -> None:
        """A conversation has ended; chance decides whether its citizen is asked."""
        if self._random.random() >= 0.4:
            return
        score = self._random.choice((None, 1, 2, 3, 4, 5, 5))
        recommends = self._random.choice((None, *range(11))) if score is not None else None
        self.given.append((key, at + 9, score, recommends))
        self._book.note(about, asked=1)
        if score is not None:
            self._book.note(about, rated=1, score_sum=score, low=score in {1, 2}, satisfied=score in {4, 5})
        if recommends is not None:
            self._book.note(about, recommended=1, promoters=recommends in {9, 10}, detractors=recommends < 7)
