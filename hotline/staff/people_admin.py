"""Use cases of administering accounts (right ``user.manage``): make, change, switch off, unlock, end sessions.

Every change is one transaction with its audit entry and the version that was read; changes of who may what take turns,
so that two administrators cannot each remove the other as the last but one.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import datetime

from argon2 import PasswordHasher
from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.staff import queries
from hotline.staff.admin_model import Account, AccountLine, OpenSession, PersonForm
from hotline.staff.admin_rules import everywhere, manages, person_problems
from hotline.staff.history import read_changes, write_change
from hotline.staff.model import Organisation, Right, User
from hotline.staff.rules import FAILURES_PER_LOGIN, WINDOW, Limit, fold
from hotline.staff.tables import (
    LoginAttemptRow,
    OrganisationRow,
    RoleRow,
    SessionRow,
    UserRoleRow,
    UserRow,
)

SHOWN = 300
"""Most lines of the list of employees; a search finds the others."""


class PeopleAdmin:
    """The door to accounts for administrators."""

    def __init__(self, db: Database, clock: Clock, hasher: PasswordHasher) -> None:
        self._db = db
        self._clock = clock
        self._hasher = hasher

    async def find(
        self, by: User, *, q: str = "", role: str = "", organisation_id: int | None = None, active: bool | None = True
    ) -> tuple[AccountLine, ...]:
        """Return the accounts that ``by`` administers, by name.

        :param q: words that each fit the name, the login or the beginning of the number.
        :param active: ``None``: those that are switched off as well.
        """
        _require(by)
        statement = queries.users_with_rights().order_by(UserRow.last_name, UserRow.first_name, UserRow.id)
        if not everywhere(by.organisation):
            statement = statement.where(UserRow.organisation_id == by.organisation.id)
        if active is not None:
            statement = statement.where(UserRow.active.is_(active))
        if organisation_id is not None:
            statement = statement.where(UserRow.organisation_id == organisation_id)
        if role:
            statement = statement.where(
                select(UserRoleRow.user_id)
                .where(UserRoleRow.user_id == UserRow.id, UserRoleRow.role_code == role)
                .exists()
            )
        for word in q.split():
            statement = statement.where(
                or_(
                    func.strpos(queries.FOLDED_NAME, fold(word)) > 0,
                    func.strpos(UserRow.login, word.lower()) > 0,
                    UserRow.extension.startswith(word, autoescape=True),
                )
            )
        async with self._db.begin() as session:
            rows = await session.execute(statement.limit(SHOWN))
            return tuple(AccountLine(queries.to_user(row), row.UserRow.last_login_at) for row in rows)

    async def takers(self, by: User) -> tuple[AccountLine, ...]:
        """Return those who may take calls and have a telephone, for whoever manages the queue.

        :raises Forbidden: ``by`` may not manage the queue.
        """
        if not by.may(Right.QUEUE_MANAGE):
            raise Forbidden("this user may not manage the queue")
        found = await self._takers()
        if not everywhere(by.organisation):
            found = [one for one in found if one.user.organisation.id == by.organisation.id]
        return tuple(found)

    async def everybody_taking(self) -> tuple[User, ...]:
        """Return all who may take calls and have a telephone, for the rules of distribution."""
        return tuple(one.user for one in await self._takers())

    async def _takers(self) -> list[AccountLine]:
        statement = queries.users_with_rights().where(UserRow.active, UserRow.extension.is_not(None))
        async with self._db.begin() as session:
            rows = await session.execute(statement.order_by(UserRow.last_name, UserRow.first_name, UserRow.id))
            found = [AccountLine(queries.to_user(row), row.UserRow.last_login_at) for row in rows]
        return [one for one in found if one.user.may(Right.CALL_TAKE)]

    async def get(self, by: User, user_id: int) -> Account:
        """Return an account with its sessions and history.

        :raises NotFound: there is none that ``by`` administers.
        """
        _require(by)
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await self._load(session, by, user_id)
            user = await queries.find_user(session, UserRow.id == user_id)
            assert user is not None  # noqa: S101 - its row was read one statement ago in this transaction
            sessions = await session.scalars(
                select(SessionRow)
                .where(SessionRow.user_id == user_id, SessionRow.expires_at > now)
                .order_by(SessionRow.created_at.desc())
            )
            return Account(
                user,
                row.version,
                row.created_at,
                row.last_login_at,
                await self._locked(session, row.login, now),
                tuple(OpenSession(one.id, one.created_at, one.expires_at, one.ip, one.user_agent) for one in sessions),
                await read_changes(session, "user", user_id),
            )

    async def create(self, by: User, form: PersonForm) -> tuple[User, str]:
        """Create an account; return it with the temporary password, which nobody can read again.

        :raises BadInput: ``details`` names each wrong field.
        :raises Conflict: the login or the number is taken (``login-taken``, ``extension-taken``).
        """
        _require(by)
        form = _trimmed(form)
        password = temporary_password()
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        async with self._db.begin() as session:
            organisation = await self._checked(session, by, form)
            row = UserRow(
                login=form.login,
                password_hash=hashed,
                password_temporary=True,
                organisation_id=organisation.id,
                created_at=self._clock.now(),
                **_columns(form),
            )
            session.add(row)
            await self._flush(session)
            session.add_all(UserRoleRow(user_id=row.id, role_code=code) for code in sorted(form.roles))
            await session.flush()
            write_change(session, ("user", row.id), {}, _facts(form), by=by, at=self._clock.now(), note="created")
            user = await queries.find_user(session, UserRow.id == row.id)
        assert user is not None  # noqa: S101 - inserted in this transaction
        return user, password

    async def save(self, by: User, user_id: int, form: PersonForm, version: int) -> User:
        """Change an account.

        :raises BadInput: ``details`` names each wrong field.
        :raises Conflict: somebody changed it since (``stale-record``), login or number are taken, or nobody would be
            left who may administer (``last-administrator``).
        """
        _require(by)
        form = _trimmed(form)
        async with self._db.begin() as session:
            await take_turns(session)
            row = await self._load(session, by, user_id, version)
            organisation = await self._checked(session, by, form)
            before = await self._stored(session, row)
            row.login, row.organisation_id = form.login, organisation.id
            for name, value in _columns(form).items():
                setattr(row, name, value)
            await session.execute(delete(UserRoleRow).where(UserRoleRow.user_id == user_id))
            session.add_all(UserRoleRow(user_id=user_id, role_code=code) for code in sorted(form.roles))
            if write_change(session, ("user", user_id), before, _facts(form), by=by, at=self._clock.now()):
                row.version += 1
            await self._flush(session)
            session.expire(row)
            await keep_an_administrator(session)
            user = await queries.find_user(session, UserRow.id == user_id)
        assert user is not None  # noqa: S101 - its row is locked by this transaction
        return user

    async def switch(self, by: User, user_id: int, version: int, *, active: bool) -> tuple[int, ...]:
        """Switch an account off or on again; return the ids of the sessions that this ended.

        :raises Conflict: ``stale-record``, ``extension-taken`` (by somebody since), ``last-administrator``, or one's
            own account (``own-account``).
        """
        _require(by)
        if user_id == by.id and not active:
            raise Conflict("nobody switches his own account off", error_id="own-account")
        async with self._db.begin() as session:
            await take_turns(session)
            row = await self._load(session, by, user_id, version)
            if row.active is active:
                return ()
            row.active = active
            row.version += 1
            write_change(
                session, ("user", user_id), {"active": not active}, {"active": active}, by=by, at=self._clock.now()
            )
            await self._flush(session)
            await keep_an_administrator(session)
            return () if active else await self._end(session, SessionRow.user_id == user_id)

    async def reset_password(self, by: User, user_id: int, version: int) -> tuple[str, tuple[int, ...]]:
        """Give a temporary password, which must be changed at the next login; return it and the ended sessions' ids.

        :raises Conflict: ``stale-record``.
        """
        _require(by)
        password = temporary_password()
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        async with self._db.begin() as session:
            row = await self._load(session, by, user_id, version)
            row.password_hash, row.password_temporary = hashed, True
            row.version += 1
            write_change(session, ("user", user_id), {}, {}, by=by, at=self._clock.now(), note="password")
            return password, await self._end(session, SessionRow.user_id == user_id)

    async def unlock(self, by: User, user_id: int) -> None:
        """Forgive the failed attempts to log in."""
        _require(by)
        async with self._db.begin() as session:
            row = await self._load(session, by, user_id)
            await session.execute(
                delete(LoginAttemptRow).where(LoginAttemptRow.login == row.login, ~LoginAttemptRow.succeeded)
            )
            write_change(session, ("user", user_id), {}, {}, by=by, at=self._clock.now(), note="unlocked")

    async def end_session(self, by: User, user_id: int, session_id: int) -> tuple[int, ...]:
        """End one session of somebody; nothing happens when it has ended already."""
        _require(by)
        async with self._db.begin() as session:
            await self._load(session, by, user_id)
            ended = await self._end(session, SessionRow.user_id == user_id, SessionRow.id == session_id)
            if ended:
                write_change(session, ("user", user_id), {}, {}, by=by, at=self._clock.now(), note="session ended")
            return ended

    async def choices(self, by: User) -> tuple[tuple[Organisation, ...], tuple[tuple[str, str], ...]]:
        """Return the organisations in which ``by`` administers, and the roles as code and title."""
        _require(by)
        async with self._db.begin() as session:
            statement = select(OrganisationRow).order_by(OrganisationRow.short_name)
            if not everywhere(by.organisation):
                statement = statement.where(OrganisationRow.id == by.organisation.id)
            organisations = [queries.to_organisation(row) for row in await session.scalars(statement)]
            roles = await session.execute(select(RoleRow.code, RoleRow.title).order_by(RoleRow.sort))
            return tuple(organisations), tuple((code, title) for code, title in roles)

    async def _load(self, session: AsyncSession, by: User, user_id: int, version: int | None = None) -> UserRow:
        row = await session.scalar(select(UserRow).where(UserRow.id == user_id).with_for_update(of=UserRow))
        if row is None or not manages(by, row.organisation_id):
            raise NotFound("there is no such employee")
        if version is not None and row.version != version:
            raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
        return row

    async def _checked(self, session: AsyncSession, by: User, form: PersonForm) -> OrganisationRow:
        problems = person_problems(form, await session.scalars(select(RoleRow.code)))
        number = form.organisation_id
        organisation = None
        if number.isascii() and number.isdigit() and len(number) <= 18:
            organisation = await session.get(OrganisationRow, int(number))
        if organisation is None or not manages(by, organisation.id):
            problems["organisation_id"] = "unknown"
        if problems or organisation is None:
            raise BadInput("the account cannot be saved", details=problems)
        return organisation

    async def _flush(self, session: AsyncSession) -> None:
        try:
            await session.flush()
        except IntegrityError as error:
            field = "extension" if "extension" in str(error.orig) else "login"
            raise Conflict(f"the {field} is taken", error_id=f"{field}-taken", details={field: "taken"}) from error

    async def _stored(self, session: AsyncSession, row: UserRow) -> dict[str, object]:
        roles = await session.scalars(select(UserRoleRow.role_code).where(UserRoleRow.user_id == row.id))
        return _facts(
            PersonForm(
                row.login,
                row.last_name,
                row.first_name,
                row.patronymic,
                str(row.organisation_id),
                row.extension or "",
                frozenset(roles),
            )
        )

    async def _locked(self, session: AsyncSession, login: str, now: datetime) -> bool:
        failed = await session.scalars(
            select(LoginAttemptRow.at).where(
                LoginAttemptRow.login == login,
                LoginAttemptRow.at > now - WINDOW,
                ~LoginAttemptRow.succeeded,
                LoginAttemptRow.id
                > select(func.coalesce(func.max(LoginAttemptRow.id), 0))
                .where(LoginAttemptRow.login == login, LoginAttemptRow.succeeded)
                .scalar_subquery(),
            )
        )
        return bool(Limit(FAILURES_PER_LOGIN).wait(failed.all(), now))

    @staticmethod
    async def _end(session: AsyncSession, *conditions: ColumnElement[bool]) -> tuple[int, ...]:
        ended = await session.scalars(delete(SessionRow).where(*conditions).returning(SessionRow.id))
        return tuple(ended.all())


async def take_turns(session: AsyncSession) -> None:
    """Let changes of who may what follow each other, until the transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("staff rights", 0))))


