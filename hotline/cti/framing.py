"""Sans-I/O framing of the Asterisk Manager Interface: bytes in, messages out.

A message is a block of ``Key: value`` lines that ends with an empty line (Asterisk documentation, "AMI v2
Specification"). Blocks are cut in *bytes* and decoded one by one, so a letter cut across two reads cannot be lost
(style.md 6, fault A). Events nobody wants are dropped after a look at their name, before any parsing: that is most of
the cost (performance.md 1).

Nothing here raises for what the peer sends: broken and oversized input is counted, reported and skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

BANNER = b"Asterisk Call Manager/"
_END = b"\r\n\r\n"
_EVENT = b"Event: "
_ACTION_ID = b"\r\nActionID: "


@dataclass(slots=True)
class Message:
    """One event or reply as it came: header names as Asterisk spells them, values as text.

    ``headers`` holds the last value of each header; ``repeated`` holds every value of a header seen more than once
    (``ChanVariable``, ``Variable``, ``Output``).
    """

    headers: dict[str, str]
    repeated: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def event(self) -> str:
        """Name of the event; ``""`` for a reply."""
        return self.headers.get("Event", "")

    @property
    def response(self) -> str:
        """``Success``, ``Error``, ``Goodbye``…; ``""`` for an event."""
        return self.headers.get("Response", "")

    @property
    def action_id(self) -> str:
        """The ActionID that this message answers; ``""`` when it answers none."""
        return self.headers.get("ActionID", "")

    def all(self, header: str) -> list[str]:
        """Return every value of ``header`` in the order received; an empty list when it is absent."""
        many = self.repeated.get(header)
        if many is not None:
            return many
        value = self.headers.get(header)
        return [] if value is None else [value]


@dataclass(slots=True)
class FramerCounts:
    """What the framer has seen since it was made."""

    messages: int = 0  # handed on
    skipped: int = 0  # events nobody wants
    broken: int = 0  # blocks with neither Event nor Response, or with lines that are no headers
    oversized: int = 0  # messages longer than the bound, dropped whole
    replaced: int = 0  # messages with bytes that are not UTF-8


class Framer:
    """Cuts a stream of bytes into messages.

    :param wanted: names of the events to hand on. Messages that answer an action are always handed on.
    :param limit: longest accepted message in bytes; a longer one is dropped up to its end.
    """

    def __init__(self, wanted: Iterable[str], *, limit: int = 65_536) -> None:
        self._wanted = frozenset(name.encode("ascii") for name in wanted)
        self._limit = limit
        self._rest = b""
        self._skipping = False
        self._banner_seen = False
        self.version: str | None = None
        """Version in Asterisk's banner, such as ``11.0.0``; ``None`` until it has come."""
        self.counts = FramerCounts()
        self.last_broken: bytes = b""
        """The beginning of the latest block that could not be understood, for the log."""

    @property
    def unfinished(self) -> int:
        """How many bytes of an incomplete message are kept."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes; return the messages that are complete and wanted. Never raises."""
        if self._rest:
            data = self._rest + data
        if not self._banner_seen:
            data = self._take_banner(data)
            if not self._banner_seen:
                self._rest = data
                return []
        blocks = data.split(_END)
        self._rest = blocks.pop()
        messages: list[Message] = []
        wanted = self._wanted
        counts = self.counts
        for block in blocks:
            if self._skipping:  # the tail of an oversized message
                self._skipping = False
                continue
            if block[:2] == b"\r\n":  # Asterisk ends some events with one empty line too many
                block = block.lstrip(b"\r\n")  # noqa: PLW2901 - the same block without its margin
            if block[:7] == _EVENT and block[7 : block.find(b"\r", 7)] not in wanted and _ACTION_ID not in block:
                counts.skipped += 1
                continue
            if len(block) > self._limit:
                counts.oversized += 1
                continue
            message = self._parse(block)
            if message is not None:
                counts.messages += 1
                messages.append(message)
        self._bound_rest()
        return messages

    def _take_banner(self, data: bytes) -> bytes:
        """Strip the greeting line. A peer that does not greet as Asterisk does is read all the same."""
        if len(data) < len(BANNER) and BANNER.startswith(data):
            return data
        if not data.startswith(BANNER):
            self._banner_seen = True
            return data
        line, end, rest = data.partition(b"\r\n")
        if not end and len(data) < 256:
            return data
        self._banner_seen = True
        self.version = line[len(BANNER) :].decode("ascii", "replace")
        return rest

    def _bound_rest(self) -> None:
        if self._skipping:
            # Keep only what could be the beginning of the end mark.
            self._rest = self._rest[-3:]
        elif len(self._rest) > self._limit:
            self.counts.oversized += 1
            self.last_broken = self._rest[:200]
            self._skipping = True
            self._rest = self._rest[-3:]

    def _parse(self, block: bytes) -> Message | None:
        try:
            text = block.decode()
        except UnicodeDecodeError:
            text = block.decode("utf-8", "replace")
            self.counts.replaced += 1
        lines = text.split("\r\n")
        headers: dict[str, str] = {}
        repeated: dict[str, list[str]] = {}
        for line in lines:
            key, sep, value = line.partition(": ")
            if key in headers:
                if key in repeated:
                    repeated[key].append(value)
                else:
                    repeated[key] = [headers[key], value]
            elif not sep:
                return self._parse_slowly(lines, block)
            headers[key] = value
        if "Event" in headers or "Response" in headers:
            return Message(headers, repeated)
        self._report(block)
        return None

    def _parse_slowly(self, lines: list[str], block: bytes) -> Message | None:
        """Parse a block in which some line is no ``Key: value``: keep the rest of it."""
        good: list[str] = []
        bad = 0
        for line in lines:
            key, sep, value = line.partition(":")
            if sep and key and not key[0].isspace():
                good.append(f"{key}: {value[1:] if value.startswith(' ') else value}")
            elif line:
                bad += 1
        headers = dict(line.split(": ", 1) for line in good)
        if "Event" in headers or "Response" in headers:
            if bad:
                self._report(block)
            return Message(headers, _repeated(good))
        if any(lines):
            self._report(block)
        return None

    def _report(self, block: bytes) -> None:
        self.counts.broken += 1
        self.last_broken = block[:200]


def _repeated(lines: list[str]) -> dict[str, list[str]]:
    many: dict[str, list[str]] = {}
    for line in lines:
        key, _, value = line.partition(": ")
        many.setdefault(key, []).append(value)
    return {key: values for key, values in many.items() if len(values) > 1}
