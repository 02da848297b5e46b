"""Use cases of administering the process profile (right ``dict.edit``, of the fund): versions, export, import.

An import replaces the profile that counts now by a text; an older version is brought back in the same way, so the
history only ever grows (domain 2.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tomli_w
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Conflict, Forbidden
from hotline.journal.process import build
from hotline.journal.process_model import Process
from hotline.journal.tables import AppealRecord
from hotline.profiles import source
from hotline.profiles.difference import Change, difference
from hotline.profiles.loader import Loaded, checked, store
from hotline.profiles.versions import Version, content, history, plain
from hotline.staff.admin_rules import everywhere
from hotline.staff.audit import audit
from hotline.staff.model import Right, User

FILE = "profile.toml"
_LOCK = 7_204_113
"""Advisory lock of loading: two administrators take turns, and the second one's look is stale."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What loading a text would do.

    :ivar base: the version that counts now and was compared with.
    :ivar restated: how many appeals have a status that the text no longer has; they go on as if they had the default
        status of its phase.
    """

    base: int
    changes: tuple[Change, ...]
    restated: int


class ProfileAdmin:
    """The door to the process profile."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def versions(self, by: User) -> tuple[Version, ...]:
        """Return who loaded what, when and why, newest first."""
        _require(by)
        async with self._db.begin() as session:
            return await history(session)

    async def process(self, by: User) -> Process:
        """Return the process that counts now, to be drawn.

        :raises NotFound: no profile was ever loaded.
        """
        _require(by)
        async with self._db.begin() as session:
            return build(await content(session))

    async def export(self, by: User, version_id: int | None = None) -> str:
        """Return a version (``None``: what counts now) as one TOML text; the audit trail says so.

        :raises NotFound: there is no such version.
        """
        _require(by)
        async with self._db.begin() as session:
            text = tomli_w.dumps(await content(session, version_id))
            audit(session, "export", ("profile", version_id or "current"), user_id=by.id, at=self._clock.now())
            return text

    async def preview(self, by: User, text: str) -> Preview:
        """Compare a text with what counts now; nothing is changed.

        :raises BadInput: ``bad-profile``; ``details`` names line and rule of everything that is wrong.
        """
        _require_change(by)
        data = _read(text)
        async with self._db.begin() as session:
            return await _compare(session, data)

    async def load(self, by: User, text: str, base: int, comment: str) -> Loaded:
        """Load a text as the new version.

        :param base: of the preview that was looked at.
        :raises BadInput: as :meth:`preview`; nothing was changed.
        :raises Conflict: ``stale-record``: another version was loaded since.
        """
        _require_change(by)
        data = _read(text)
        async with self._db.begin() as session:
            await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            now = self._clock.now()
            current = next((one for one in await history(session) if one.current), None)
            if current is None or current.id != base:
                raise Conflict("another version was loaded meanwhile", error_id="stale-record")
            found = await _compare(session, data)
            loaded = await store(session, current.name, data, now, by_id=by.id, comment=comment)
            details = {"changes": len(found.changes), "sections": sorted({one.section for one in found.changes})}
            audit(session, "change", ("profile", current.name), user_id=by.id, at=now, details=details)
            return loaded


def _read(text: str) -> dict[str, Any]:
    return checked(source.parse(FILE, {FILE: text}))


async def _compare(session: AsyncSession, data: Mapping[str, Any]) -> Preview:
    current = next((one for one in await history(session) if one.current), None)
    stored = await content(session) if current is not None else {}
    statuses = [row["code"] for row in data.get("status", [])]
    restated = await session.scalar(
        select(func.count()).select_from(AppealRecord).where(AppealRecord.status_code.not_in(statuses))
    )
    return Preview(current.id if current else 0, difference(stored, plain(data)), restated or 0)


def _require(by: User) -> None:
    if not by.may(Right.DICT_EDIT):
        raise Forbidden("this user may not see the process profile")


def _require_change(by: User) -> None:
    _require(by)
    if not everywhere(by.organisation):
        raise Forbidden("the process is the fund's", error_id="organisations-of-all")
