"""What citizens pressed when they were asked how it was: read out of one Asterisk's AstDB, and taken out of it.

The dialplan (context ``rating``) writes ``hotline-rating/<call key>`` = ``when|1 to 5|0 to 10|1 when that is all``:
a service that is dead when it happens finds the answers when it is back. AMI: DBGetTree, DBDel (docs.asterisk.org, "AMI
Actions").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hotline.cti.errors import CommandRefused
from hotline.cti.link import AmiLink

FAMILY = "hotline-rating"
LONGEST = timedelta(minutes=5)
"""Nobody is asked for longer: an answer without its end is one in which Asterisk died."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What a citizen said after a call; ``None``: nothing.

    :ivar score: 1 (bad) to 5 (excellent).
    :ivar recommends: 0 to 10, how likely he would recommend the hotline.
    """

    call_key: str
    asked_at: datetime
    score: int | None
    recommends: int | None


def read(call_key: str, value: str, now: datetime) -> Rating | None:
    """Read a value of AstDB; ``None``: he is being asked right now, or it is not ours."""
    when, score, recommends, finished = (*value.split("|"), "", "", "", "")[:4]
    if not (when.isascii() and when.isdigit()) or len(when) > 11:
        return None
    asked_at = datetime.fromtimestamp(int(when), UTC)
    if finished != "1" and now - asked_at < LONGEST:
        return None
    return Rating(call_key, asked_at, _within(score, 1, 5), _within(recommends, 0, 10))


def _within(text: str, least: int, most: int) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else -1
    return number if least <= number <= most else None


class Ratings:
    """The answers that one Asterisk keeps, over its link."""

    def __init__(self, link: AmiLink) -> None:
        self._link = link

    async def all(self, now: datetime) -> tuple[Rating, ...]:
        """Return the answers that are complete. Raises ``Unavailable``."""
        try:
            found = await self._link.collect({"Action": "DBGetTree", "Family": FAMILY})
        except CommandRefused as error:
            if "not found" in error.message:
                return ()
            raise
        prefix = f"/{FAMILY}/"
        rows = [(one.get("Key", "").removeprefix(prefix), one.get("Val", "")) for one in found]
        return tuple(rating for key, value in rows if (rating := read(key, value, now)) is not None)

    async def forget(self, call_key: str) -> None:
        """Take an answer out, once it is written down; harmless when it is gone. Raises ``Unavailable``."""
        try:
            await self._link.send({"Action": "DBDel", "Family": FAMILY, "Key": call_key})
        except CommandRefused as error:
            if "not found" not in error.message:
                raise
