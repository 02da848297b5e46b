"""The search for appeals and calls by one field: number, telephone, applicant, words of the texts (ADR 0019).

Nobody finds what he may not see: a number leads to every appeal whose heading one may open; a telephone, a name and
words only to those that one may read, because finding by them tells what stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.journal import tails
from hotline.journal.list_pages import known, phone_of, titled
from hotline.journal.model import AppealRow, CallRow, Phase
from hotline.journal.names import Names, named
from hotline.journal.personquery import after as beyond
from hotline.journal.queries_appeals import appeal_row
from hotline.journal.queries_calls import calls
from hotline.journal.question import Question
from hotline.journal.restricted import hidden_from
from hotline.journal.tables import AppealRecord
from hotline.journal.visibility import appeals as visible
from hotline.journal.visibility import content, unrestricted
from hotline.journal.word_statistics import frequent
from hotline.staff.audit import audit
from hotline.staff.model import User

SHOWN = 8
"""Rows of a group."""
RANKED = 200
"""The newest appeals with the words are ranked; older ones are found by more words."""
FAR = 200_000
"""Newest appeals among which frequent words are looked for: the limits of the reader may leave few of them."""
MARK_ON, MARK_OFF = "\ue000", "\ue001"
"""Private-use characters (Unicode 23.5) round a found word: no text that is typed has them, and they are no markup."""
_HEADLINE = (
    f"StartSel={MARK_ON}, StopSel={MARK_OFF}, MaxFragments=2, MaxWords=14, MinWords=5, ShortWord=2, "
    'FragmentDelimiter=" … "'
)
_RUSSIAN = text("'russian'::regconfig")


class By(StrEnum):
    """Why an appeal was found, best first."""

    NUMBER = "number"
    PHONE = "phone"
    TAIL = "tail"
    NAME = "name"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; ``found`` when it is a word that was searched."""

    text: str
    found: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """An appeal that was found. ``headline`` shows the words where they stand; empty for the other readings."""

    row: AppealRow
    by: By
    headline: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found of a kind; ``more``: there is more than is shown."""

    appeals: tuple[Hit, ...]
    calls: tuple[CallRow, ...]
    more_appeals: bool = False
    more_calls: bool = False


class Search:
    """Asks every index for what was typed."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def find(self, user: User, question: Question, *, ip: str = "") -> Answer:
        """Return what ``user`` may see of it, appeals by relevance and calls newest first.

        The audit trail gets which readings were asked and how many were found, never what was typed (DAY-29).
        """
        if question.empty:
            return Answer((), ())
        now = self._clock.now()
        async with self._db.begin() as session:
            hits = await self._appeals(session, user, question, now)
            found = await _calls(session, user, question)
            audit(
                session,
                "search",
                ("appeal", ""),
                user_id=user.id,
                at=now,
                ip=ip,
                details={"by": _asked(question), "found": len(hits[:SHOWN]), "calls": len(found[:SHOWN])},
            )
        return Answer(tuple(hits[:SHOWN]), found[:SHOWN], len(hits) > SHOWN, len(found) > SHOWN)

    async def _appeals(self, session: AsyncSession, user: User, question: Question, now: datetime) -> list[Hit]:
        limits = _limits(content(user))
        found: dict[int, tuple[By, Row[Any]]] = {}
        for by, statements in (
            (By.NUMBER, _by_number(question, user)),
            (By.PHONE, _by_phone(question, [*limits, *unrestricted(user, contacts=True)])),
            (By.TAIL, _by_tail(question, user, [*limits, *unrestricted(user, contacts=True)])),
            (By.NAME, _by_name(question, limits)),
        ):
            for statement in statements:
                for row in await session.execute(statement):
                    found.setdefault(row.id, (by, row))
        if question.words and len(found) <= SHOWN:
            for row in await _by_words(session, question, limits):
                found.setdefault(row.id, (By.WORDS, row))
        if not found:
            return []
        lines = await named(session, lambda names: [_shown(row, now, names) for _, row in found.values()])
        rows = await hidden_from(session, user, lines)
        return [
            Hit(line, by, pieces(row.headline) if by is By.WORDS else ())
            for line, (by, row) in zip(rows, found.values(), strict=True)
        ]


async def _by_words(
    session: AsyncSession, question: Question, limits: Sequence[ColumnElement[bool]]
) -> Sequence[Row[Any]]:
    """Look for whole words, then for a word that is still being typed."""
    for words in filter(None, (question.words, question.unfinished)):
        if found := await _of_words(session, words, limits):
            return found
    return ()


async def _of_words(session: AsyncSession, words: str, limits: Sequence[ColumnElement[bool]]) -> Sequence[Row[Any]]:
    """Look among the newest appeals for words that are frequent, in the index for others.

    Which of the two is quick the planner cannot know (ADR 0019): for a word outside its statistics it assumes one text
    in two hundred, and would walk through the texts of years for the few that there are.
    """
    last = await session.scalar(select(func.max(AppealRecord.id))) or 0
    if await frequent(session, words, last):
        near = [*limits, AppealRecord.id > last - FAR]
        found = await _but_by(session, words_statement(words, near), "bitmapscan")
        if len(found) > SHOWN:
            return found
        # Frequent once, or hardly to be seen by this reader.
    return await _but_by(session, words_statement(words, limits), "seqscan", "indexscan")


