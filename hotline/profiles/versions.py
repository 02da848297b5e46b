"""Versions of a profile: every content that was ever loaded, with who, when and why (domain 2.1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.journal.tables_classifier import ProfileVersionRow


def fingerprint(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a profile's content in canonical JSON."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


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
        name=name, fingerprint=mark, content=dict(content), at=at, by_id=by_id, comment=comment.strip()
    )
    session.add(row)
    await session.flush()
    return row.id
