"""The audit trail: one function, so that every entry has the same shape (domain 2.2 AuditEvent, 3.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.staff.tables import AuditEventRow

_ADDRESS: ContextVar[str] = ContextVar("address", default="")


@contextmanager
def acting_from(ip: str) -> Iterator[None]:
    """Write this address into the entries of everything that is done inside, unless they name one."""
    token = _ADDRESS.set(ip)
    try:
        yield
    finally:
        _ADDRESS.reset(token)


def audit(
    session: AsyncSession,
    action: str,
    record: tuple[str, int | str],
    *,
    user_id: int | None,
    at: datetime,
    ip: str = "",
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry to the transaction of ``session``; it is kept exactly when the change itself is.

    :param record: kind and id of what was touched: ``("appeal", 15)``; the id may be ``""``.
    :param action: view, search, play, export, print, change, login, logout.
    :param details: JSON-safe; names of changed fields, never their contents.
    """
    session.add(AuditEventRow(**_entry(action, record, user_id, at, ip, reason, details)))


async def audit_now(
    session: AsyncSession,
    action: str,
    record: tuple[str, int | str],
    *,
    user_id: int | None,
    at: datetime,
    ip: str = "",
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry at once: for who only reads (:meth:`hotline.db.Database.read`), before he gives it away.

    The rest is as in :func:`audit`.
    """
    connection = await session.connection()
    await connection.execute(_INSERT, _entry(action, record, user_id, at, ip, reason, details))
    await session.commit()  # in autocommit no round trip: the entry is kept since its statement


_INSERT = insert(AuditEventRow).inline()


def _entry(
    action: str,
    record: tuple[str, int | str],
    user_id: int | None,
    at: datetime,
    ip: str,
    reason: str,
    details: Mapping[str, Any] | None,
) -> dict[str, Any]:
    return {
        "at": at,
        "user_id": user_id,
        "ip": ip or _ADDRESS.get(),
        "action": action,
        "entity": record[0],
        "entity_id": str(record[1]),
        "reason": reason,
        "details": dict(details or {}),
    }
