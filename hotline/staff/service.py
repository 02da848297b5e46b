"""Use cases about people: logging in and out, sessions, accounts, the telephone directory."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotAuthenticated
from hotline.staff import queries
from hotline.staff.admin_model import Change
from hotline.staff.audit import audit
from hotline.staff.contacts import Contacts
from hotline.staff.entrance import Entrance, digest
from hotline.staff.history import read_changes, read_changes_of, write_change
from hotline.staff.model import DirectoryEntry, NewUser, Right, Session, User
from hotline.staff.organisations_admin import OrganisationsAdmin
from hotline.staff.password_links import PasswordLinks
from hotline.staff.people_admin import PeopleAdmin
from hotline.staff.rights_admin import RightsAdmin
from hotline.staff.roles_admin import RolesAdmin
from hotline.staff.rules import WINDOW, password_problem
from hotline.staff.second_factor import SecondFactor
from hotline.staff.tables import (
    LoginAttemptRow,
    OrganisationRow,
    RoleRow,
    SessionRow,
    UserRoleRow,
    UserRow,
)
from hotline.staff.tokens import Tokens
from hotline.staff.trail import AuditTrail

Noting = Callable[[AsyncSession, Mapping[str, Any], Mapping[str, Any]], None]
LOGIN_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-@")


class StaffService:
    """The door to accounts and sessions.

    :param hasher: argon2id parameters; the default is RFC 9106's second recommended option (64 MiB).
    """

    def __init__(self, db: Database, clock: Clock, settings: Settings, *, hasher: PasswordHasher | None = None) -> None:
        self._db = db
        self.contacts = Contacts(db, clock)
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._decoy = self._hasher.hash(secrets.token_hex())
        self.people = PeopleAdmin(db, clock, self._hasher)
        self.roles = RolesAdmin(db, clock)
        self.rights = RightsAdmin(db, clock)
        self.organisations = OrganisationsAdmin(db, clock)
        self.trail = AuditTrail(db, clock)
        self.tokens = Tokens(db, clock)
        self.entrance = Entrance(db, clock, settings)
        self.factor = SecondFactor(db, clock, settings, self.entrance)
        self.links = PasswordLinks(db, clock, self._hasher, timedelta(hours=settings.password_link_hours))

    async def log_in(self, login: str, password: str, *, ip: str, user_agent: str = "") -> Session:
        """Check the password and open a session; its ``token`` goes into the cookie.

        :raises SecondFactorNeeded: the password was right, and a code is asked for as well; its ``ticket`` leads on.
        :raises NotAuthenticated: unknown login, wrong password or a switched-off account; which one is not said.
        :raises TooManyAttempts: too many failures for this login or address; ``details["retry_after_s"]``.
        """
        login = login.strip().lower()[:200]
        attempt_id = await self.entrance.begin_attempt(login, ip)
        async with self._db.begin() as session:
            row = await session.scalar(select(UserRow).where(UserRow.login == login, UserRow.active, ~UserRow.service))
            stored = row.password_hash if row is not None else self._decoy
        # Unknown users cost the same work, so that time does not tell who exists.
        fits = await asyncio.to_thread(self._verify, stored, password)
        if row is None or not fits:
            await self.entrance.note_refusal(None if row is None else row.id, ip)
            raise NotAuthenticated("wrong login or password", error_id="wrong-password")
        fresh = None
        if self._hasher.check_needs_rehash(stored):
            fresh = await asyncio.to_thread(self._hasher.hash, password)
        async with self._db.begin() as session:
            if fresh is not None:
                await session.execute(update(UserRow).where(UserRow.id == row.id).values(password_hash=fresh))
            ticket = await self.factor.ask(session, row.id, attempt_id)
            if ticket is None:
                return await self.entrance.open(session, row.id, (attempt_id,), ip, user_agent)
        raise ticket

    async def renew_factor(self, user: User, password: str, code: str, *, ip: str) -> str:
        """Begin to set up one's second factor, or another app for it, inside a session; return the ticket.

        :raises NotAuthenticated: ``wrong-password``, or ``wrong-code`` of the present app.
        :raises TooManyAttempts: too many attempts for this login or address.
        """
        attempt = await self.entrance.begin_attempt(user.login, ip)
        async with self._db.begin() as session:
            row = await session.get(UserRow, user.id)
        if row is None or not await asyncio.to_thread(self._verify, row.password_hash, password):
            await self.entrance.note_refusal(user.id, ip)
            raise NotAuthenticated("wrong password", error_id="wrong-password")
        return await self.factor.renew(user.id, code, attempt, ip=ip)

    async def session(self, token: str) -> Session | None:
        """Return the session of ``token``, or ``None`` when it is unknown, expired, or its user switched off."""
        if not token:
            return None
        now = self._clock.now()
        statement = (
            queries.users_with_rights()
            .add_columns(SessionRow.id, SessionRow.csrf, SessionRow.expires_at)
            .join(SessionRow, SessionRow.user_id == UserRow.id)
            .where(SessionRow.token_sha256 == digest(token), SessionRow.expires_at > now, UserRow.active)
        )
        async with self._db.begin() as session:
            row = (await session.execute(statement)).one_or_none()
        if row is None:
            return None
        return Session(row.id, queries.to_user(row), row.csrf, row.expires_at)

    async def note_refusal(self, user: User, route: str) -> None:
        """Write down that a user was refused what his rights do not include (domain 3.4)."""
        async with self._db.begin() as session:
            audit(session, "refused", ("route", route), user_id=user.id, at=self._clock.now())

    async def note_change(
        self, by: User, record: tuple[str, int | str], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Write down what an administrator changed in a part that keeps no history itself."""
        async with self._db.begin() as session:
            write_change(session, record, before, after, by=by, at=self._clock.now())

    async def changes_of(self, entity: str, entity_ids: Iterable[int | str]) -> tuple[tuple[str, Change], ...]:
        """Return the latest changes that :meth:`note_change` wrote down of some records, each with its record's id."""
        async with self._db.begin() as session:
            return await read_changes_of(session, entity, entity_ids)

    def noting(self, by: User, record: tuple[str, int | str]) -> Noting:
        """Return what writes a change of ``record`` into the trail, in the transaction that makes it."""

        def note(session: AsyncSession, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
            write_change(session, record, before, after, by=by, at=self._clock.now())

        return note

    async def changes(self, record: tuple[str, int | str]) -> tuple[Change, ...]:
        """Return the latest changes of a record of administration, newest first."""
        async with self._db.begin() as session:
            return await read_changes(session, *record)

    async def log_out(self, token: str) -> None:
        """End the session of ``token``; nothing happens when there is none."""
        async with self._db.begin() as session:
            user_id = await session.scalar(
                delete(SessionRow).where(SessionRow.token_sha256 == digest(token)).returning(SessionRow.user_id)
            )
            if user_id is not None:
                audit(session, "logout", ("user", user_id), user_id=user_id, at=self._clock.now())

    async def change_password(self, user_id: int, old: str, new: str, *, keep_token: str = "") -> None:
        """Set a new password and end every other session of the user.

        :param keep_token: token of the session that asks; it stays.
        :raises NotAuthenticated: ``old`` is wrong.
        :raises BadInput: ``new`` is too weak.
        """
        async with self._db.begin() as session:
            row = await session.get(UserRow, user_id)
        if row is None or not await asyncio.to_thread(self._verify, row.password_hash, old):
            raise NotAuthenticated("wrong password", error_id="wrong-password")
        await self.set_password(row.login, new, by=user_id, keep_token=keep_token)

    async def set_password(self, login: str, new: str, *, by: int | None, keep_token: str = "") -> None:
        """Set the password of ``login`` without the old one (an administrator's command) and end his sessions.

        :raises BadInput: no such login, or ``new`` is too weak.
        """
        login = login.strip().lower()
        if problem := password_problem(new, login):
            raise BadInput(problem, details={"password": problem})
        fresh = await asyncio.to_thread(self._hasher.hash, new)
        async with self._db.begin() as session:
            user_id = await session.scalar(
                update(UserRow)
                .where(UserRow.login == login)
                .values(password_hash=fresh, password_temporary=False, version=UserRow.version + 1)
                .returning(UserRow.id)
            )
            if user_id is None:
                raise BadInput(f"there is no user {login}", details={"login": "unknown"})
            await session.execute(
                delete(SessionRow).where(SessionRow.user_id == user_id, SessionRow.token_sha256 != digest(keep_token))
            )
            now = self._clock.now()
            audit(
                session,
                "change",
                ("user", user_id),
                user_id=by,
                at=now,
                details={"fields": ["password"]},
            )

    async def create_user(self, new: NewUser, *, by: User | None = None) -> User:
        """Create an account.

        :param by: who does it; ``None`` for the command line.
        :raises Forbidden: ``by`` may not manage users.
        :raises BadInput: ``details`` names each wrong field.
        :raises Conflict: the login or the extension is taken.
        """
        if by is not None and not by.may(Right.USER_MANAGE):
            raise Forbidden("this user may not manage accounts")
        login = new.login.strip().lower()
        async with self._db.begin() as session:
            organisation_id = await session.scalar(
                select(OrganisationRow.id).where(OrganisationRow.code == new.organisation_code)
            )
            known = set(await session.scalars(select(RoleRow.code)))
        problems = _problems(login, new, known)
        if organisation_id is None:
            problems["organisation_code"] = f"there is no organisation {new.organisation_code}"
        if problems or organisation_id is None:
            raise BadInput("the account cannot be created", details=problems)
        fresh = await asyncio.to_thread(self._hasher.hash, new.password)
        try:
            async with self._db.begin() as session:
                return await self._insert_user(session, login, fresh, organisation_id, new, by)
        except IntegrityError as error:
            field = "extension" if "extension" in str(error.orig) else "login"
            raise Conflict(f"the {field} is taken", error_id=f"{field}-taken") from error

    async def user(self, user_id: int) -> User | None:
        """Return a user by id, switched off or not."""
        async with self._db.begin() as session:
            return await queries.find_user(session, UserRow.id == user_id)

    async def by_extension(self, extension: str) -> User | None:
        """Return the active user who has ``extension``."""
        async with self._db.begin() as session:
            return await queries.find_user(session, UserRow.extension == extension, UserRow.active)

    async def directory(self, q: str, limit: int = 20, *, mended: str = "") -> tuple[DirectoryEntry, ...]:
        """Search the telephone directory by name, organisation or number in one field (S001-034, S001-035).

        All words of ``q`` must fit; empty ``q`` lists everybody, by name. Case and ё/е do not matter.

        :param mended: ``q`` as if typed on the other keyboard layout; each of its words may fit instead.
        """
        async with self._db.begin() as session:
            return await queries.directory(session, q[:200], limit, mended=mended[:200])

    async def purge(self) -> int:
        """Delete expired sessions, forgotten login attempts and old links; return how many rows went."""
        now = self._clock.now()
        gone = await self.links.purge() + await self.factor.purge()
        async with self._db.begin() as session:
            for statement in (
                delete(SessionRow).where(SessionRow.expires_at <= now).returning(SessionRow.id),
                delete(LoginAttemptRow).where(LoginAttemptRow.at <= now - 2 * WINDOW).returning(LoginAttemptRow.id),
            ):
                gone += len((await session.scalars(statement)).all())
        return gone

    async def _insert_user(
        self,
        session: AsyncSession,
        login: str,
        password_hash: str,
        organisation_id: int,
        new: NewUser,
        by: User | None,
    ) -> User:
        now = self._clock.now()
        row = UserRow(
            login=login,
            password_hash=password_hash,
            last_name=new.last_name.strip(),
            first_name=new.first_name.strip(),
            patronymic=new.patronymic.strip(),
            organisation_id=organisation_id,
            extension=new.extension,
            created_at=now,
        )
        session.add(row)
        await session.flush()
        session.add_all(UserRoleRow(user_id=row.id, role_code=code) for code in new.roles)
        audit(
            session,
            "change",
            ("user", row.id),
            user_id=by.id if by else None,
            at=now,
            details={"created": login},
        )
        await session.flush()
        user = await queries.find_user(session, UserRow.id == row.id)
        assert user is not None  # noqa: S101 - inserted three statements ago in this transaction
        return user

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def _problems(login: str, new: NewUser, known_roles: set[str]) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not login or not LOGIN_CHARACTERS.issuperset(login) or len(login) > 60:
        problems["login"] = "letters a-z, digits and . _ - @ only, at most 60"
    if problem := password_problem(new.password, login):
        problems["password"] = problem
    for field in ("last_name", "first_name"):
        if not getattr(new, field).strip():
            problems[field] = "must not be empty"
    if new.extension is not None and not (new.extension.isascii() and new.extension.isdigit()):
        problems["extension"] = "digits only"
    if unknown := sorted(set(new.roles) - known_roles):
        problems["roles"] = f"unknown: {', '.join(unknown)}"
    elif not new.roles:
        problems["roles"] = "at least one"
    return problems
