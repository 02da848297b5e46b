"""Titles behind the codes of a list's rows: statuses, types, topics, channels, organisations, employees.

A page of a list shows fifty rows of a few dozen codes. Their titles are kept here for a moment, so that no list joins
six dictionaries; an unknown code, or a change that this program makes, reads them again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from hotline.db import REMEMBERED
from hotline.journal.tables_classifier import AppealTypeRow, ChannelRow, StatusRow, TopicRow
from hotline.staff.model import short_name
from hotline.staff.tables import OrganisationRow, UserRow

_T = TypeVar("_T")
FRESH_S = 15.0
"""So long another process's change of a title may stay unseen."""
_KEY = "journal.names"
_CHANGED = "journal.names.changed"
_NAMED = (StatusRow, AppealTypeRow, TopicRow, ChannelRow, OrganisationRow, UserRow)


@dataclass(frozen=True, slots=True)
class Names:
    """Titles by code; short names of organisations and employees by id."""

    statuses: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    organisations: dict[int, str] = field(default_factory=dict)
    people: dict[int, str] = field(default_factory=dict)


_EVERYTHING = text(
    """
    SELECT 'statuses', code, title, '', '' FROM status
    UNION ALL SELECT 'types', code, title, '', '' FROM appeal_type
    UNION ALL SELECT 'topics', code, title, '', '' FROM topic
    UNION ALL SELECT 'channels', code, title, '', '' FROM channel
    UNION ALL SELECT 'organisations', id::text, short_name, '', '' FROM organisation
    UNION ALL SELECT 'people', id::text, last_name, first_name, patronymic FROM staff_user
    """
)


class _Book:
    """The names as they were read last."""

    def __init__(self) -> None:
        self.names = Names()
        self.read_at: float | None = None

    @property
    def fresh(self) -> bool:
        return self.read_at is not None and time.monotonic() < self.read_at + FRESH_S


async def named(session: AsyncSession, make: Callable[[Names], _T]) -> _T:
    """Return what ``make`` makes with the names; made again with new ones when it misses one (``KeyError``)."""
    book: _Book = session.info[REMEMBERED].setdefault(_KEY, _Book())
    if book.fresh:
        with contextlib.suppress(KeyError):
            return make(book.names)
    read_at = time.monotonic()
    book.names, book.read_at = await _read(session), read_at
    return make(book.names)


async def _read(session: AsyncSession) -> Names:
    found = Names()
    for kind, code, title, first_name, patronymic in await session.execute(_EVERYTHING):
        if kind == "people":
            found.people[int(code)] = short_name(title, first_name, patronymic)
        elif kind == "organisations":
            found.organisations[int(code)] = title
        else:
            getattr(found, kind)[code] = title
    return found


@event.listens_for(Session, "after_flush")
def _notice(session: Session, _context: object) -> None:
    if not session.info.get(_CHANGED):
        changed = any(isinstance(one, _NAMED) for one in (*session.new, *session.dirty, *session.deleted))
        session.info[_CHANGED] = changed


@event.listens_for(Session, "after_commit")
def _forget(session: Session) -> None:
    """Titles that were changed here are read again at the next list."""
    if session.info.pop(_CHANGED, False) and REMEMBERED in session.info:
        session.info[REMEMBERED].pop(_KEY, None)
