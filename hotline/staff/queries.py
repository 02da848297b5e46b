"""Reads about people: a user with his rights in one round trip, the telephone directory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, or_, select, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, contains_eager

from hotline.staff.model import DirectoryEntry, Effect, Organisation, User
from hotline.staff.rules import effective_rights, fold
from hotline.staff.sight import sight_of
from hotline.staff.tables import (
    OrganisationRow,
    RoleRightRow,
    RoleRow,
    UserRightRow,
    UserRoleRow,
    UserRow,
    search_key,
)

FOLDED_NAME: ColumnElement[str] = literal_column(
    search_key("staff_user.last_name || staff_user.first_name || staff_user.patronymic")
)
_ROLES = (
    select(func.array_agg(aggregate_order_by(UserRoleRow.role_code, UserRoleRow.role_code)))
    .where(UserRoleRow.user_id == UserRow.id)
    .scalar_subquery()
)


_SIGHTS = (
    select(func.jsonb_agg(RoleRow.sight))
    .join(UserRoleRow, UserRoleRow.role_code == RoleRow.code)
    .where(UserRoleRow.user_id == UserRow.id)
    .scalar_subquery()
)


def _grants(personal: ColumnElement[bool]) -> ColumnElement[Any]:
    granted = union_all(
        select(RoleRightRow.right_code, RoleRightRow.effect)
        .join(UserRoleRow, UserRoleRow.role_code == RoleRightRow.role_code)
        .where(UserRoleRow.user_id == UserRow.id)
        .correlate(UserRow),
        select(UserRightRow.right_code, UserRightRow.effect)
        .where(UserRightRow.user_id == UserRow.id, personal)
        .correlate(UserRow),
    ).subquery()
    return select(func.jsonb_agg(func.jsonb_build_array(granted.c.right_code, granted.c.effect))).scalar_subquery()


def still_said() -> ColumnElement[bool]:
    """Tell which personal rights hold now, by the database's own clock: what is over is over before it is closed."""
    return or_(UserRightRow.ends_at.is_(None), UserRightRow.ends_at > func.now())


def users_with_rights(*, lasting: bool = False) -> Select[Any]:
    """Select users with organisation, roles and grants; :func:`to_user` reads the rows.

    :param lasting: without what is allowed for a time only.
    """
    personal = still_said()
    if lasting:
        personal = and_(personal, or_(UserRightRow.ends_at.is_(None), UserRightRow.effect != Effect.ALLOW))
    return select(UserRow, _ROLES.label("roles"), _grants(personal).label("grants"), _SIGHTS.label("sights"))


def to_user(row: Row[Any]) -> User:
    """Read one row of :func:`users_with_rights`."""
    found: UserRow = row.UserRow
    return User(
        id=found.id,
        login=found.login,
        last_name=found.last_name,
        first_name=found.first_name,
        patronymic=found.patronymic,
        organisation=to_organisation(found.organisation),
        extension=found.extension,
        roles=frozenset(row.roles or ()),
        permissions=effective_rights((code, effect) for code, effect in row.grants or ()),
        active=found.active,
        sight=sight_of(row.sights or (), found.organisation.kind),
        password_temporary=found.password_temporary,
    )


def to_organisation(row: OrganisationRow) -> Organisation:
    """Read an organisation."""
    return Organisation(row.id, row.code, row.kind, row.name, row.short_name, row.time_zone or "")


async def find_user(
    session: AsyncSession, *conditions: ColumnElement[bool] | InstrumentedAttribute[bool]
) -> User | None:
    """Return the one user who meets ``conditions``."""
    row = (await session.execute(users_with_rights().where(*conditions))).one_or_none()
    return None if row is None else to_user(row)


async def directory(session: AsyncSession, q: str, limit: int, *, mended: str = "") -> tuple[DirectoryEntry, ...]:
    """Return active people with a number; every word of ``q`` must fit a name, an organisation or a number.

    Names and organisations match anywhere, so that «анна» and «здоровье» find what they mean; numbers match from
    their start. A few hundred rows: no index is worth its upkeep.
    """
    statement = (
        select(UserRow, _ROLES.label("roles"))
        .join(UserRow.organisation)
        .options(contains_eager(UserRow.organisation))
        .where(UserRow.active, UserRow.extension.is_not(None), *_words(q.split(), mended.split()))
        .order_by(UserRow.last_name, UserRow.first_name, UserRow.patronymic, UserRow.id)
        .limit(limit)
    )
    return tuple(_entry(row) for row in await session.execute(statement))


def _words(words: Sequence[str], mended: Sequence[str]) -> Iterable[ColumnElement[bool]]:
    organisation: ColumnElement[str] = literal_column(search_key("organisation.short_name || ' ' || organisation.name"))
    others = mended if len(mended) == len(words) else words
    for readings in zip(words, others, strict=True):
        parts: list[ColumnElement[bool]] = []
        for word in sorted(set(readings)):
            if folded := fold(word):
                parts += [func.strpos(FOLDED_NAME, folded) > 0, func.strpos(organisation, folded) > 0]
                parts.append(UserRow.extension.startswith(word, autoescape=True))
        if parts:
            yield or_(*parts)


def _entry(row: Row[Any]) -> DirectoryEntry:
    user: UserRow = row.UserRow
    person = User(
        user.id,
        user.login,
        user.last_name,
        user.first_name,
        user.patronymic,
        to_organisation(user.organisation),
        user.extension,
    )
    return DirectoryEntry(
        user_id=user.id,
        full_name=person.full_name,
        short_name=person.short_name,
        organisation=person.organisation.short_name,
        organisation_code=person.organisation.code,
        extension=user.extension,
        roles=tuple(row.roles or ()),
    )
