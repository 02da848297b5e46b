"""Use cases of the rights of one employee (right ``user.manage``): where each comes from, grant, deny, take back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
from hotline.staff.rights_of import Grant, RightLine, RoleRule, SightLine, lines_of, may_say, said, sight_lines
from hotline.staff.tables import RoleRightRow, RoleRow, UserRightRow, UserRoleRow, UserRow

ENTITY = "user-rights"
MAX_REASON = 500
TERM_OVER = "term over"
"""The note in the history of what ended by itself."""


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

    async def say(
        self,
        by: User,
        user_id: int,
        right: str,
        effect: str,
        reason: str,
        version: int,
        *,
        ends_at: datetime | None = None,
    ) -> None:
        """Allow or deny somebody a right, whatever his roles say; an empty ``effect`` leaves it to his roles again.

        :param ends_at: when this ends by itself (S000-01: somebody stands in for somebody); ``None``: it does not.
        :raises BadInput: unknown right or effect; no reason, or too long a one; an end that is past.
        :raises Forbidden: no right to (``no-right-to-give``), or one's own account (``own-rights``).
        :raises Conflict: ``stale-record``, or nobody would be left who may administer (``last-administrator``).
        """
        reason = reason.strip()
        async with self._db.begin() as session:
            await take_turns(session)
            row = await _administered(session, by, user_id)
            at = self._clock.now()
            await _check(session, right, effect, reason, over=ends_at is not None and ends_at <= at)
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            if user_id == by.id:
                raise Forbidden("nobody changes his own rights", error_id="own-rights")
            if not may_say(by.permissions, right, everywhere=everywhere(by.organisation)):
                raise Forbidden("one gives no right that one has not", error_id="no-right-to-give")
            wanted = UserRightRow(
                user_id=user_id, right_code=right, effect=effect, reason=reason, at=at, by_id=by.id,
                ends_at=ends_at if effect else None,
            )  # fmt: skip
            before, after = await _put(session, wanted), said(effect, ends_at)
            if before != after:
                write_change(session, (ENTITY, user_id), {right: before}, {right: after}, by=by, at=at, note=reason)
                row.version += 1
            await keep_an_administrator(session)

    async def close_ended(self) -> int:
        """Close what has ended by itself, each with an entry in its history; return how many there were.

        Nothing holds any longer than said for want of this (``queries.still_said``).
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            ended = select(UserRightRow.user_id, UserRightRow.right_code).where(UserRightRow.ends_at <= now)
            found = (await session.execute(ended.order_by(UserRightRow.user_id, UserRightRow.right_code))).all()
        return sum([await self._close(user_id, right, now) for user_id, right in found])

    async def _close(self, user_id: int, right: str, now: datetime) -> bool:
        async with self._db.begin() as session:
            await take_turns(session)
            row = await session.get(UserRow, user_id, with_for_update=True)
            stored = await session.get(UserRightRow, (user_id, right))
            if row is None or stored is None or stored.ends_at is None or stored.ends_at > now:
                return False  # somebody was quicker
            before = said(stored.effect, stored.ends_at)
            await session.delete(stored)
            write_change(session, (ENTITY, user_id), {right: before}, {right: ""}, by=None, at=now, note=TERM_OVER)
            row.version += 1
        return True


async def _put(session: AsyncSession, wanted: UserRightRow) -> str:
    """Store what is said of a right from now on; return what was."""
    stored = await session.get(UserRightRow, (wanted.user_id, wanted.right_code))
    before = said(stored.effect, stored.ends_at) if stored is not None else ""
    if before == said(wanted.effect, wanted.ends_at):
        return before
    if stored is not None:
        await session.delete(stored)
        await session.flush()
    if wanted.effect:
        session.add(wanted)
    return before


async def _check(session: AsyncSession, right: str, effect: str, reason: str, *, over: bool) -> None:
    problems = {"until": "past"} if over else {}
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
        .where(UserRightRow.user_id == user_id, queries.still_said())
    )
    return {
        one.UserRightRow.right_code: Grant(
            one.UserRightRow.effect,
            one.UserRightRow.reason,
            one.UserRightRow.at,
            short_name(one.last_name, one.first_name, one.patronymic),
            one.UserRightRow.ends_at,
        )
        for one in rows
    }
