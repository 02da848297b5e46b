"""Use cases of administering roles (right ``user.manage``): what each allows and denies, and whom a change touches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Conflict, Forbidden, NotFound
from hotline.staff.admin_model import Affected, Change, RoleCard, RolePreview
from hotline.staff.admin_rules import clean_effects, everywhere, rights_after
from hotline.staff.history import read_changes, write_change
from hotline.staff.model import Right, User, short_name
from hotline.staff.people_admin import keep_an_administrator, take_turns
from hotline.staff.tables import RoleRightRow, RoleRow, UserRightRow, UserRoleRow, UserRow

_EFFECTS = (
    select(func.jsonb_object_agg(RoleRightRow.right_code, RoleRightRow.effect))
    .where(RoleRightRow.role_code == RoleRow.code)
    .scalar_subquery()
)
_HOLDERS = (
    select(func.count())
    .select_from(UserRoleRow)
    .join(UserRow, UserRow.id == UserRoleRow.user_id)
    .where(UserRoleRow.role_code == RoleRow.code, UserRow.active)
    .scalar_subquery()
)


class RolesAdmin:
    """The door to roles. Roles hold for every organisation: an insurer's administrator only reads them."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def all(self, by: User) -> tuple[RoleCard, ...]:
        """Return the roles in the profile's order."""
        _require(by)
        async with self._db.begin() as session:
            rows = await session.execute(
                select(RoleRow, _EFFECTS.label("effects"), _HOLDERS.label("people")).order_by(
                    RoleRow.sort, RoleRow.code
                )
            )
            return tuple(_card(row.RoleRow, row.effects, row.people) for row in rows)

    async def get(self, by: User, code: str) -> tuple[RoleCard, tuple[Change, ...]]:
        """Return a role with its history.

        :raises NotFound: there is none of this code.
        """
        _require(by)
        async with self._db.begin() as session:
            return await self._card(session, code), await read_changes(session, "role", code)

    async def preview(self, by: User, code: str, effects: Mapping[str, str]) -> RolePreview:
        """Return what saving ``effects`` would change, and whose effective rights; nothing is changed."""
        _require(by)
        wanted = clean_effects(effects)
        async with self._db.begin() as session:
            card = await self._card(session, code)
            return RolePreview(_changes(card.effects, wanted), await self._affected(session, code, wanted), card.people)

    async def save(self, by: User, code: str, effects: Mapping[str, str], version: int) -> RoleCard:
        """Set what a role allows and denies.

        :raises Forbidden: roles are the fund's (``roles-of-all``).
        :raises Conflict: ``stale-record``, or nobody would be left who may administer (``last-administrator``).
        """
        _require(by)
        if not everywhere(by.organisation):
            raise Forbidden("roles hold for all organisations", error_id="roles-of-all")
        wanted, now = clean_effects(effects), self._clock.now()
        async with self._db.begin() as session:
            await take_turns(session)
            row = await session.scalar(select(RoleRow).where(RoleRow.code == code).with_for_update())
            if row is None:
                raise NotFound("there is no such role")
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            card = await self._card(session, code)
            changes = _changes(card.effects, wanted)
            before, after = ({right: pair[at] for right, pair in changes.items()} for at in (0, 1))
            if write_change(session, ("role", code), before, after, by=by, at=now):
                row.version, row.edited_at = row.version + 1, now
                await session.execute(delete(RoleRightRow).where(RoleRightRow.role_code == code))
                session.add_all(RoleRightRow(role_code=code, right_code=r, effect=e) for r, e in wanted.items())
                await keep_an_administrator(session)
            return await self._card(session, code)

    async def _card(self, session: AsyncSession, code: str) -> RoleCard:
        statement = select(RoleRow, _EFFECTS.label("effects"), _HOLDERS.label("people")).where(RoleRow.code == code)
        row = (await session.execute(statement)).one_or_none()
        if row is None:
            raise NotFound("there is no such role")
        return _card(row.RoleRow, row.effects, row.people)

    async def _affected(self, session: AsyncSession, code: str, wanted: Mapping[str, str]) -> tuple[Affected, ...]:
        holders = select(UserRoleRow.user_id).where(UserRoleRow.role_code == code)
        grants = (
            select(func.jsonb_agg(func.jsonb_build_array(RoleRow.code, _EFFECTS)))
            .join(UserRoleRow, UserRoleRow.role_code == RoleRow.code)
            .where(UserRoleRow.user_id == UserRow.id)
            .scalar_subquery()
        )
        own = (
            select(func.jsonb_object_agg(UserRightRow.right_code, UserRightRow.effect))
            .where(UserRightRow.user_id == UserRow.id)
            .scalar_subquery()
        )
        rows = await session.execute(
            select(UserRow.id, UserRow.last_name, UserRow.first_name, UserRow.patronymic, grants.label("grants"))
            .add_columns(own.label("own"))
            .where(UserRow.active, UserRow.id.in_(holders))
            .order_by(UserRow.last_name, UserRow.first_name, UserRow.id)
        )
        found = []
        for row in rows:
            before, after = rights_after({role: said or {} for role, said in row.grants}, row.own or {}, code, wanted)
            if before != after:
                name = short_name(row.last_name, row.first_name, row.patronymic)
                found.append(Affected(row.id, name, tuple(sorted(after - before)), tuple(sorted(before - after))))
        return tuple(found)


def _require(by: User) -> None:
    if not by.may(Right.USER_MANAGE):
        raise Forbidden("this user may not manage roles")


def _card(row: RoleRow, effects: Any, people: int) -> RoleCard:
    return RoleCard(row.code, row.title, row.version, people, dict(effects or {}), row.edited_at, row.sight)


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    pairs = {right: (before.get(right, ""), after.get(right, "")) for right in sorted({*before, *after})}
    return {right: pair for right, pair in pairs.items() if pair[0] != pair[1]}
