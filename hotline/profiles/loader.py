"""Loads a profile into the database. Can be run again at any time; rows in use are closed by date, never deleted."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock, SystemClock
from hotline.db import Database
from hotline.errors import BadInput
from hotline.journal.closing import Ending
from hotline.journal.deadlines import Shift, Unit
from hotline.journal.forwarding import Kind
from hotline.journal.listing import NEWEST, Order, Relation
from hotline.journal.model import Form, Phase
from hotline.journal.numbering import BadPatternError, Reset, render
from hotline.journal.process import check as check_process
from hotline.journal.tables_classifier import (
    AppealTypeRow,
    ChannelRow,
    Choice,
    DeadlineRuleRow,
    DispositionRow,
    ForwardRuleRow,
    KinshipRow,
    PauseReasonRow,
    ProfileRow,
    ResultRow,
    ScriptRow,
    SourceRow,
    StatusRow,
    TopicRow,
)
from hotline.journal.tables_lists import FolderRow
from hotline.profiles.calendars import load_calendars
from hotline.profiles.versions import store_version
from hotline.staff.model import Effect
from hotline.staff.sight import sight_problem
from hotline.staff.tables import RoleRightRow, RoleRow

# Order matters: topics refer to types.
LISTS: Mapping[str, type[Choice]] = {
    "status": StatusRow,
    "appeal_type": AppealTypeRow,
    "channel": ChannelRow,
    "source": SourceRow,
    "result": ResultRow,
    "topic": TopicRow,
    "disposition": DispositionRow,
    "pause_reason": PauseReasonRow,
    "kinship": KinshipRow,
    "script": ScriptRow,
    "folder": FolderRow,
}
_RENAMED = {"topic": {"type": "type_code", "parent": "parent_code"}, "deadline": {"topic": "topic_code"}}
_CHOICES: Mapping[tuple[str, str], type[StrEnum]] = {
    ("status", "phase"): Phase,
    ("channel", "form"): Form,
    ("deadline", "form"): Form,
    ("deadline", "unit"): Unit,
    ("deadline", "shift"): Shift,
    ("forward", "form"): Form,
    ("forward", "kind"): Kind,
    ("folder", "relation"): Relation,
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did: rows a list now offers, and rows that were closed because the profile no longer has them."""

    rows: Mapping[str, int]
    closed: Mapping[str, int]


def read_profile(name: str) -> dict[str, Any]:
    """Read all TOML files of a profile but its demo data into one mapping.

    :raises BadInput: there is no such profile, or its data contradict themselves.
    """
    folder = files("hotline.profiles") / name
    if not name.isidentifier() or not folder.is_dir():
        raise BadInput(f"there is no profile {name!r}", error_id="no-such-profile")
    data: dict[str, Any] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml") and file.name != "demo.toml":
            data |= tomllib.loads(file.read_text(encoding="utf-8"))
    _check(name, data)
    return data


async def load_profile(db: Database, name: str, clock: Clock | None = None) -> Loaded:
    """Load a profile in one transaction.

    Rows of the profile are overwritten by their codes; rows that an organisation added itself are left alone.

    :raises BadInput: see :func:`read_profile`; nothing was changed.
    """
    data = read_profile(name)
    now = (clock or SystemClock()).now()
    rows: dict[str, int] = {}
    closed: dict[str, int] = {}
    async with db.begin() as session:
        for section, table in LISTS.items():
            entries = _entries(data, section)
            rows[section] = len(entries)
            await _upsert_list(session, table, entries, name)
            closed[section] = await _close_missing(session, table, entries, name, now.date())
        await _load_deadlines(session, _entries(data, "deadline"))
        await _load_forwarding(session, forwarding(data))
        await _load_roles(session, data.get("role", []))
        await load_calendars(session, name, now)
        version = await store_version(session, name, data, now)
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
        for row in _entries(data, "forward")
        if "setting" not in row or switches.get(row["setting"]) is True
    ]


