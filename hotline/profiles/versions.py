"""Versions of a profile: every content that was ever loaded, with who, when and why (domain 2.1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import NotFound
from hotline.journal.process_store import current_version
from hotline.journal.tables_classifier import ProfileVersionRow
from hotline.staff.model import short_name
from hotline.staff.tables import UserRow


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a profile in the history of its versions."""

    id: int
    name: str
    at: datetime
    by: str  # short name; "" from the command line
    comment: str
    current: bool


def fingerprint(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a profile's content in canonical JSON."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a content as the database keeps it: dates as text."""
    found: dict[str, Any] = json.loads(json.dumps(content, ensure_ascii=False, default=str))
    return found


async def store_version(
    session: AsyncSession,
    name: str,
    content: Mapping[str, Any],
    at: datetime,
    *,
    by_id: int | None = None,
    comment: str = "",
) -> int:
    """Keep a content as the newest version of profile ``name`` and return its id.

    Loading what is the newest version already makes no other one.
    """
    latest = (
        await session.execute(
            select(ProfileVersionRow.id, ProfileVersionRow.fingerprint)
            .where(ProfileVersionRow.name == name)
            .order_by(ProfileVersionRow.id.desc())
            .limit(1)
        )
    ).one_or_none()
    mark = fingerprint(content)
    if latest is not None and latest.fingerprint == mark:
        return int(latest.id)
    row = ProfileVersionRow(
        name=name, fingerprint=mark, content=plain(content), at=at, by_id=by_id, comment=comment.strip()
    )
    session.add(row)
    await session.flush()
    return row.id


async def history(session: AsyncSession, limit: int = 100) -> tuple[Version, ...]:
    """Return the versions, newest first."""
    current = (await session.execute(current_version())).one_or_none()
    rows = await session.execute(
        select(ProfileVersionRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
        .outerjoin(UserRow, UserRow.id == ProfileVersionRow.by_id)
        .order_by(ProfileVersionRow.id.desc())
        .limit(limit)
    )
    return tuple(
        Version(
            row.ProfileVersionRow.id,
            row.ProfileVersionRow.name,
            row.ProfileVersionRow.at,
            short_name(row.last_name, row.first_name, row.patronymic),
            row.ProfileVersionRow.comment,
            current is not None and current.id == row.ProfileVersionRow.id,
        )
        for row in rows
    )


async def content(session: AsyncSession, version_id: int | None = None) -> dict[str, Any]:
    """Return what a version says; without an id the one that counts now.

    :raises NotFound: there is no such version, or no profile was ever loaded.
    """
    if version_id is None:
        current = (await session.execute(current_version())).one_or_none()
        version_id = None if current is None else current.id
    row = None if version_id is None else await session.get(ProfileVersionRow, version_id)
    if row is None:
        raise NotFound("there is no such version of the profile")
    return row.content
