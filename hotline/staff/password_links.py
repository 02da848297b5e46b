"""One-time links with which somebody chooses his password himself: no password is ever said aloud (DAY-27, domain 3.4).

An administrator makes a link; it works once and not for long, only its hash is stored, and a new one takes the one
before back. Looking at it uses nothing up: messengers fetch links to show a preview.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound, TooManyAttempts
from hotline.staff.admin_rules import manages
from hotline.staff.audit import audit
from hotline.staff.history import write_change
from hotline.staff.model import Right, User, short_name
from hotline.staff.rules import FAILURES_PER_ADDRESS, WINDOW, Limit, password_problem, seconds_up
from hotline.staff.tables import LoginAttemptRow, SessionRow, UserRow
from hotline.staff.tables_password import PasswordLinkRow

TOKEN_LENGTH = 43
"""256 random bits in base64url (RFC 4648 section 5), without padding."""
KEPT = timedelta(days=30)
"""How long a link that works no more is remembered; what was done stands in the audit trail for ever."""


@dataclass(frozen=True, slots=True)
class PendingLink:
    """A link that was made and not used yet."""

    by: str
    made_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link just made. Nobody can read ``token`` again."""

    user_id: int
    expires_at: datetime
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinkOwner:
    """Whose password a link chooses."""

    user_id: int
    login: str
    full_name: str
    expires_at: datetime


