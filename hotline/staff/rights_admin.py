"""Use cases of the rights of one employee (right ``user.manage``): where each comes from, grant, deny, take back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.staff import queries
from hotline.staff.admin_model import Change
from hotline.staff.admin_rules import everywhere, manages
from hotline.staff.history import read_changes, write_change
from hotline.staff.model import Effect, Right, User, short_name
from hotline.staff.people_admin import keep_an_administrator, take_turns
from hotline.staff.rights_of import Grant, RightLine, RoleRule, SightLine, lines_of, may_say, sight_lines
from hotline.staff.tables import RoleRightRow, RoleRow, UserRightRow, UserRoleRow, UserRow

ENTITY = "user-rights"
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class RightsOfOne:
    """Everything that the page of somebody's rights shows."""

    user: User
    version: int
    lines: tuple[RightLine, ...]
    sight: tuple[SightLine, ...]
    history: tuple[Change, ...]


class RightsAdmin:
    """The door to the rights of one employee."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def of(self, by: User, user_id: int) -> RightsOfOne:
        """Return his rights with where each comes from.

        :raises Forbidden: ``by`` may not manage accounts.
        :raises NotFound: there is no such account, or none that ``by`` administers.
        """
        async with self._db.begin() as session:
            row = await _administered(session, by, user_id)
            user = await queries.find_user(session, UserRow.id == user_id)
            assert user is not None  # noqa: S101 - its row is locked by this transaction
            roles = await _roles(session, user_id)
            return RightsOfOne(
                user,
                row.version,
                lines_of(roles, await _own(session, user_id)),
                sight_lines(roles, user.organisation.kind),
                await read_changes(session, ENTITY, user_id),
            )

    async def say(self, by: User, user_id: int, right: str, effect: str, reason: str, version: int) -> None:
        """Allow or deny somebody a right, whatever his roles say; an empty ``effect`` leaves it to his roles again.

        :raises BadInput: unknown right or effect; no reason, or too long a one.
        :raises Forbidden: no right to (``no-right-to-give``), or one's own account (``own-rights``).
        :raises Conflict: ``stale-record``, or nobody would be left who may administer (``last-administrator``).
        """
        reason = reason.strip()
        async with self._db.begin() as session:
            await take_turns(session)
            row = await _administered(session, by, user_id)
            await _check(session, right, effect, reason)
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            if user_id == by.id:
                raise Forbidden("nobody changes his own rights", error_id="own-rights")
            if not may_say(by.permissions, right, everywhere=everywhere(by.organisation)):
                raise Forbidden("one gives no right that one has not", error_id="no-right-to-give")
            before = await self._put(session, by, user_id, right, effect, reason)

            at = self._clock.now()
            if before != effect:
                write_change(session, (ENTITY, user_id), {right: before}, {right: effect}, by=by, at=at, note=reason)
                row.version += 1
            await keep_an_administrator(session)

    async def _put(self, session: AsyncSession, by: User, user_id: int, right: str, effect: str, reason: str) -> str:
        stored = await session.get(UserRightRow, (user_id, right))
        before = stored.effect if stored is not None else ""
        if before == effect:
            return before
        if stored is not None and not effect:
            await session.delete(stored)
            return before
        if stored is None:
            stored = UserRightRow(user_id=user_id, right_code=right)
            session.add(stored)
        stored.effect, stored.reason, stored.at, stored.by_id = effect, reason, self._clock.now(), by.id
        return before


async def _check(session: AsyncSession, right: str, effect: str, reason: str) -> None:
    problems = {}
    if right not in set(Right):
        known = await session.scalar(
            select(func.count()).select_from(RoleRightRow).where(RoleRightRow.right_code == right)
        )
        if not known:
            problems["right"] = "unknown"
    if effect not in {*Effect, ""}:
        problems["effect"] = "unknown"
    if not reason:
        problems["reason"] = "required"
    elif len(reason) > MAX_REASON:
        problems["reason"] = f"at most {MAX_REASON} characters"
    if problems:
        raise BadInput("the right cannot be changed so", details=problems)


async def _administered(session: AsyncSession, by: User, user_id: int) -> UserRow:
    if not by.may(Right.USER_MANAGE):
        raise Forbidden("this user may not manage accounts")
    row = await session.scalar(select(UserRow).where(UserRow.id == user_id).with_for_update(of=UserRow))
    if row is None or not manages(by, row.organisation_id):
        raise NotFound("there is no such employee")
    return row


async def _roles(session: AsyncSession, user_id: int) -> list[RoleRule]:
    effects = (
        select(func.jsonb_object_agg(RoleRightRow.right_code, RoleRightRow.effect))
        .where(RoleRightRow.role_code == RoleRow.code)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(RoleRow, effects.label("effects"))
        .join(UserRoleRow, UserRoleRow.role_code == RoleRow.code)
        .where(UserRoleRow.user_id == user_id)
        .order_by(RoleRow.sort, RoleRow.code)
    )
    return [RoleRule(one.RoleRow.code, one.RoleRow.title, one.effects or {}, one.RoleRow.sight) for one in rows]


async def _own(session: AsyncSession, user_id: int) -> dict[str, Grant]:
    giver = aliased(UserRow)
    rows = await session.execute(
        select(UserRightRow, giver.last_name, giver.first_name, giver.patronymic)
        .outerjoin(giver, giver.id == UserRightRow.by_id)
        .where(UserRightRow.user_id == user_id)
    )
    return {
        one.UserRightRow.right_code: Grant(
            one.UserRightRow.effect,
            one.UserRightRow.reason,
            one.UserRightRow.at,
            short_name(one.last_name, one.first_name, one.patronymic),
        )
        for one in rows
    }
