"""Cursors of keyset pages: where the last row of a page stood. Opaque to browsers, checked when they come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hotline.errors import BadInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BIGINT = 2**63 - 1


def encode(row_id: int, moment: datetime | None = None) -> str:
    """Make a cursor from the sort columns of a row."""
    if moment is None:
        return str(row_id)
    return f"{(moment - _EPOCH) // timedelta(microseconds=1)}.{row_id}"


def decode_id(cursor: str) -> int:
    """Read a cursor made without a moment.

    :raises BadInput: somebody else made it.
    """
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) > _BIGINT:
        raise BadInput("bad page cursor", error_id="bad-cursor", details={"after": "not a cursor"})
    return int(cursor)


def decode(cursor: str) -> tuple[datetime, int]:
    """Read a cursor made with a moment.

    :raises BadInput: somebody else made it.
    """
    microseconds, _, row_id = cursor.partition(".")
    try:
        return _EPOCH + timedelta(microseconds=int(microseconds)), decode_id(row_id)
    except (ValueError, OverflowError) as error:
        raise BadInput("bad page cursor", error_id="bad-cursor", details={"after": "not a cursor"}) from error
