"""Calls that wait for the database: the newest word about each, in the order in which they began to wait. Pure."""

from __future__ import annotations

from hotline.cti.model import Call

LIMIT = 10_000
"""Calls; some kilobytes each. At 600 calls an hour the database may be away for most of a day."""


class Backlog:
    """What is told of a call replaces what was told of it before: a call only ever gains facts.

    When it is full, new calls are left out (Asterisk's logs have them), never those that wait already.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._calls: dict[str, Call] = {}
        self.left_out: set[str] = set()
        """Calls for which there was no place."""

    def __len__(self) -> int:
        return len(self._calls)

    def put(self, call: Call) -> bool:
        """Keep the newest word about a call; ``False``: there is no place for another one."""
        if call.key not in self._calls and len(self._calls) >= self._limit:
            self.left_out.add(call.key)
            return False
        self._calls[call.key] = call
        return True

    def oldest(self) -> Call | None:
        """Return what is to be written next."""
        return next(iter(self._calls.values()), None)

    def written(self, call: Call) -> None:
        """Forget a call, unless there was newer word of it while it was being written."""
        if self._calls.get(call.key) is call:
            del self._calls[call.key]
