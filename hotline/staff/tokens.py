"""Tokens with which other systems use ``/api/v1``: made by an administrator, shown once, bound to a service account.

A service account is an account as any other, with roles, personal rights and an organisation whose sight holds; it only
never logs in. A token opens some of its account's rights and no others, so a right that is denied or taken from the
account is gone from every token at once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotAuthenticated, NotFound
from hotline.staff import queries, token_rules
from hotline.staff.admin_rules import everywhere, manages
from hotline.staff.audit import audit
from hotline.staff.history import write_change
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import UserRow
from hotline.staff.tables_token import ApiTokenRow

NOTED = timedelta(minutes=1)
"""How exact "last used" is; every use by itself stands in the audit trail."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as administrators see it."""

    id: int
    title: str
    shown: str
    account_id: int
    account: str
    organisation: str
    rights: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None
    last_used_from: str
    revoked_at: datetime | None
    works: bool
    """Neither taken back nor too old, and its account may work."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """What an administrator asks for; ``days``: how long it shall live."""

    account_id: int
    title: str
    rights: frozenset[str]
    days: int | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks by a token.

    :ivar user: its account with the rights that the token opens.
    """

    token_id: int
    title: str
    user: User
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token just made. Nobody can read ``secret`` again."""

    id: int
    expires_at: datetime
    secret: str = field(repr=False)


class Tokens:
    """The door to tokens and service accounts."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    # Administration

    async def accounts(self, by: User) -> tuple[User, ...]:
        """Return the service accounts that ``by`` administers and that may work, by name."""
        _require(by)
        statement = queries.users_with_rights().where(UserRow.service, UserRow.active)
        if not everywhere(by.organisation):
            statement = statement.where(UserRow.organisation_id == by.organisation.id)
        async with self._db.begin() as session:
            rows = await session.execute(statement.order_by(UserRow.last_name, UserRow.id))
            return tuple(queries.to_user(row) for row in rows)

    async def make_service(self, by: User, user_id: int) -> None:
        """Turn an account that nobody has used into a service account: it can never log in from now on.

        :raises NotFound: there is none that ``by`` administers.
        :raises Conflict: somebody has logged in with it (``account-in-use``).
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await _administered(session, by, user_id)
            if row.last_login_at is not None or row.extension is not None:
                raise Conflict("somebody works with this account", error_id="account-in-use")
            row.service, row.password_temporary, row.version = True, False, row.version + 1
            write_change(session, ("user", user_id), {"service": False}, {"service": True}, by=by, at=now)

    async def all(self, by: User) -> tuple[Token, ...]:
        """Return the tokens of the accounts that ``by`` administers: those that work first, the newest first."""
        _require(by)
        now = self._clock.now()
        statement = (
            select(ApiTokenRow, UserRow)
            .join(UserRow, UserRow.id == ApiTokenRow.user_id)
            .order_by(ApiTokenRow.id.desc())
            .limit(500)
        )
        if not everywhere(by.organisation):
            statement = statement.where(UserRow.organisation_id == by.organisation.id)
        async with self._db.begin() as session:
            rows = (await session.execute(statement)).all()
            makers = {row.ApiTokenRow.created_by_id for row in rows}
            named = await session.execute(
                select(UserRow.id, UserRow.last_name, UserRow.first_name, UserRow.patronymic).where(
                    UserRow.id.in_(makers)
                )
            )
            names = {one.id: short_name(one.last_name, one.first_name, one.patronymic) for one in named}
        found = [_token(row.ApiTokenRow, row.UserRow, names, now) for row in rows]
        return tuple(sorted(found, key=lambda one: not one.works))

    async def make(self, by: User, new: NewToken) -> MadeToken:
        """Make a token; it works at once.

        :raises NotFound: there is no such service account that ``by`` administers.
        :raises BadInput: ``details`` names each wrong field.
        :raises Forbidden: ``by`` may not manage accounts.
        """
        now = self._clock.now()
        secret = token_rules.written(secrets.token_bytes(token_rules.RANDOM_BYTES))
        title = " ".join(new.title.split())
        async with self._db.begin() as session:
            await _administered(session, by, new.account_id, service=True)
            account = await queries.find_user(session, UserRow.id == new.account_id, UserRow.active)
            if account is None:
                raise NotFound("there is no such service account", error_id="no-such-account")
            if wrong := token_rules.problems(title, new.rights, new.days, account.permissions):
                raise BadInput("the token cannot be made", details=wrong)
            row = ApiTokenRow(
                user_id=account.id,
                title=title,
                shown=token_rules.shown(secret),
                token_sha256=_digest(secret),
                rights=sorted(new.rights),
                created_at=now,
                created_by_id=by.id,
                expires_at=now + timedelta(days=new.days or 0),
            )
            session.add(row)
            await session.flush()
            after = {"title": title, "rights": row.rights, "expires_at": row.expires_at.isoformat()}
            write_change(session, ("token", row.id), {}, after, by=by, at=now, note="created")
            return MadeToken(row.id, row.expires_at, secret)

    async def revoke(self, by: User, token_id: int) -> None:
        """Take a token back: its next request is refused. Twice is as once.

        :raises NotFound: there is none that ``by`` administers.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await session.get(ApiTokenRow, token_id, with_for_update=True)
            if row is None:
                raise NotFound("there is no such token", error_id="no-such-token")
            await _administered(session, by, row.user_id, service=True)
            if row.revoked_at is None:
                row.revoked_at, row.revoked_by_id = now, by.id
                write_change(session, ("token", token_id), {}, {}, by=by, at=now, note="revoked")

    # Use

    async def caller(self, secret: str) -> Caller:
        """Return who asks by a token.

        :raises NotAuthenticated: it is unknown, taken back or too old, or its account is switched off; which one is
            not said (``bad-token``).
        """
        if not token_rules.well_formed(secret):
            raise _bad()
        statement = (
            queries.users_with_rights()
            .add_columns(ApiTokenRow.id, ApiTokenRow.title, ApiTokenRow.rights, ApiTokenRow.expires_at)
            .join(ApiTokenRow, ApiTokenRow.user_id == UserRow.id)
            .where(
                ApiTokenRow.token_sha256 == _digest(secret),
                ApiTokenRow.expires_at > self._clock.now(),
                ApiTokenRow.revoked_at.is_(None),
                UserRow.active,
                UserRow.service,
            )
        )
        async with self._db.begin() as session:
            row = (await session.execute(statement)).one_or_none()
        if row is None:
            raise _bad()
        return Caller(row.id, row.title, narrowed(queries.to_user(row), row.rights), row.expires_at)

    async def note(self, caller: Caller, route: str, ip: str) -> None:
        """Write down that a token was used: what other systems read leaves the house (domain 3.4)."""
        now = self._clock.now()
        async with self._db.begin() as session:
            audit(session, "api", ("token", caller.token_id), user_id=caller.user.id, at=now, details={"what": route})
            await session.execute(
                update(ApiTokenRow)
                .where(
                    ApiTokenRow.id == caller.token_id,
                    (ApiTokenRow.last_used_at.is_(None)) | (ApiTokenRow.last_used_at <= now - NOTED),
                )
                .values(last_used_at=now, last_used_from=ip)
            )


