"""Reads of appeals for screens: one statement a page, one for all folder counts (indexes: ADR 0005)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Forbidden
from hotline.journal import cursors, queries_calls
from hotline.journal.model import OPEN_PHASES, AppealRow, CallRow, Colour, Folder, FolderCount, Page, Phase
from hotline.journal.personquery import after as beyond
from hotline.journal.tables import AppealRecord, AppealWorkerRow, is_open
from hotline.journal.tables_classifier import AppealTypeRow, ChannelRow, StatusRow, TopicRow
from hotline.staff.model import Right, User, short_name
from hotline.staff.rules import fold
from hotline.staff.tables import UserRow

COUNT_LIMIT = 1000
"""Folder counts above this are shown as "1000+": nobody reads them, and exact ones cost a scan."""
PAGE = 50
_BY_DUE = frozenset({Folder.INCOMING, Folder.IN_WORK, Folder.OVERDUE, Folder.REWORK})
"""Folders sorted by urgency; the others are newest first."""


def colour(phase: Phase, due_at: datetime, now: datetime) -> Colour:
    """Return the colour of a row (S000-06): closed black, deadline passed red, current green."""
    if phase not in OPEN_PHASES:
        return Colour.BLACK
    return Colour.RED if now > due_at else Colour.GREEN


def folders_of(user: User) -> tuple[Folder, ...]:
    """Return the folders that a user has (S000-02…S000-04). Only who may accept has incoming ones, so OP1 has not."""
    found = [Folder.ALL, Folder.MINE]
    if user.may(Right.APPEAL_ACCEPT):
        found.append(Folder.INCOMING)
    return (*found, Folder.IN_WORK, Folder.OVERDUE, Folder.REVIEW, Folder.REWORK, Folder.DELETED)


def visible(user: User) -> ColumnElement[bool] | None:
    """Return what limits the appeals that ``user`` may open; ``None`` for no limit (domain 2.8).

    Everybody sees those of his organisation and those that he has worked with or that wait for him; the fund's
    administrator sees all.
    """
    if user.may(Right.APPEAL_VIEW_ALL) and user.organisation.kind == "tfoms":
        return None
    return or_(
        AppealRecord.responsible_org_id == user.organisation.id,
        AppealRecord.organisation_id == user.organisation.id,
        AppealRecord.forwarded_to_id == user.id,
        AppealRecord.forwarded_org_id == user.organisation.id,
        AppealRecord.id.in_(select(AppealWorkerRow.appeal_id).where(AppealWorkerRow.user_id == user.id)),
    )


def waits_for(user: User) -> ColumnElement[bool]:
    """Return the condition that an appeal was forwarded to ``user`` or to a group of his (S000-07, domain 2.4)."""
    return or_(
        AppealRecord.forwarded_to_id == user.id,
        and_(
            AppealRecord.forwarded_org_id == user.organisation.id,
            AppealRecord.forwarded_role.in_(sorted(user.roles)),
        ),
    )


class JournalQueries:
    """Lists and counts."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def folders(self, user: User) -> tuple[FolderCount, ...]:
        """Return the user's folders with their counts, in one statement."""
        now = self._clock.now()
        folders = folders_of(user)
        counts = [
            select(func.count())
            .select_from(_counted(folder, user, now).limit(COUNT_LIMIT + 1).subquery())
            .scalar_subquery()
            .label(folder.value)
            for folder in folders
        ]
        async with self._db.begin() as session:
            row = (await session.execute(select(*counts))).one()
        return tuple(
            FolderCount(folder, min(count, COUNT_LIMIT), count > COUNT_LIMIT)
            for folder, count in zip(folders, row, strict=True)
        )

    async def appeals(
        self, user: User, folder: Folder, *, after: str | None = None, q: str = "", limit: int = PAGE
    ) -> Page[AppealRow]:
        """Return a page of a folder.

        :param after: :attr:`Page.after` of the page before.
        :param q: beginning of a number, or of the applicant's surname and name.
        :raises Forbidden: the user has no such folder.
        :raises BadInput: ``after`` is no cursor.
        """
        if folder not in folders_of(user):
            raise Forbidden("this user has no such folder", error_id="no-such-folder")
        now = self._clock.now()
        statement = _rows().where(*_members(folder, user, now), *_search(q)).limit(limit + 1)
        by_due = folder in _BY_DUE
        if by_due:
            statement = statement.order_by(AppealRecord.due_at, AppealRecord.id)
            if after:
                statement = statement.where(
                    tuple_(AppealRecord.due_at, AppealRecord.id) > tuple_(*cursors.decode(after))
                )
        else:
            statement = statement.order_by(AppealRecord.id.desc())
            if after:
                statement = statement.where(AppealRecord.id < cursors.decode_id(after))
        async with self._db.begin() as session:
            rows = (await session.execute(statement)).all()
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(
            tuple(_row(row, now) for row in rows[:limit]),
            None if last is None else cursors.encode(last.id, last.due_at if by_due else None),
        )

    async def calls(
        self, user: User, *, after: str | None = None, unclassified: bool = False, limit: int = PAGE
    ) -> Page[CallRow]:
        """Return a page of the calls that the user may see, newest first (S002-01).

        :param unclassified: only those that wait for their characteristic (S002-20).

        :raises BadInput: ``after`` is no cursor.
        """
        async with self._db.begin() as session:
            return await queries_calls.calls(session, user, unclassified=unclassified, after=after, limit=limit)


