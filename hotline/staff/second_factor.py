"""Second factor at login: a code of an authenticator app (TOTP, RFC 6238) or a recovery code, besides the password.

A right password gives a *ticket*, which is no session and opens nothing but the question for the code. Who must have a
factor and has none sets one up there. Codes are attempts like passwords (``staff.entrance``): five wrong ones in a row
and the login waits. Issue 6; ADR 35.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotAuthenticated, NotFound
from hotline.staff import codes, queries
from hotline.staff.admin_rules import manages
from hotline.staff.entrance import Entrance, digest, forgive
from hotline.staff.history import write_change
from hotline.staff.model import Right, Session, User
from hotline.staff.secret_box import SecretBox
from hotline.staff.tables import SessionRow, UserRow
from hotline.staff.tables_factor import LoginTicketRow, RecoveryCodeRow, SecondFactorRow

LIFETIME = timedelta(minutes=10)
"""How long a login waits for its code: long enough to install an app."""
ISSUER = "Hotline"


class SecondFactorNeeded(NotAuthenticated):
    """The password was right and is not enough. Programs that know only passwords see a refused login."""

    def __init__(self, ticket: str, *, set_up: bool) -> None:
        super().__init__(
            "a code of the second factor is asked for", error_id="second-factor-needed", details={"set_up": set_up}
        )
        self.ticket = ticket


@dataclass(frozen=True, slots=True)
class Pending:
    """A login that waits for a code.

    :ivar secret: what an app that is being set up is told; empty: the present app is asked.
    :ivar address: the same as ``otpauth:`` address, for a picture.
    """

    user_id: int
    login: str
    full_name: str
    renews: bool
    secret: str = field(default="", repr=False)
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Entered:
    """The code was right.

    :ivar session: the new session; ``None``: the app was renewed inside one, which goes on.
    :ivar recovery: the recovery codes of a factor that was just set up. Nobody can read them again.
    """

    session: Session | None
    recovery: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Held:
    """The factor that somebody has."""

    since: datetime
    recovery_left: int


class SecondFactor:
    """The door to second factors."""

    def __init__(self, db: Database, clock: Clock, settings: Settings, entrance: Entrance) -> None:
        self._db = db
        self._clock = clock
        self._entrance = entrance
        self._rights = frozenset(settings.second_factor_rights)
        self._box = SecretBox(settings.secret_keys)

    @property
    def usable(self) -> bool:
        """Whether the settings have a key, without which no factor can be set up."""
        return self._box.usable

    def required_of(self, user: User) -> bool:
        """Tell whether ``user`` must have a second factor (setting ``second_factor_rights``)."""
        return not self._rights.isdisjoint(user.permissions)

    async def ask(self, session: AsyncSession, user_id: int, attempt_id: int) -> SecondFactorNeeded | None:
        """Return what to raise when a right password is not enough for this account, else ``None``.

        :raises Unavailable: a factor must be set up and the settings have no key (``no-secret-key``).
        """
        set_up = await session.get(SecondFactorRow, user_id) is None
        if set_up:
            user = await queries.find_user(session, UserRow.id == user_id)
            if user is None or not self.required_of(user):
                return None
        return SecondFactorNeeded(await self._ticket(session, user_id, attempt_id, set_up=set_up), set_up=set_up)

    async def pending(self, ticket: str) -> Pending:
        """Return whose login waits.

        :raises NotAuthenticated: nobody's, or it waited too long (``login-expired``).
        """
        async with self._db.begin() as session:
            row, user = await self._waiting(session, ticket)
            full_name = " ".join(filter(None, (user.last_name, user.first_name, user.patronymic)))
            if row.secret is None:
                return Pending(user.id, user.login, full_name, row.renews)
            secret = self._box.open(user.id, row.secret)
            address = codes.address_of(secret, user.login, ISSUER)
            return Pending(user.id, user.login, full_name, row.renews, secret, address)

    async def enter(self, ticket: str, code: str, *, ip: str, user_agent: str = "") -> Entered:
        """Check a code; open the session, or finish setting up.

        :raises NotAuthenticated: the code is wrong or was used already (``wrong-code``), or ``login-expired``.
        :raises TooManyAttempts: too many attempts for this login or address.
        :raises Conflict: another window was quicker to set a factor up (``second-factor-exists``).
        """
        waiting = await self.pending(ticket)
        attempt = await self._entrance.begin_attempt(waiting.login, ip)
        code = codes.tidy(code)
        async with self._db.begin() as session:
            row, user = await self._waiting(session, ticket, lock=True)
            how = ""
            recovery: tuple[str, ...] = ()
            if row.secret is None:
                how = await self._accept(session, user.id, code)
            elif await self._confirm(session, user.id, row, code):
                how, recovery = "second factor set up", await self._write_recovery(session, user.id)
            if how:
                opened = await self._admit(session, user, row, attempt, (ip, user_agent), how)
                return Entered(opened, recovery)
        await self._entrance.note_refusal(waiting.user_id, ip, "second factor")
        raise NotAuthenticated("the code is wrong, or it was used already", error_id="wrong-code")

    async def renew(self, user_id: int, code: str, attempt_id: int, *, ip: str) -> str:
        """Begin to set up another app inside a session whose password was just asked for; return the ticket.

        :param code: of the present app, or a recovery code; not looked at when there is no factor yet.
        :raises NotAuthenticated: ``wrong-code``.
        """
        async with self._db.begin() as session:
            await _lock(session, user_id)
            held = await session.get(SecondFactorRow, user_id)
            if held is None or await self._accept(session, user_id, codes.tidy(code)):
                await forgive(session, (attempt_id,))
                return await self._ticket(session, user_id, None, set_up=True, renews=True)
        await self._entrance.note_refusal(user_id, ip, "second factor")
        raise NotAuthenticated("the code is wrong, or it was used already", error_id="wrong-code")

    async def new_recovery(self, user: User, code: str, *, ip: str) -> tuple[str, ...]:
        """Replace the recovery codes; return the new ones.

        :raises NotAuthenticated: ``wrong-code``.
        :raises NotFound: the user has no factor.
        """
        attempt = await self._entrance.begin_attempt(user.login, ip)
        async with self._db.begin() as session:
            await _lock(session, user.id)
            if await session.get(SecondFactorRow, user.id) is None:
                raise NotFound("there is no second factor", error_id="no-second-factor")
            if await self._accept(session, user.id, codes.tidy(code)):
                await forgive(session, (attempt,))
                write_change(session, ("user", user.id), {}, {}, by=user, at=self._clock.now(), note="recovery codes")
                return await self._write_recovery(session, user.id)
        await self._entrance.note_refusal(user.id, ip, "second factor")
        raise NotAuthenticated("the code is wrong, or it was used already", error_id="wrong-code")

    async def held_by(self, user_id: int) -> Held | None:
        """Return the factor of somebody."""
        async with self._db.begin() as session:
            row = await session.get(SecondFactorRow, user_id)
            if row is None:
                return None
            left = await session.scalar(
                select(func.count()).where(RecoveryCodeRow.user_id == user_id, RecoveryCodeRow.used_at.is_(None))
            )
            return Held(row.made_at, left or 0)

    async def reset(self, by: User, user_id: int, version: int) -> tuple[int, ...]:
        """Take somebody's factor away because he has lost it; return the ids of the sessions that this ended.

        :raises Forbidden: ``by`` may not manage accounts.
        :raises NotFound: no such account, or none that ``by`` administers, or it has no factor (``no-second-factor``).
        :raises Conflict: ``stale-record``, or one's own (``own-second-factor``): that asks for a colleague.
        """
        if not by.may(Right.USER_MANAGE):
            raise Forbidden("this user may not manage accounts")
        if by.id == user_id:
            raise Conflict("nobody resets his own second factor", error_id="own-second-factor")
        async with self._db.begin() as session:
            row = await _lock(session, user_id)
            if row is None or not manages(by, row.organisation_id):
                raise NotFound("there is no such employee")
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            return await self._remove(session, row, by)

    async def reset_by_command(self, login: str) -> None:
        """Take the factor of ``login`` away, for when no administrator can log in.

        :raises BadInput: there is no such login.
        :raises NotFound: he has no factor (``no-second-factor``).
        """
        async with self._db.begin() as session:
            statement = select(UserRow).where(UserRow.login == login.strip().lower()).with_for_update(of=UserRow)
            row = await session.scalar(statement)
            if row is None:
                raise BadInput(f"there is no user {login}", details={"login": "unknown"})
            await self._remove(session, row, None)

    async def rotate(self) -> int:
        """Encrypt every secret with the first key; return how many there are. Afterwards the other keys may go.

        :raises Unavailable: a secret opens with none of the keys; nothing was changed.
        """
        async with self._db.begin() as session:
            rows = (await session.scalars(select(SecondFactorRow).with_for_update())).all()
            for row in rows:
                row.secret = self._box.renewed(row.secret)
            # Whoever is setting up just now begins again: his secret may hang on a key that goes.
            await session.execute(delete(LoginTicketRow).where(LoginTicketRow.secret.is_not(None)))
            return len(rows)

    async def purge(self) -> int:
        """Delete tickets that waited too long; return how many."""
        async with self._db.begin() as session:
            gone = delete(LoginTicketRow).where(LoginTicketRow.expires_at <= self._clock.now())
            return len((await session.scalars(gone.returning(LoginTicketRow.id))).all())

    async def _ticket(
        self, session: AsyncSession, user_id: int, attempt_id: int | None, *, set_up: bool, renews: bool = False
    ) -> str:
        token = secrets.token_urlsafe(32)
        version = await session.scalar(select(UserRow.version).where(UserRow.id == user_id))
        row = LoginTicketRow(
            token_sha256=digest(token),
            user_id=user_id,
            user_version=version,
            attempt_id=attempt_id,
            secret=self._box.seal(user_id, codes.new_secret()) if set_up else None,
            renews=renews,
            expires_at=self._clock.now() + LIFETIME,
        )
        session.add(row)
        await session.flush()
        return token

    async def _waiting(
        self, session: AsyncSession, ticket: str, *, lock: bool = False
    ) -> tuple[LoginTicketRow, UserRow]:
        statement = select(LoginTicketRow).where(
            LoginTicketRow.token_sha256 == digest(ticket), LoginTicketRow.expires_at > self._clock.now()
        )
        row = await session.scalar(statement)
        user = None
        if row is not None and lock:  # the account first, as everything that changes it does
            user = await _lock(session, row.user_id)
            row = await session.scalar(statement.with_for_update())
        elif row is not None:
            user = await session.get(UserRow, row.user_id)
        if row is None or user is None or not user.active or user.version != row.user_version:
            raise NotAuthenticated("this login waited too long; begin anew", error_id="login-expired")
        return row, user

    async def _accept(self, session: AsyncSession, user_id: int, code: str) -> str:
        """Use a code up; return what it was, empty when it is wrong."""
        now = self._clock.now()
        if not codes.is_of_app(code):
            used = await session.scalar(
                update(RecoveryCodeRow)
                .where(
                    RecoveryCodeRow.user_id == user_id,
                    RecoveryCodeRow.code_sha256 == codes.recovery_digest(code),
                    RecoveryCodeRow.used_at.is_(None),
                )
                .values(used_at=now)
                .returning(RecoveryCodeRow.id)
            )
            return "recovery code" if used is not None else ""
        row = await session.scalar(select(SecondFactorRow).where(SecondFactorRow.user_id == user_id).with_for_update())
        if row is None:
            return ""
        step = codes.step_of(self._box.open(user_id, row.secret), code, now, row.last_step)
        if step is None:
            return ""
        row.last_step = step
        return "second factor"

    async def _confirm(self, session: AsyncSession, user_id: int, ticket: LoginTicketRow, code: str) -> bool:
        """Store the factor of a ticket when its app tells the right code."""
        now = self._clock.now()
        step = codes.step_of(self._box.open(user_id, ticket.secret or ""), code, now, 0)
        if step is None:
            return False
        held = await session.get(SecondFactorRow, user_id)
        if held is not None and not ticket.renews:
            raise Conflict("a second factor was set up meanwhile", error_id="second-factor-exists")
        held = held or SecondFactorRow(user_id=user_id)
        held.secret, held.made_at, held.last_step = ticket.secret or "", now, step
        session.add(held)
        await session.flush()
        return True

    async def _admit(
        self,
        session: AsyncSession,
        user: UserRow,
        ticket: LoginTicketRow,
        attempt: int,
        client: tuple[str, str],
        how: str,
    ) -> Session | None:
        await session.delete(ticket)
        now = self._clock.now()
        if ticket.secret is not None:
            # Who sets an app up elsewhere, or was asked for the one before, begins anew.
            await session.execute(delete(LoginTicketRow).where(LoginTicketRow.user_id == user.id))
            who = await queries.find_user(session, UserRow.id == user.id)
            write_change(session, ("user", user.id), {}, {}, by=who, at=now, note=how)
        attempts = [one for one in (ticket.attempt_id, attempt) if one is not None]
        if ticket.renews:
            await forgive(session, attempts)
            return None
        return await self._entrance.open(session, user.id, attempts, *client, how)

    async def _write_recovery(self, session: AsyncSession, user_id: int) -> tuple[str, ...]:
        await session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
        made = codes.new_recovery_codes()
        session.add_all(_recovery_rows(user_id, made))
        await session.flush()
        return made

    async def _remove(self, session: AsyncSession, user: UserRow, by: User | None) -> tuple[int, ...]:
        held = await session.get(SecondFactorRow, user.id)
        if held is None:
            raise NotFound("there is no second factor", error_id="no-second-factor")
        await session.delete(held)
        await session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user.id))
        user.version += 1
        now = self._clock.now()
        write_change(session, ("user", user.id), {}, {}, by=by, at=now, note="second factor reset")
        ended = await session.scalars(delete(SessionRow).where(SessionRow.user_id == user.id).returning(SessionRow.id))
        return tuple(ended.all())


def require_keys(settings: Settings) -> None:
    """Refuse settings with which whoever must have a second factor could not log in.

    :raises BadInput: a right asks for it and there is no key (``no-secret-key``).
    """
    if settings.second_factor_rights and not settings.secret_keys:
        raise BadInput(
            "HOTLINE_SECRET_KEYS is empty, but administrators log in with a second factor. "
            "`hotline user new-key` prints a key; HOTLINE_SECOND_FACTOR_RIGHTS=[] asks nobody for it.",
            error_id="no-secret-key",
        )


async def _lock(session: AsyncSession, user_id: int) -> UserRow | None:
    found: UserRow | None = await session.scalar(
        select(UserRow)
        .where(UserRow.id == user_id)
        .with_for_update(of=UserRow)
        .execution_options(populate_existing=True)
    )
    return found


def _recovery_rows(user_id: int, made: Iterable[str]) -> list[RecoveryCodeRow]:
    return [RecoveryCodeRow(user_id=user_id, code_sha256=codes.recovery_digest(one)) for one in made]