def narrowed(user: User, rights: Collection[str]) -> User:
    """Return ``user`` with those of his rights that a token opens. A right that he has not (any more) opens nothing."""
    return replace(user, permissions=user.permissions & frozenset(rights))


def _bad() -> NotAuthenticated:
    return NotAuthenticated("this token does not work", error_id="bad-token")


def _token(row: ApiTokenRow, account: UserRow, makers: dict[int, str], now: datetime) -> Token:
    return Token(
        id=row.id,
        title=row.title,
        shown=row.shown,
        account_id=account.id,
        account=account.last_name,
        organisation=account.organisation.short_name,
        rights=tuple(row.rights),
        created_at=row.created_at,
        created_by=makers.get(row.created_by_id, ""),
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
        revoked_at=row.revoked_at,
        works=row.revoked_at is None and row.expires_at > now and account.active,
    )


async def _administered(session: AsyncSession, by: User, user_id: int, *, service: bool = False) -> UserRow:
    _require(by)
    row = await session.scalar(select(UserRow).where(UserRow.id == user_id).with_for_update(of=UserRow))
    if row is None or not manages(by, row.organisation_id) or (service and not row.service):
        raise NotFound("there is no such service account", error_id="no-such-account")
    return row


def _require(by: User) -> None:
    if not by.may(Right.USER_MANAGE):
        raise Forbidden("this user may not manage accounts")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
