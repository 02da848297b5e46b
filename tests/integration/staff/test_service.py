"""Logging in and out, sessions, limits, accounts, the directory (S001-018, S001-034, S001-035)."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, text, update

from hotline.clock import FakeClock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotAuthenticated, TooManyAttempts
from hotline.staff.model import NewUser, User
from hotline.staff.service import StaffService
from hotline.staff.tables import (
    AuditEventRow,
    OrganisationRow,
    RoleRightRow,
    RoleRow,
    SessionRow,
    UserRightRow,
    UserRow,
)

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "верный пароль"
IP = "10.0.0.1"


async def fill(database: Database) -> None:
    async with database.begin() as session:
        session.add_all(
            [
                OrganisationRow(code="00", kind="tfoms", name="Территориальный фонд", short_name="ТФОМС"),
                OrganisationRow(code="00001", kind="smo", name="Компания «Здоровье»", short_name="Здоровье"),
                RoleRow(code="op1", title="Оператор"),
                RoleRow(code="admin", title="Администратор"),
            ]
        )
        await session.flush()
        session.add_all(
            [
                RoleRightRow(role_code="op1", right_code="call.take", effect="allow"),
                RoleRightRow(role_code="op1", right_code="user.manage", effect="deny"),
                RoleRightRow(role_code="admin", right_code="user.manage", effect="allow"),
            ]
        )


@pytest.fixture
async def staff(db: Database, clock: FakeClock) -> StaffService:
    await fill(db)
    return StaffService(db, clock, Settings(), hasher=QUICK)


def new(login: str = "op101", extension: str | None = "101", **changes: object) -> NewUser:
    values: dict[str, object] = {
        "login": login,
        "password": PASSWORD,
        "last_name": "Ёлкина",
        "first_name": "Анна",
        "patronymic": "Петровна",
        "organisation_code": "00",
        "roles": ("op1",),
        "extension": extension,
    }
    return NewUser(**{**values, **changes})  # type: ignore[arg-type]  # the test mixes right and wrong values


@pytest.fixture
async def anna(staff: StaffService) -> User:
    return await staff.create_user(new())


async def test_an_account_is_what_was_asked_for(anna: User) -> None:
    assert (anna.full_name, anna.short_name) == ("Ёлкина Анна Петровна", "Ёлкина А. П.")
    assert (anna.extension, anna.organisation.short_name, anna.roles) == ("101", "ТФОМС", frozenset({"op1"}))
    assert anna.may("call.take")
    assert not anna.may("user.manage")


async def test_log_in_use_and_log_out(staff: StaffService, anna: User, clock: FakeClock) -> None:
    session = await staff.log_in(" OP101 ", PASSWORD, ip=IP, user_agent="Firefox")
    assert session.user == anna
    assert session.expires_at == clock.now() + timedelta(hours=14)
    assert len(session.token) >= 43
    found = await staff.session(session.token)
    assert found is not None
    assert (found.user, found.csrf, found.id, found.token) == (anna, session.csrf, session.id, "")
    await staff.log_out(session.token)
    assert await staff.session(session.token) is None
    await staff.log_out(session.token)


async def test_the_database_holds_only_the_hash_of_the_token(staff: StaffService, anna: User, db: Database) -> None:
    session = await staff.log_in(anna.login, PASSWORD, ip=IP)
    async with db.begin() as transaction:
        row = (await transaction.scalars(select(SessionRow))).one()
        dump = await transaction.scalar(text("SELECT string_agg(s::text, '') FROM staff_session s"))
    assert row.token_sha256 == hashlib.sha256(session.token.encode()).digest()
    assert dump is not None
    assert session.token not in dump


async def test_sessions_end_by_time_by_switching_off_and_by_a_wrong_token(
    staff: StaffService, anna: User, clock: FakeClock, db: Database
) -> None:
    session = await staff.log_in(anna.login, PASSWORD, ip=IP)
    for token in ("", "x", session.token[:-1]):
        assert await staff.session(token) is None
    clock.advance(timedelta(hours=13, minutes=59))
    assert await staff.session(session.token) is not None
    async with db.begin() as transaction:
        await transaction.execute(update(UserRow).values(active=False))
    assert await staff.session(session.token) is None
    with pytest.raises(NotAuthenticated):
        await staff.log_in(anna.login, PASSWORD, ip=IP)
    async with db.begin() as transaction:
        await transaction.execute(update(UserRow).values(active=True))
    clock.advance(timedelta(minutes=1))
    assert await staff.session(session.token) is None


@pytest.mark.parametrize(
    ("login", "password"),
    [pytest.param("op101", "неверный", id="wrong-password"), pytest.param("nobody", PASSWORD, id="unknown-user")],
)
@pytest.mark.usefixtures("anna")
async def test_what_was_wrong_is_not_said(staff: StaffService, login: str, password: str) -> None:
    with pytest.raises(NotAuthenticated) as error:
        await staff.log_in(login, password, ip=IP)
    assert (error.value.message, error.value.error_id) == ("wrong login or password", "wrong-password")


class CountingHasher(PasswordHasher):
    """argon2 that remembers how often it worked."""

    verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's own name
        self.verified += 1
        return super().verify(hash, password)


async def test_an_unknown_user_costs_the_same_work(db: Database, clock: FakeClock) -> None:
    await fill(db)
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    staff = StaffService(db, clock, Settings(), hasher=hasher)
    with pytest.raises(NotAuthenticated):
        await staff.log_in("nobody", PASSWORD, ip=IP)
    assert hasher.verified == 1


async def test_old_hashes_are_made_anew_at_the_next_log_in(
    staff: StaffService, anna: User, db: Database, clock: FakeClock
) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    await StaffService(db, clock, Settings(), hasher=stronger).log_in(anna.login, PASSWORD, ip=IP)
    async with db.begin() as session:
        stored = await session.scalar(select(UserRow.password_hash))
    assert stored is not None
    assert not stronger.check_needs_rehash(stored)
    await staff.log_in(anna.login, PASSWORD, ip=IP)


async def fail(staff: StaffService, login: str, ip: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(NotAuthenticated):
            await staff.log_in(login, "неверный", ip=ip)


async def test_five_failures_lock_a_login_for_a_while(staff: StaffService, anna: User, clock: FakeClock) -> None:
    await fail(staff, anna.login, IP, 4)
    clock.advance(timedelta(minutes=5))
    await fail(staff, anna.login, "10.0.0.2", 1)
    with pytest.raises(TooManyAttempts) as error:
        await staff.log_in(anna.login, PASSWORD, ip="10.0.0.3")
    assert error.value.details == {"retry_after_s": 600}
    clock.advance(timedelta(seconds=599))
    with pytest.raises(TooManyAttempts):
        await staff.log_in(anna.login, PASSWORD, ip="10.0.0.3")
    clock.advance(timedelta(seconds=1))
    await staff.log_in(anna.login, PASSWORD, ip="10.0.0.3")


async def test_the_right_password_forgives_what_went_before(staff: StaffService, anna: User) -> None:
    for _ in range(3):
        await fail(staff, anna.login, IP, 4)
        await staff.log_in(anna.login, PASSWORD, ip=IP)


async def test_fifty_failures_lock_an_address_but_nobody_elsewhere(staff: StaffService, anna: User) -> None:
    for number in range(50):
        await fail(staff, f"nobody{number}", IP, 1)
    with pytest.raises(TooManyAttempts):
        await staff.log_in(anna.login, PASSWORD, ip=IP)
    await staff.log_in(anna.login, PASSWORD, ip="10.0.0.2")


async def test_guessing_in_parallel_gains_nothing(own_db: Database, clock: FakeClock) -> None:
    await fill(own_db)
    staff = StaffService(own_db, clock, Settings(), hasher=QUICK)
    await staff.create_user(new())
    async with asyncio.timeout(30):
        results = await asyncio.gather(
            *(staff.log_in("op101", f"догадка {number}", ip=f"10.0.1.{number}") for number in range(20)),
            return_exceptions=True,
        )
    assert sum(isinstance(result, NotAuthenticated) for result in results) == 5
    assert sum(isinstance(result, TooManyAttempts) for result in results) == 15


async def test_changing_the_password_ends_the_other_sessions(staff: StaffService, anna: User) -> None:
    here = await staff.log_in(anna.login, PASSWORD, ip=IP)
    there = await staff.log_in(anna.login, PASSWORD, ip=IP)
    with pytest.raises(NotAuthenticated):
        await staff.change_password(anna.id, "неверный", "новый пароль!")
    with pytest.raises(BadInput):
        await staff.change_password(anna.id, PASSWORD, "короткий")
    assert await staff.session(there.token) is not None
    await staff.change_password(anna.id, PASSWORD, "новый пароль!", keep_token=here.token)
    assert await staff.session(here.token) is not None
    assert await staff.session(there.token) is None
    with pytest.raises(NotAuthenticated):
        await staff.log_in(anna.login, PASSWORD, ip=IP)
    await staff.log_in(anna.login, "новый пароль!", ip=IP)


async def test_setting_the_password_of_nobody(staff: StaffService) -> None:
    with pytest.raises(BadInput):
        await staff.set_password("nobody", "новый пароль!", by=None)


async def test_every_wrong_field_of_a_new_account_is_named(staff: StaffService) -> None:
    wrong = new("Вася", "1o1", password="1", last_name=" ", organisation_code="99", roles=("op1", "царь"))
    with pytest.raises(BadInput) as error:
        await staff.create_user(wrong)
    assert set(error.value.details) == {"login", "password", "last_name", "extension", "roles", "organisation_code"}


@pytest.mark.parametrize(
    ("again", "error_id"),
    [(new("OP101", None), "login-taken"), (new("op102", "101"), "extension-taken")],
)
@pytest.mark.usefixtures("anna")
async def test_logins_and_extensions_are_unique(staff: StaffService, again: NewUser, error_id: str) -> None:
    with pytest.raises(Conflict) as error:
        await staff.create_user(again)
    assert error.value.error_id == error_id


async def test_an_extension_is_free_again_when_its_user_is_switched_off(
    staff: StaffService, anna: User, db: Database
) -> None:
    async with db.begin() as session:
        await session.execute(update(UserRow).values(active=False))
    heir = await staff.create_user(new("op102", "101"))
    assert await staff.by_extension("101") == heir
    assert await staff.by_extension("999") is None
    switched_off = await staff.user(anna.id)
    assert switched_off is not None
    assert not switched_off.active
    assert await staff.user(10**15) is None


async def test_only_who_may_manages_accounts(staff: StaffService, anna: User) -> None:
    with pytest.raises(Forbidden):
        await staff.create_user(new("op102", "102"), by=anna)
    admin = await staff.create_user(new("admin", None, roles=("admin",)))
    created = await staff.create_user(new("op102", "102"), by=admin)
    assert created.login == "op102"


async def test_deny_wins_over_the_roles(staff: StaffService, anna: User, db: Database) -> None:
    both = await staff.create_user(new("both", None, roles=("op1", "admin")))
    assert not both.may("user.manage")
    async with db.begin() as session:
        session.add(UserRightRow(user_id=anna.id, right_code="call.take", effect="deny"))
        session.add(UserRightRow(user_id=anna.id, right_code="audit.view", effect="allow"))
    changed = await staff.user(anna.id)
    assert changed is not None
    assert changed.permissions == {"audit.view"}


@pytest.fixture
async def directory(staff: StaffService) -> StaffService:
    await staff.create_user(new("a", "101"))
    await staff.create_user(new("b", "102", last_name="Борисов", first_name="Иван", patronymic=""))
    await staff.create_user(new("c", "501", last_name="Санина", first_name="Инна", organisation_code="00001"))
    await staff.create_user(new("d", None, last_name="Безномерный"))
    return staff


@pytest.mark.parametrize(
    ("q", "found"),
    [
        pytest.param("", ["102", "101", "501"], id="everybody-with-a-number-by-name"),
        pytest.param("елкина", ["101"], id="yo"),
        pytest.param("ЁЛК", ["101"], id="beginning"),
        pytest.param("анна", ["101"], id="first-name"),
        pytest.param("иван борис", ["102"], id="words-in-any-order"),
        pytest.param("здоровье", ["501"], id="organisation"),
        pytest.param("фонд", ["102", "101"], id="full-name-of-the-organisation"),
        pytest.param("10", ["102", "101"], id="beginning-of-a-number"),
        pytest.param("501", ["501"], id="number"),
        pytest.param("01", [], id="numbers-match-from-their-start"),
        pytest.param("%", [], id="no-wildcards"),
        pytest.param("иван здоровье", [], id="all-words-must-fit"),
    ],
)
async def test_directory(directory: StaffService, q: str, found: list[str]) -> None:
    entries = await directory.directory(q)
    assert sorted(str(entry.extension) for entry in entries) == sorted(found)


async def test_directory_is_sorted_and_limited(directory: StaffService) -> None:
    names = [entry.full_name for entry in await directory.directory("", limit=2)]
    assert names == ["Борисов Иван", "Ёлкина Анна Петровна"]


async def test_logins_are_audited(staff: StaffService, anna: User, db: Database) -> None:
    session = await staff.log_in(anna.login, PASSWORD, ip=IP)
    await staff.log_out(session.token)
    async with db.begin() as transaction:
        entries = (await transaction.scalars(select(AuditEventRow).order_by(AuditEventRow.id))).all()
    assert [(entry.action, entry.user_id, entry.ip) for entry in entries] == [
        ("change", None, ""),
        ("login", anna.id, IP),
        ("logout", anna.id, ""),
    ]


async def test_purge(staff: StaffService, anna: User, clock: FakeClock) -> None:
    await staff.log_in(anna.login, PASSWORD, ip=IP)
    assert await staff.purge() == 0
    clock.advance(timedelta(hours=14))
    assert await staff.purge() == 2