async def of_person(
    session: AsyncSession, user: User, person_id: int, *, show_all: bool, now: datetime
) -> tuple[AppealRow, ...]:
    """Return a person's appeals, newest first, at most 100 (S000-19, S000-20)."""
    statement = (
        _rows()
        .where(or_(AppealRecord.applicant_id == person_id, AppealRecord.insured_id == person_id))
        .where(_limit_to_all(user, show_all=show_all))
        .order_by(AppealRecord.id.desc())
        .limit(100)
    )
    return tuple(_row(row, now) for row in await session.execute(statement))


def _limit_to_all(user: User, *, show_all: bool) -> ColumnElement[bool]:
    if not show_all:
        return is_open()
    limits = visible(user)
    return and_(AppealRecord.phase != Phase.DELETED, *([] if limits is None else [limits]))


def _counted(folder: Folder, user: User, now: datetime) -> Select[int]:
    """Return one row for each appeal in a folder."""
    one = select(literal(1).label("one"))
    if folder is Folder.MINE and not user.may(Right.APPEAL_VIEW_ALL):
        # What he has worked with is in an index, and so are the few deleted ones: no appeal need be read.
        deleted = select(AppealRecord.id).where(_phase(Phase.DELETED), AppealRecord.id == AppealWorkerRow.appeal_id)
        return one.select_from(AppealWorkerRow).where(AppealWorkerRow.user_id == user.id, ~deleted.exists())
    return one.select_from(AppealRecord).where(*_members(folder, user, now))


def _members(folder: Folder, user: User, now: datetime) -> list[ColumnElement[bool]]:
    """Return what makes an appeal stand in a folder of ``user``. Administrators' folders hold everybody's (S000-73)."""
    everybody = user.may(Right.APPEAL_VIEW_ALL)
    scope: list[ColumnElement[bool]] = []
    if not everybody or user.organisation.kind != "tfoms":
        scope = [AppealRecord.responsible_org_id == user.organisation.id]
    mine = scope if everybody else [AppealRecord.owner_id == user.id]
    worked = (
        scope
        if everybody
        else [AppealRecord.id.in_(select(AppealWorkerRow.appeal_id).where(AppealWorkerRow.user_id == user.id))]
    )
    running = is_open()
    return {
        Folder.ALL: [*scope, running],
        Folder.MINE: [*worked, AppealRecord.phase != literal(Phase.DELETED.value, literal_execute=True)],
        Folder.INCOMING: [
            *(scope if everybody else [waits_for(user)]),
            _phase(Phase.INCOMING),
        ],
        Folder.IN_WORK: [*mine, running, _phase(Phase.ACTIVE, Phase.CALLBACK, Phase.PENDING)],
        Folder.OVERDUE: [*mine, running, AppealRecord.due_at < now],
        Folder.REVIEW: [*worked, _phase(Phase.REVIEW)],
        Folder.REWORK: [*mine, running, _phase(Phase.REWORK)],
        Folder.DELETED: [*worked, _phase(Phase.DELETED)],
    }[folder]


def _phase(*phases: Phase) -> ColumnElement[bool]:
    # Written into the statement: a bound parameter could not prove that a partial index holds the rows.
    if len(phases) == 1:
        return AppealRecord.phase == literal(phases[0].value, literal_execute=True)
    return AppealRecord.phase.in_([literal(phase.value, literal_execute=True) for phase in phases])


def _search(q: str) -> list[ColumnElement[bool]]:
    wanted = q.strip()[:200]
    if not wanted:
        return []
    if any(letter.isdigit() for letter in wanted):
        return [AppealRecord.number >= wanted, AppealRecord.number < beyond(wanted)]
    key = fold(wanted)
    return [AppealRecord.applicant_key >= key, AppealRecord.applicant_key < beyond(key)]


def _rows() -> Select[*tuple[Any, ...]]:
    return (
        select(
            AppealRecord.id,
            AppealRecord.number,
            AppealRecord.appeal_at,
            AppealRecord.due_at,
            AppealRecord.phase,
            AppealRecord.version,
            AppealRecord.applicant_name,
            AppealRecord.applicant_snapshot["phone"].astext.label("phone"),
            StatusRow.title.label("status"),
            AppealTypeRow.title.label("type"),
            TopicRow.title.label("topic"),
            ChannelRow.title.label("channel"),
            UserRow.last_name,
            UserRow.first_name,
            UserRow.patronymic,
        )
        .join(StatusRow, StatusRow.code == AppealRecord.status_code)
        .join(AppealTypeRow, AppealTypeRow.code == AppealRecord.type_code)
        .join(TopicRow, TopicRow.code == AppealRecord.topic_code)
        .join(ChannelRow, ChannelRow.code == AppealRecord.channel_code)
        .join(UserRow, UserRow.id == AppealRecord.owner_id)
    )


def _row(row: Row[Any], now: datetime) -> AppealRow:
    phase = Phase(row.phase)
    return AppealRow(
        id=row.id,
        number=row.number,
        appeal_at=row.appeal_at,
        due_at=row.due_at,
        phase=phase,
        status=row.status,
        colour=colour(phase, row.due_at, now),
        type=row.type,
        topic=row.topic,
        channel=row.channel,
        applicant=row.applicant_name,
        phone=row.phone or "",
        owner=short_name(row.last_name, row.first_name, row.patronymic),
        version=row.version,
    )
