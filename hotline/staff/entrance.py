"""What every way of logging in shares: the limit of attempts, and the session at the end of it.

A password, a code of a second factor and an answer of a sign-on server all count as attempts here, so that no way in is
a way round the limit of another.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import NotAuthenticated, TooManyAttempts
from hotline.staff import queries
from hotline.staff.audit import audit
from hotline.staff.model import Right, Session
from hotline.staff.rules import FAILURES_PER_ADDRESS, FAILURES_PER_LOGIN, WINDOW, Limit, seconds_up
from hotline.staff.tables import LoginAttemptRow, SessionRow, UserRow


class Entrance:
    """The door through which every session comes."""

    def __init__(self, db: Database, clock: Clock, settings: Settings) -> None:
        self._db = db
        self._clock = clock
        self._lifetime = timedelta(hours=settings.session_hours)
        self._wall_lifetime = timedelta(days=settings.wall_session_days)

    async def begin_attempt(self, login: str, ip: str) -> int:
        """Note the attempt as failed and return its id, unless too many have failed already.

        It is noted before anything is checked: otherwise a hundred guesses at once would all see no failures.

        :param login: empty: only the address is counted.
        :raises TooManyAttempts: too many failures for this login or address; ``details["retry_after_s"]``.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            # One attempt for a login or an address is counted at a time; sorted locks cannot deadlock.
            for key in sorted((f"login:{login}", f"ip:{ip}")):
                await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
            wait = Limit(FAILURES_PER_ADDRESS).wait(await _failures(session, now, ip=ip), now)
            if login:
                wait = max(wait, Limit(FAILURES_PER_LOGIN).wait(await _failures(session, now, login=login), now))
            if wait > timedelta():
                raise TooManyAttempts(
                    "too many failed attempts to log in; try again later",
                    error_id="too-many-logins",
                    details={"retry_after_s": seconds_up(wait)},
                )
            attempt = LoginAttemptRow(login=login, ip=ip, at=now)
            session.add(attempt)
            await session.flush()
            return attempt.id

    async def note_refusal(self, user_id: int | None, ip: str, note: str = "") -> None:
        """Write a refused attempt into the audit trail.

        :param note: which way in it was; empty: a password.
        """
        # What was typed as a login stays out: people type their passwords there.
        details = {"note": note} if note else {}
        async with self._db.begin() as session:
            audit(
                session,
                "login-refused",
                ("user", user_id or ""),
                user_id=user_id,
                at=self._clock.now(),
                ip=ip,
                details=details,
            )

    async def open(
        self, session: AsyncSession, user_id: int, attempts: Sequence[int], ip: str, user_agent: str, note: str = ""
    ) -> Session:
        """Open a session in the caller's transaction; its ``token`` goes into the cookie and is known only now.

        :param attempts: those that led to it; they count as failed no more.
        :raises NotAuthenticated: the account was switched off meanwhile.
        """
        now = self._clock.now()
        token = secrets.token_urlsafe(32)  # 256 random bits
        row = SessionRow(
            token_sha256=digest(token),
            user_id=user_id,
            csrf=secrets.token_urlsafe(24),
            created_at=now,
            expires_at=now + self._lifetime,
            ip=ip,
            user_agent=user_agent[:500],
        )
        session.add(row)
        await forgive(session, attempts)
        await session.execute(update(UserRow).where(UserRow.id == user_id).values(last_login_at=now))
        await session.flush()
        details = {"note": note} if note else {}
        audit(session, "login", ("user", user_id), user_id=user_id, at=now, ip=ip, details=details)
        user = await queries.find_user(session, UserRow.id == user_id, UserRow.active)
        if user is None:
            raise NotAuthenticated("wrong login or password", error_id="wrong-password")
        if user.permissions == {Right.BOARD_WALL}:  # nobody comes to log a screen in again
            row.expires_at = now + self._wall_lifetime
        return Session(row.id, user, row.csrf, row.expires_at, token)


def digest(token: str) -> bytes:
    """Return what the database keeps of a random token: whoever reads the table cannot use it."""
    return hashlib.sha256(token.encode()).digest()


async def forgive(session: AsyncSession, attempts: Sequence[int]) -> None:
    """Let attempts count as failed no more: they led to what was asked for."""
    await session.execute(update(LoginAttemptRow).where(LoginAttemptRow.id.in_(attempts)).values(succeeded=True))


async def _failures(session: AsyncSession, now: datetime, **where: str) -> list[datetime]:
    statement = (
        select(LoginAttemptRow.at, LoginAttemptRow.succeeded)
        .filter_by(**where)
        .where(LoginAttemptRow.at > now - WINDOW)
        .order_by(LoginAttemptRow.at.desc(), LoginAttemptRow.id.desc())
        .limit(FAILURES_PER_ADDRESS * 10)
    )
    failed: list[datetime] = []
    for at, succeeded in await session.execute(statement):
        if succeeded and "login" in where:
            break  # the right password forgives what went before; for an address it proves nothing
        if not succeeded:
            failed.append(at)
    return failed
