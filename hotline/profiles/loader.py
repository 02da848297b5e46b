"""Loads a profile into the database. Can be run again at any time; rows in use are closed by date, never deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock, SystemClock
from hotline.db import Database
from hotline.journal.deadlines import Shift
from hotline.journal.forwarding import Kind
from hotline.journal.tables_classifier import Choice, DeadlineRuleRow, ForwardRuleRow, ProfileRow
from hotline.profiles import source
from hotline.profiles.calendars import load_calendars
from hotline.profiles.checks import check
from hotline.profiles.schema import LISTS, ONLY_PROFILE, RENAMED
from hotline.profiles.source import bad_profile
from hotline.profiles.versions import store_version
from hotline.staff.model import Effect
from hotline.staff.tables import RoleRightRow, RoleRow


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did: rows a list now offers, and rows that were closed because the profile no longer has them."""

    rows: Mapping[str, int]
    closed: Mapping[str, int]


def read_profile(name: str | Path) -> dict[str, Any]:
    """Read all TOML files of a profile but its demo data into one mapping.

    :param name: of a profile of the product, or a folder.
    :raises BadInput: there is none, or it is wrong; ``details`` maps ``file:line`` to what is wrong there.
    """
    return checked(source.read(name))


def checked(found: source.Source) -> dict[str, Any]:
    """Return the content of a profile that says nothing wrong.

    :raises BadInput: ``bad-profile``; ``details`` maps ``file:line`` to what is wrong there.
    """
    problems: dict[str, list[str]] = {}
    for problem in check(found.content):
        problems.setdefault(found.place(problem), []).append(problem.text)
    if problems:
        raise bad_profile(found.name, {place: "; ".join(texts) for place, texts in problems.items()})
    return found.content


async def load_profile(
    db: Database,
    name: str | Path,
    clock: Clock | None = None,
    *,
    by_id: int | None = None,
    comment: str = "",
) -> Loaded:
    """Load a profile in one transaction, as a new version unless it is the newest already.

    Rows of the profile are overwritten by their codes; rows that an organisation added itself are left alone.

    :param by_id: who loads it; ``None``: the command line.

    :raises BadInput: see :func:`read_profile`; nothing was changed.
    """
    data = read_profile(name)
    name = name.name if isinstance(name, Path) else name
    now = (clock or SystemClock()).now()
    async with db.begin() as session:
        loaded = await store(session, name, data, now, by_id=by_id, comment=comment)
        await load_calendars(session, name, now)
    return loaded


async def store(
    session: AsyncSession, name: str, data: Mapping[str, Any], now: datetime, *, by_id: int | None, comment: str
) -> Loaded:
    """Put a checked content into its tables and keep it as the version that counts from now on."""
    rows: dict[str, int] = {}
    closed: dict[str, int] = {}
    for section, table in LISTS.items():
        entries = _entries(data, section)
        rows[section] = len(entries)
        await _upsert_list(session, table, entries, name)
        closed[section] = await _close_missing(session, table, entries, name, now.date())
    await _load_deadlines(session, _entries(data, "deadline"))
    await _load_forwarding(session, forwarding(data))
    await _load_roles(session, data.get("role", []))
    version = await store_version(session, name, data, now, by_id=by_id, comment=comment)
    await _upsert(
        session,
        ProfileRow,
        "name",
        {"name": name, "settings": data.get("settings", {}), "loaded_at": now, "version_id": version},
    )
    return Loaded(rows, {section: count for section, count in closed.items() if count})


def forwarding(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the matrix whose switch is on (Q1)."""
    switches = data.get("settings", {}).get("process", {})
    return [
        {key: value for key, value in row.items() if key != "setting"}
        for row in data.get("forward", [])
        if "setting" not in row or switches.get(row["setting"]) is True
    ]


def _entries(data: Mapping[str, Any], section: str) -> list[dict[str, Any]]:
    renamed, kept = RENAMED.get(section, {}), ONLY_PROFILE.get(section, {})
    return [
        {renamed.get(key, key): value for key, value in entry.items() if key not in kept}
        for entry in data.get(section, [])
    ]


async def _upsert_list(
    session: AsyncSession, table: type[Choice], entries: Iterable[dict[str, Any]], profile: str
) -> None:
    known = table.__table__.columns  # type: ignore[attr-defined]  # Choice is a mixin; its subclasses are mapped
    for sort, entry in enumerate(entries):
        # A key left out of the file falls back to the column's default, also when the row has another value now.
        values = {
            column.name: column.server_default.arg if column.server_default is not None else None
            for column in known
            if column.name not in {"code", "valid_from", "organisation_id", "edition"}
        }
        values |= {"sort": sort, "origin": profile, "valid_to": None} | entry
        # What an administrator has changed is the organisation's own now.
        await _upsert(session, table, "code", values, where=table.edition == 0)


async def _upsert(
    session: AsyncSession,
    table: type[Any],
    key: str,
    values: Mapping[str, Any],
    where: ColumnElement[bool] | None = None,
) -> None:
    statement = insert(table).values(**values)
    rest = {name: statement.excluded[name] for name in values if name != key}
    await session.execute(statement.on_conflict_do_update(index_elements=[key], set_=rest, where=where))


async def _close_missing(
    session: AsyncSession, table: type[Choice], entries: Iterable[Mapping[str, Any]], profile: str, today: date
) -> int:
    codes = [entry["code"] for entry in entries]
    statement = (
        update(table)
        # Rows of another profile as well: one process counts at a time. What was changed here stays while its own does.
        .where(table.origin.is_not(None), table.code.not_in(codes), table.valid_to.is_(None))
        .where(or_(table.edition == 0, table.origin != profile))
        .values(valid_to=today)
        .returning(table.code)
    )
    return len((await session.scalars(statement)).all())


async def _load_deadlines(session: AsyncSession, entries: list[dict[str, Any]]) -> None:
    await session.execute(update(DeadlineRuleRow).values(active=False))
    for entry in entries:
        defaults: dict[str, Any] = {"form": None, "to_head_of_region": None, "urgent": None, "topic_code": None}
        defaults |= {"shift": Shift.NONE.value, "max_extension_days": 0, "active": True}
        await _upsert(session, DeadlineRuleRow, "code", defaults | entry)


async def _load_forwarding(session: AsyncSession, entries: list[dict[str, Any]]) -> None:
    # Nothing refers to a rule of the matrix, so the whole of it is replaced.
    await session.execute(delete(ForwardRuleRow))
    session.add_all(ForwardRuleRow(**({"kind": Kind.FORWARD.value} | entry)) for entry in entries)


async def _load_roles(session: AsyncSession, roles: Iterable[Mapping[str, Any]]) -> None:
    for sort, role in enumerate(roles):
        code = role["code"]
        values = {"code": code, "title": role["title"], "sort": sort, "sight": role.get("sight", {})}
        await _upsert(session, RoleRow, "code", values)
        if await session.scalar(select(RoleRow.edited_at).where(RoleRow.code == code)) is not None:
            continue  # an administrator has changed its rights: they are the organisation's own now
        await session.execute(delete(RoleRightRow).where(RoleRightRow.role_code == code))
        session.add_all(
            RoleRightRow(role_code=code, right_code=right, effect=effect.value)
            for effect in Effect
            for right in role.get(effect.value, [])
        )