async def _but_by(session: AsyncSession, statement: Select[Any], *ways: str) -> Sequence[Row[Any]]:
    """Run a statement that may not go by these ways."""
    for way in ways:
        await session.execute(text(f"SET LOCAL enable_{way} = off"))
    found: Sequence[Row[Any]] = (await session.execute(statement)).all()
    for way in ways:
        await session.execute(text(f"SET LOCAL enable_{way} = on"))
    return found


def words_statement(words: str, limits: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Return the appeals whose texts have the words, by relevance among the newest, with the words where they stand."""
    query = func.to_tsquery(_RUSSIAN, words)
    newest = (
        select(AppealRecord.id, func.ts_rank(AppealRecord.words, query).label("rank"))
        .where(AppealRecord.words.op("@@")(query), *limits)
        .order_by(AppealRecord.id.desc())
        .limit(known(RANKED))
        .cte("newest")
    )
    best = select(newest).order_by(newest.c.rank.desc(), newest.c.id.desc()).limit(known(SHOWN + 1)).subquery("best")
    texts = func.concat_ws(
        " … ",
        func.nullif(AppealRecord.title, ""),
        AppealRecord.content,
        func.nullif(AppealRecord.measures, ""),
        func.nullif(AppealRecord.result_comment, ""),
    )
    headline = func.ts_headline(_RUSSIAN, func.translate(texts, f"{MARK_ON}{MARK_OFF}", ""), query, _HEADLINE)
    return (
        titled(AppealRecord)
        .add_columns(headline.label("headline"))
        .join(best, best.c.id == AppealRecord.id)
        .order_by(best.c.rank.desc(), best.c.id.desc())
    )


def pieces(headline: str) -> tuple[Piece, ...]:
    """Cut a marked headline into pieces."""
    found: list[Piece] = []
    for part in headline.split(MARK_ON):
        word, mark, rest = part.partition(MARK_OFF)
        if mark:
            found.append(Piece(word, found=True))
        else:
            rest = word
        if rest:
            found.append(Piece(rest, found=False))
    return tuple(found)


def _limits(limits: ColumnElement[bool] | None) -> list[ColumnElement[bool]]:
    alive = AppealRecord.phase != literal(Phase.DELETED.value, literal_execute=True)
    return [alive, *([] if limits is None else [limits])]


def _shown(row: Row[Any], now: datetime, names: Names) -> AppealRow:
    """Return the row; without its people when only the heading may be seen."""
    shown = appeal_row(row, now, names)
    return shown if getattr(row, "readable", True) else replace(shown, applicant="", phone="", topic="")


def _by_number(question: Question, user: User) -> list[Select[Any]]:
    if not question.number:
        return []
    starts = (AppealRecord.number >= question.number, AppealRecord.number < beyond(question.number))
    return [_headings(user).where(*starts).order_by(AppealRecord.number).limit(known(SHOWN + 1))]


def _headings(user: User) -> Select[Any]:
    """Return whatever ``user`` may find by its number; ``readable`` tells whether he may read it as well."""
    readable = content(user)
    rows = titled(AppealRecord).add_columns((true() if readable is None else readable).label("readable"))
    return rows.where(*_limits(visible(user)))


def _by_tail(question: Question, user: User, limits: Sequence[ColumnElement[bool]]) -> list[Select[Any]]:
    if not question.tail:
        return []
    statements = (
        _headings(user).where(tails.numbers(question.tail)),
        titled(AppealRecord).where(tails.phones(question.tail), *limits),
    )
    return [one.order_by(AppealRecord.id.desc()).limit(known(SHOWN + 1)) for one in statements]


def _by_phone(question: Question, limits: Sequence[ColumnElement[bool]]) -> list[Select[Any]]:
    if not question.phone:
        return []
    same = phone_of(AppealRecord) == question.phone
    return [titled(AppealRecord).where(same, *limits).order_by(AppealRecord.id.desc()).limit(known(SHOWN + 1))]


def _by_name(question: Question, limits: Sequence[ColumnElement[bool]]) -> list[Select[Any]]:
    if not question.name:
        return []
    key = AppealRecord.applicant_key
    rows = titled(AppealRecord).where(*limits).limit(known(SHOWN + 1))
    return [
        rows.where(key == question.name).order_by(AppealRecord.id.desc()),
        rows.where(key >= question.name, key < beyond(question.name)).order_by(key, AppealRecord.id),
    ]


async def _calls(session: AsyncSession, user: User, question: Question) -> tuple[CallRow, ...]:
    if not (question.phone or question.tail):
        return ()
    number = tails.calls_with(question.phone, question.tail)
    return (await calls(session, user, number=number, after=None, limit=SHOWN + 1)).rows


def _asked(question: Question) -> list[str]:
    return [str(by) for by in By if getattr(question, by)]
