"""Logging in with an account of the organisation's own directory: whose account it is, and what it may do here.

The provider says who somebody is; what he may do is ours, unless the settings map its groups to our roles. No account
is made for a stranger unless a setting allows it. Issue 6; ADR 36.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from typing import Any

import aiohttp
from argon2 import PasswordHasher
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import NotAuthenticated
from hotline.staff.history import write_change
from hotline.staff.model import Session
from hotline.staff.oidc import OidcClient, Trip
from hotline.staff.people_admin import keep_an_administrator, take_turns
from hotline.staff.second_factor import SecondFactorNeeded
from hotline.staff.service import LOGIN_CHARACTERS, StaffService
from hotline.staff.tables import OrganisationRow, RoleRow, UserRoleRow, UserRow

log = logging.getLogger(__name__)

STRONG = frozenset({"mfa", "otp", "hwk", "sc"})
"""Authentication methods (RFC 8176) that are a second factor already: ours is not asked for on top of them."""


class SignOn:
    """The door for who comes from the provider.

    :ivar title: what the button on the login page is called; empty: a word of ours.
    """

    def __init__(
        self, db: Database, clock: Clock, settings: Settings, staff: StaffService, http: aiohttp.ClientSession
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._staff = staff
        self.client = OidcClient(settings, clock, http)
        self.title = settings.oidc_title

    async def finish(self, trip: Trip, state: str, code: str, *, ip: str, user_agent: str = "") -> Session:
        """Open a session for who came back from the provider.

        :raises SecondFactorNeeded: he needs a second factor and the provider asked for none.
        :raises NotAuthenticated: ``sign-on-refused`` (see :meth:`OidcClient.claims`), or the provider knows somebody
            who has no account here, or no role (``sign-on-unknown``).
        :raises Unavailable: the provider does not answer.
        :raises TooManyAttempts: too many failures from this address.
        """
        attempt = await self._staff.entrance.begin_attempt("", ip)
        try:
            claims = await self.client.claims(trip, state, code)
            user_id = await self._account(claims)
        except NotAuthenticated as error:
            log.warning("sign-on refused: %s", error.message)
            await self._staff.entrance.note_refusal(None, ip, "sign-on")
            raise
        ticket: SecondFactorNeeded | None = None
        async with self._db.begin() as session:
            if not _strong(claims):
                ticket = await self._staff.factor.ask(session, user_id, attempt)
            if ticket is None:
                return await self._staff.entrance.open(session, user_id, (attempt,), ip, user_agent, "sign-on")
        raise ticket

    async def _account(self, claims: Mapping[str, Any]) -> int:
        login = str(claims.get(self._settings.oidc_claim) or "").strip().lower()
        if not login or len(login) > 60 or not LOGIN_CHARACTERS.issuperset(login):
            raise _unknown(f"claim {self._settings.oidc_claim} is no login")
        roles = self._roles(claims)
        unusable = await asyncio.to_thread(PasswordHasher().hash, secrets.token_hex()) if self._makes(roles) else ""
        async with self._db.begin() as session:
            await take_turns(session)
            statement = select(UserRow).where(UserRow.login == login).with_for_update(of=UserRow)
            row = await session.scalar(statement)
            if row is None and unusable:
                row = await self._make(session, login, claims, unusable)
            if row is None or not row.active or row.service:
                raise _unknown("there is no such account, or it is switched off")
            if roles is not None:
                await self._follow(session, row, roles)
            return row.id

    def _roles(self, claims: Mapping[str, Any]) -> frozenset[str] | None:
        """Return the roles that the provider's groups give; ``None``: roles are given here."""
        mapping = self._settings.oidc_roles
        if not mapping:
            return None
        groups = claims.get(self._settings.oidc_groups_claim)
        named = {str(one) for one in groups} if isinstance(groups, list) else set()
        roles = frozenset(role for group, role in mapping.items() if group in named)
        if not roles:
            raise _unknown("none of the groups has a role here")
        return roles

    def _makes(self, roles: frozenset[str] | None) -> bool:
        return self._settings.oidc_create and bool(roles)

    async def _make(
        self, session: AsyncSession, login: str, claims: Mapping[str, Any], unusable: str
    ) -> UserRow | None:
        organisation = await session.scalar(
            select(OrganisationRow.id).where(OrganisationRow.code == self._settings.organisation)
        )
        if organisation is None:
            raise _unknown(f"there is no organisation {self._settings.organisation}")
        row = UserRow(
            login=login,
            password_hash=unusable,
            last_name=str(claims.get("family_name") or login)[:200],
            first_name=str(claims.get("given_name") or "")[:200],
            organisation_id=organisation,
            created_at=self._clock.now(),
        )
        session.add(row)
        await session.flush()
        facts = {"login": login, "organisation_id": str(organisation)}
        write_change(session, ("user", row.id), {}, facts, by=None, at=self._clock.now(), note="created by sign-on")
        found: UserRow | None = await session.scalar(select(UserRow).where(UserRow.id == row.id))
        return found

    async def _follow(self, session: AsyncSession, row: UserRow, roles: frozenset[str]) -> None:
        """Give the roles of the provider's groups, and take those away that they do not have."""
        known = set(await session.scalars(select(RoleRow.code).where(RoleRow.code.in_(roles))))
        if missing := roles - known:
            raise _unknown(f"HOTLINE_OIDC_ROLES names roles that do not exist: {', '.join(sorted(missing))}")
        present = set(await session.scalars(select(UserRoleRow.role_code).where(UserRoleRow.user_id == row.id)))
        if present == known:
            return
        await session.execute(
            delete(UserRoleRow).where(UserRoleRow.user_id == row.id, UserRoleRow.role_code.not_in(known))
        )
        values = [{"user_id": row.id, "role_code": code} for code in sorted(known - present)]
        if values:
            await session.execute(insert(UserRoleRow).values(values))
        row.version += 1
        change = ({"roles": sorted(present)}, {"roles": sorted(known)})
        write_change(session, ("user", row.id), *change, by=None, at=self._clock.now(), note="roles by sign-on")
        await keep_an_administrator(session)


def _strong(claims: Mapping[str, Any]) -> bool:
    methods = claims.get("amr")
    return isinstance(methods, list) and not STRONG.isdisjoint(str(one) for one in methods)


def _unknown(why: str) -> NotAuthenticated:
    return NotAuthenticated(why, error_id="sign-on-unknown")