def _entries(data: Mapping[str, Any], section: str) -> list[dict[str, Any]]:
    renamed = _RENAMED.get(section, {})
    return [{renamed.get(key, key): value for key, value in entry.items()} for entry in data.get(section, [])]


async def _upsert_list(
    session: AsyncSession, table: type[Choice], entries: Iterable[dict[str, Any]], profile: str
) -> None:
    known = table.__table__.columns  # type: ignore[attr-defined]  # Choice is a mixin; its subclasses are mapped
    for sort, entry in enumerate(entries):
        # A key left out of the file falls back to the column's default, also when the row has another value now.
        values = {
            column.name: column.server_default.arg if column.server_default is not None else None
            for column in known
            if column.name not in {"code", "valid_from", "organisation_id"}
        }
        values |= {"sort": sort, "origin": profile, "valid_to": None} | entry
        await _upsert(session, table, "code", values)


async def _upsert(session: AsyncSession, table: type[Any], key: str, values: Mapping[str, Any]) -> None:
    statement = insert(table).values(**values)
    rest = {name: statement.excluded[name] for name in values if name != key}
    await session.execute(statement.on_conflict_do_update(index_elements=[key], set_=rest))


async def _close_missing(
    session: AsyncSession, table: type[Choice], entries: Iterable[Mapping[str, Any]], profile: str, today: date
) -> int:
    codes = [entry["code"] for entry in entries]
    statement = (
        update(table)
        .where(table.origin == profile, table.code.not_in(codes), table.valid_to.is_(None))
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


def _sight_problems(roles: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found = [f"{role.get('code')}: {problem}" for role in roles if (problem := sight_problem(role.get("sight", {})))]
    return {"role": "; ".join(found)} if found else {}


def _check(name: str, data: Mapping[str, Any]) -> None:
    """Refuse a profile that would only fail later, in an operator's face."""
    problems: dict[str, str] = {}
    for section in (*LISTS, "deadline", "role"):
        codes = [entry.get("code", "") for entry in data.get(section, [])]
        if not codes or not all(codes) or len(set(codes)) < len(codes):
            problems[section] = "needs rows, each with a code of its own"
    for (section, key), kind in _CHOICES.items():
        for entry in data.get(section, []):
            if key in entry and entry[key] not in list(kind):
                problems[section] = f"{key} = {entry[key]!r} is unknown"
    for entry in data.get("disposition", []):
        if strange := set(entry.get("closes", [])) - set(Ending):
            problems["disposition"] = f"closes = {', '.join(sorted(strange))} is unknown"
    problems |= _folder_problems(data)
    problems |= _sight_problems(data.get("role", []))
    types = {entry.get("code") for entry in data.get("appeal_type", [])}
    if orphans := [entry["code"] for entry in data.get("topic", []) if entry.get("type") not in types]:
        problems["topic"] = f"no such type: {', '.join(orphans)}"
    numbering = data.get("settings", {}).get("numbering", {})
    try:
        Reset(numbering.get("reset", "never"))
        render(numbering.get("pattern", "{seq}"), org_code="", day=date(2000, 1, 1), seq=1)
    except (ValueError, BadPatternError) as error:
        problems["settings"] = str(error)
    for problem in check_process(data):
        problems.setdefault(problem.section, problem.text)
    if problems:
        raise BadInput(f"profile {name} cannot be loaded", error_id="bad-profile", details=problems)


def _folder_problems(data: Mapping[str, Any]) -> dict[str, str]:
    for entry in data.get("folder", []):
        if strange := set(entry.get("phases", [])) - set(Phase):
            return {"folder": f"phases = {', '.join(sorted(strange))} is unknown"}
        try:
            Order.parse(entry.get("order", str(NEWEST)))
        except ValueError:
            return {"folder": f"order = {entry['order']!r} is unknown"}
    return {}
