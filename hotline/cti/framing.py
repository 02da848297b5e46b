"""Sans-I/O framing of the Asterisk Manager Interface: bytes in, messages out.

A message is a block of ``Key: value`` lines that ends with an empty line (Asterisk documentation, "AMI v2
Specification"). Blocks are cut in *bytes* and decoded one by one, so a letter cut across two reads cannot be lost
(style.md 6, fault A). Events nobody wants are dropped after a look at their name, before any parsing: that is most of
the cost (performance.md 1).

Nothing here raises for what the peer sends: broken and oversized input is counted, reported and skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

BANNER = b"Asterisk Call Manager/"
_BANNER_LIMIT = 256
_END = b"\r\n\r\n"
_EVENT = b"Event: "
_ACTION_ID = b"\r\nActionID: "


class Message:
    """One event or reply as it came: header names as Asterisk spells them, values as text.

    A message off the wire keeps its text and is cut into headers only when somebody asks for all of them: most readers
    want a few, and the dictionary is the dearest part of reading AMI (docs/performance.md).

    :param headers: the first value of each header: what comes later cannot change what Asterisk said first.
    :param repeated: every value of a header seen more than once (``ChanVariable``, ``Variable``, ``Output``).
    """

    __slots__ = ("_headers", "_repeated", "_report", "action_id", "event", "text")

    def __init__(self, headers: dict[str, str], repeated: Mapping[str, list[str]] | None = None) -> None:
        self._headers: dict[str, str] | None = headers
        self._repeated: Mapping[str, list[str]] = {} if repeated is None else repeated
        self._report: Callable[[str], None] | None = None
        self.event = headers.get("Event", "")
        """Name of the event; ``""`` for a reply."""
        self.action_id = headers.get("ActionID", "")
        """The ActionID that this message answers; ``""`` when it answers none."""
        self.text = ""
        """The message as it came, without the empty line at its end; ``""`` for one that was not read off the wire."""

    @classmethod
    def received(cls, text: str, event: str, report: Callable[[str], None]) -> Message:
        """Make an event of its text. ``report`` is told the text when a line of it turns out to be no header."""
        self = cls.__new__(cls)
        self._headers = None
        self._report = report
        self.event = event
        self.action_id = ""
        self.text = text
        return self

    @property
    def headers(self) -> dict[str, str]:
        """The first value of each header."""
        if self._headers is None:
            self._headers, self._repeated, bad = cut(self.text)
            if bad and self._report is not None:
                self._report(self.text)
        return self._headers

    @property
    def repeated(self) -> Mapping[str, list[str]]:
        """Every value of a header seen more than once."""
        _ = self.headers  # cuts the text
        return self._repeated

    @property
    def response(self) -> str:
        """``Success``, ``Error``, ``Goodbye``…; ``""`` for an event, but for OriginateResponse."""
        return self.headers.get("Response", "")

    def __getitem__(self, header: str) -> str:
        """Return the first value of a header.

        :raises KeyError: there is no such header.
        """
        if self._headers is None:
            mark = f"\r\n{header}: "
            at = self.text.find(mark)
            if at >= 0:
                at += len(mark)
                end = self.text.find("\r\n", at)
                return self.text[at:] if end < 0 else self.text[at:end]
        return self.headers[header]

    def get(self, header: str, default: str) -> str:
        """Return the first value of a header, ``default`` when it is absent."""
        try:
            return self[header]
        except KeyError:
            return default

    def __repr__(self) -> str:
        return f"Message({self.headers!r}, {self.repeated!r})"

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

    reads: int = 0  # pieces of the stream taken in
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
        self._wanted = {name.encode("ascii"): name for name in wanted}
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
        self.counts.reads += 1
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
        skipped = 0
        answers = _ACTION_ID in data  # rarely: then nobody needs to look for it in every message
        for block in blocks:
            if self._skipping:  # the tail of an oversized message
                self._skipping = False
                continue
            if block[:2] == b"\r\n":  # Asterisk ends some events with one empty line too many
                block = block[2:]  # noqa: PLW2901 - the same block without its margin
            name = None
            if block[:7] == _EVENT:
                name = wanted.get(block[7 : block.find(b"\r", 7)])
                if answers and _ACTION_ID in block:
                    name = None  # an answer: whoever asked wants all of it
                elif name is None:
                    skipped += 1
                    continue
            if len(block) > self._limit:
                counts.oversized += 1
                continue
            message = self._parse(block) if name is None else Message.received(self._decode(block), name, self._report)
            if message is not None:
                messages.append(message)
        counts.messages += len(messages)
        counts.skipped += skipped
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
        if not end and len(data) <= _BANNER_LIMIT:
            return data
        self._banner_seen = True
        if len(line) >= _BANNER_LIMIT:  # no greeting is so long; however it was cut, it is read as what it is not
            return data
        self.version = line[len(BANNER) :].decode("ascii", "replace")
        return rest

    def _bound_rest(self) -> None:
        if self._skipping:
            # Keep only what could be the beginning of the end mark.
            self._rest = self._rest[-3:]
        # Up to three bytes may be the beginning of the end mark, two the margin that is cut off: what fits as a whole
        # must not be dropped because the network cut it there.
        elif len(self._rest) > self._limit + 3 + 2 * self._rest.startswith(b"\r\n"):
            self.counts.oversized += 1
            self.last_broken = self._rest[:200]
            self._skipping = True
            self._rest = self._rest[-3:]

    def _decode(self, block: bytes) -> str:
        try:
            return block.decode()
        except UnicodeDecodeError:
            self.counts.replaced += 1
            return block.decode("utf-8", "replace")

    def _parse(self, block: bytes) -> Message | None:
        text = self._decode(block)
        headers, repeated, bad = cut(text)
        if "Event" in headers or "Response" in headers:
            if bad:
                self._report(text)
            return Message(headers, repeated)
        if text.strip("\r\n"):
            self._report(text)
        return None

    def _report(self, text: str) -> None:
        self.counts.broken += 1
        self.last_broken = text.encode()[:200]


def cut(text: str) -> tuple[dict[str, str], dict[str, list[str]], bool]:
    """Cut a message into its headers: the first value of each, all values of the repeated ones, and whether some line
    was no header. Such a line costs only itself.
    """
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    bad = False
    for line in text.split("\r\n"):
        key, sep, value = line.partition(": ")
        if not sep:
            key, sep, value = line.partition(":")
        if not sep or not key or key[0].isspace():
            bad = bad or bool(line)
            continue
        if key in headers:
            repeated.setdefault(key, [headers[key]]).append(value)
        else:
            headers[key] = value
    return headers, repeated, bad