async def keep_an_administrator(session: AsyncSession) -> None:
    """Refuse what would leave nobody who may manage accounts, now or when what is allowed for a time is over.

    :raises Conflict: ``last-administrator``; the caller's transaction is rolled back by it.
    """
    await session.flush()
    found = await session.execute(queries.users_with_rights(lasting=True).where(UserRow.active, ~UserRow.service))
    if not any(queries.to_user(row).may(Right.USER_MANAGE) for row in found):
        raise Conflict("nobody would be left who may administer", error_id="last-administrator")


def temporary_password() -> str:
    """Return a password that can be read out: 60 random bits in groups, without letters that look alike."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))


def _require(by: User) -> None:
    if not by.may(Right.USER_MANAGE):
        raise Forbidden("this user may not manage accounts")


def _trimmed(form: PersonForm) -> PersonForm:
    return replace(
        form,
        login=form.login.strip().lower(),
        last_name=form.last_name.strip(),
        first_name=form.first_name.strip(),
        patronymic=form.patronymic.strip(),
        extension=form.extension.strip(),
    )


def _columns(form: PersonForm) -> dict[str, str | None]:
    return {
        "last_name": form.last_name,
        "first_name": form.first_name,
        "patronymic": form.patronymic,
        "extension": form.extension or None,
    }


def _facts(form: PersonForm) -> dict[str, object]:
    roles = sorted(form.roles)
    return {"login": form.login, "organisation_id": form.organisation_id, "roles": roles, **_columns(form)}