class PasswordLinks:
    """The door to the links.

    :param lifetime: how long a link works.
    """

    def __init__(self, db: Database, clock: Clock, hasher: PasswordHasher, lifetime: timedelta) -> None:
        self._db = db
        self._clock = clock
        self._hasher = hasher
        self._lifetime = lifetime

    async def make(self, by: User, user_id: int, version: int) -> MadeLink:
        """Make a link for somebody. A temporary password of his stops working; one that he chose himself does not.

        :raises Forbidden: ``by`` may not manage accounts.
        :raises NotFound: there is no such account, or none that ``by`` administers.
        :raises Conflict: somebody changed it since ``version`` (``stale-record``), or it is switched off
            (``account-off``).
        """
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        unusable = await asyncio.to_thread(self._hasher.hash, secrets.token_hex())
        async with self._db.begin() as session:
            row = await _administered(session, by, user_id)
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            if not row.active:
                raise Conflict("the account is switched off", error_id="account-off")
            await _cancel(session, user_id, now)
            if row.password_temporary:
                row.password_hash = unusable
            row.version += 1
            link = PasswordLinkRow(
                user_id=user_id,
                token_sha256=_digest(token),
                made_by_id=by.id,
                made_at=now,
                expires_at=now + self._lifetime,
            )
            session.add(link)
            write_change(session, ("user", user_id), {}, {}, by=by, at=now, note="password link")
        return MadeLink(user_id, link.expires_at, token)

    async def cancel(self, by: User, user_id: int) -> None:
        """Take the link of somebody back; nothing happens when there is none."""
        now = self._clock.now()
        async with self._db.begin() as session:
            await _administered(session, by, user_id)
            if await _cancel(session, user_id, now):
                write_change(session, ("user", user_id), {}, {}, by=by, at=now, note="password link taken back")

    async def pending(self, by: User, user_id: int) -> PendingLink | None:
        """Return the link of somebody that could still be used."""
        async with self._db.begin() as session:
            await _administered(session, by, user_id)
            found = await session.execute(
                select(PasswordLinkRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
                .join(UserRow, UserRow.id == PasswordLinkRow.made_by_id)
                .where(PasswordLinkRow.user_id == user_id, *_working(self._clock.now()))
            )
            row = found.one_or_none()
        if row is None:
            return None
        link: PasswordLinkRow = row.PasswordLinkRow
        maker = short_name(row.last_name, row.first_name, row.patronymic)
        return PendingLink(maker, link.made_at, link.expires_at)

    async def owner(self, token: str, *, ip: str) -> LinkOwner:
        """Return whose password a link chooses. It stays unused.

        :raises NotFound: it is unknown, used, taken back or too old; which one is not said (``no-such-password-link``).
        :raises TooManyAttempts: too many links from this address did not work.
        """
        if len(token) != TOKEN_LENGTH:
            raise _dead()  # half an address, not a guess
        await self._allowed(ip)
        async with self._db.begin() as session:
            link, user = await self._found(session, token)
            found = _owner(link, user) if link is not None and user is not None else None
        if found is None:
            raise await self._failed(ip)
        return found

    async def use(self, token: str, password: str, *, ip: str) -> tuple[LinkOwner, tuple[int, ...]]:
        """Set the password, use the link up, end every session of its owner; return him and the ended sessions' ids.

        Failed attempts to log in are forgiven. A password that will not do uses nothing up.

        :raises NotFound, TooManyAttempts: as for :meth:`owner`.
        :raises BadInput: the password is too weak.
        """
        owner = await self.owner(token, ip=ip)
        if problem := password_problem(password, owner.login):
            raise BadInput(problem, details={"password": problem})
        fresh = await asyncio.to_thread(self._hasher.hash, password)
        now = self._clock.now()
        async with self._db.begin() as session:
            # The account first, as making and taking back do: two who want both rows in turn cannot block each other.
            await session.execute(select(UserRow.id).where(UserRow.id == owner.user_id).with_for_update())
            link, user = await self._found(session, token, lock=True)
            if link is None or user is None:  # used meanwhile, in another window
                raise _dead()
            link.used_at, link.used_from = now, ip
            user.password_hash, user.password_temporary, user.version = fresh, False, user.version + 1
            ended = await session.scalars(
                delete(SessionRow).where(SessionRow.user_id == user.id).returning(SessionRow.id)
            )
            await session.execute(
                delete(LoginAttemptRow).where(LoginAttemptRow.login == user.login, ~LoginAttemptRow.succeeded)
            )
            details = {"fields": ["password"], "note": "password chosen by link"}
            audit(session, "change", ("user", user.id), user_id=user.id, at=now, ip=ip, details=details)
            return owner, tuple(ended.all())

    async def purge(self) -> int:
        """Forget links that stopped working long ago; return how many."""
        old = self._clock.now() - KEPT
        async with self._db.begin() as session:
            gone = await session.scalars(
                delete(PasswordLinkRow).where(PasswordLinkRow.expires_at <= old).returning(PasswordLinkRow.id)
            )
            return len(gone.all())

    async def _found(
        self, session: AsyncSession, token: str, *, lock: bool = False
    ) -> tuple[PasswordLinkRow | None, UserRow | None]:
        statement = (
            select(PasswordLinkRow, UserRow)
            .join(UserRow, UserRow.id == PasswordLinkRow.user_id)
            .where(PasswordLinkRow.token_sha256 == _digest(token), UserRow.active, *_working(self._clock.now()))
        )
        if lock:
            # Whoever waits here for another window reads the row again: it is used then, and no row comes back.
            statement = statement.with_for_update(of=(PasswordLinkRow, UserRow))
        row = (await session.execute(statement)).one_or_none()
        return (None, None) if row is None else (row.PasswordLinkRow, row.UserRow)

    async def _allowed(self, ip: str) -> None:
        """Guessing shares the limit of an address with logging in; 256 bits are not guessed, but floods are stopped."""
        now = self._clock.now()
        async with self._db.begin() as session:
            failed = await session.scalars(
                select(LoginAttemptRow.at)
                .where(LoginAttemptRow.ip == ip, LoginAttemptRow.at > now - WINDOW, ~LoginAttemptRow.succeeded)
                .order_by(LoginAttemptRow.at.desc())
                .limit(FAILURES_PER_ADDRESS)
            )
            wait = Limit(FAILURES_PER_ADDRESS).wait(failed.all(), now)
        if wait > timedelta():
            raise TooManyAttempts(
                "too many failed attempts; try again later",
                error_id="too-many-logins",
                details={"retry_after_s": seconds_up(wait)},
            )

    async def _failed(self, ip: str) -> NotFound:
        now = self._clock.now()
        async with self._db.begin() as session:
            session.add(LoginAttemptRow(login="", ip=ip, at=now))
            details = {"note": "password link"}
            audit(session, "login-refused", ("user", ""), user_id=None, at=now, ip=ip, details=details)
        return _dead()


def _dead() -> NotFound:
    return NotFound("this link does not work any more", error_id="no-such-password-link")


def _owner(link: PasswordLinkRow, user: UserRow) -> LinkOwner:
    full_name = " ".join(filter(None, (user.last_name, user.first_name, user.patronymic)))
    return LinkOwner(user.id, user.login, full_name, link.expires_at)


def _working(now: datetime) -> list[ColumnElement[bool]]:
    return [PasswordLinkRow.used_at.is_(None), PasswordLinkRow.cancelled_at.is_(None), PasswordLinkRow.expires_at > now]


async def _administered(session: AsyncSession, by: User, user_id: int) -> UserRow:
    if not by.may(Right.USER_MANAGE):
        raise Forbidden("this user may not manage accounts")
    row = await session.scalar(select(UserRow).where(UserRow.id == user_id).with_for_update(of=UserRow))
    if row is None or not manages(by, row.organisation_id):
        raise NotFound("there is no such employee")
    return row


async def _cancel(session: AsyncSession, user_id: int, now: datetime) -> bool:
    gone = await session.scalars(
        update(PasswordLinkRow)
        .where(
            PasswordLinkRow.user_id == user_id,
            PasswordLinkRow.used_at.is_(None),
            PasswordLinkRow.cancelled_at.is_(None),
        )
        .values(cancelled_at=now)
        .returning(PasswordLinkRow.id)
    )
    return bool(gone.all())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
