"""SIP messages as text: a bounded parser, a writer, and the rules for what a browser may send.

Pure: no sockets, no clock. A WebSocket message carries exactly one SIP message (RFC 7118 section 5). The parser is
stricter than RFC 3261 asks for on purpose: whatever Asterisk's own parser could read in another way than we do
(bare line feeds, repeated single headers, bytes after the body) is refused, so that nobody slips a foreign identity
past :func:`check_from_browser`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

MAX_BYTES = 65_535
"""Largest message, UTF-8 bytes: also the largest WebSocket payload that Asterisk takes (telephony.md 4)."""
MAX_HEADERS = 100
MAX_LINE = 8_192
"""Longest header line, characters."""

BROWSER_METHODS = frozenset({"REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "INFO", "OPTIONS", "PRACK"})
"""What a softphone needs. Transfers are driven by the server, so REFER, SUBSCRIBE and MESSAGE are refused."""

# RFC 3261 section 7.3.3: compact forms.
_COMPACT = {
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "s": "subject",
    "t": "to",
    "v": "via",
}
_SINGLE = ("from", "to", "call-id", "cseq", "content-length")
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_REQUEST = re.compile(r"([A-Z]{2,20}) (\S{1,1024}) SIP/2\.0")
_RESPONSE = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: (.*))?")
_CSEQ = re.compile(r"(\d{1,10})[ \t]+([A-Z]{2,20})")
_DISPLAY = re.compile(r'\s*"(?:[^"\\]|\\.)*"\s*')
_URI = re.compile(r"sips?:(?:([^@>;?\s]+)@)?([^@>\s]+)", re.IGNORECASE)
_ADDRESS_MARKS = frozenset(':@;,"')
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Fault(StrEnum):
    """Why a message was refused: stable words for close reasons, logs and metric labels."""

    TOO_LONG = "too-long"
    NOT_SIP = "not-sip"
    TOO_MANY_HEADERS = "too-many-headers"
    LINE_TOO_LONG = "line-too-long"
    BAD_HEADER = "bad-header"
    MISSING_HEADER = "missing-header"
    REPEATED_HEADER = "repeated-header"
    BAD_LENGTH = "bad-length"
    FOREIGN_IDENTITY = "foreign-identity"
    METHOD_NOT_ALLOWED = "method-not-allowed"


class SipError(ValueError):
    """The text is not a SIP message that we accept. ``fault`` says why, the message says where."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.detail = detail


@dataclass(frozen=True, slots=True)
class SipMessage:
    """One request or response.

    ``headers`` keeps order and repetitions; names are lower-case and never in compact form. ``method`` of a response
    is the method of its CSeq.
    """

    method: str
    uri: str
    status: int | None
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def is_request(self) -> bool:
        """Whether this is a request."""
        return self.status is None

    def get(self, name: str) -> str | None:
        """Return the first value of header ``name`` (lower-case), or ``None``."""
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of header ``name`` (lower-case), in order."""
        return tuple(value for key, value in self.headers if key == name)

    def need(self, name: str) -> str:
        """Return the value of header ``name``.

        :raises SipError: the header is missing.
        """
        value = self.get(name)
        if value is None:
            raise SipError(Fault.MISSING_HEADER, name)
        return value

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.need("call-id")

    @property
    def cseq(self) -> int:
        """The sequence number of the CSeq."""
        return int(self.need("cseq").split()[0])

    @property
    def branch(self) -> str:
        """The topmost Via's branch: names the transaction (RFC 3261 section 17.1.3)."""
        return parameter(self.need("via"), "branch") or ""

    @property
    def from_user(self) -> str | None:
        """User part of the From address, unescaped."""
        return user_of(self.need("from"))

    @property
    def to_user(self) -> str | None:
        """User part of the To address, unescaped."""
        return user_of(self.need("to"))

    def text(self) -> str:
        """Return the wire form, with a Content-Length that fits the body."""
        start = f"{self.method} {self.uri} SIP/2.0" if self.is_request else f"SIP/2.0 {self.status} {self.reason}"
        lines = [start, *(f"{_wire_name(name)}: {value}" for name, value in self.headers if name != "content-length")]
        return "\r\n".join([*lines, f"Content-Length: {len(self.body.encode())}", "", self.body])


def is_keep_alive(text: str) -> bool:
    """Whether the text is an RFC 5626 keep-alive (CRLF) and not a SIP message."""
    return text in {"\r\n", "\r\n\r\n"}


def parse(text: str) -> SipMessage:
    """Parse one SIP message.

    :raises SipError: it is malformed, too large, or ambiguous.
    """
    # Counting bytes costs a copy, so the cheap bound goes first: a character is at least one byte.
    if len(text) > MAX_BYTES or len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise SipError(Fault.TOO_LONG, f"more than {MAX_BYTES} bytes")
    head, separator, body = text.partition("\r\n\r\n")
    if not separator:
        raise SipError(Fault.NOT_SIP, "no empty line after the headers")
    start, *lines = head.split("\r\n")
    headers = _parse_headers(lines)
    values = dict(headers)
    for name in ("via", "from", "to", "call-id", "cseq"):
        if not values.get(name):
            raise SipError(Fault.MISSING_HEADER, name)
    cseq = _CSEQ.fullmatch(values["cseq"])
    if cseq is None or int(cseq[1]) >= 2**31:  # RFC 3261 section 8.1.1.5
        raise SipError(Fault.BAD_HEADER, "cseq")
    _check_length(values.get("content-length"), body)
    method, uri, status, reason = _parse_start(start, cseq[2])
    return SipMessage(method, uri, status, reason, headers, body)


def check_from_browser(message: SipMessage, extension: str) -> None:
    """Refuse what a browser logged in as ``extension`` must not send (telephony.md 4).

    Our softphones put the extension into their Contact as well, so it is the From user of every request they make,
    also inside dialogs that Asterisk began.

    :raises SipError: the method is not for browsers, or the sender pretends to be somebody else.
    """
    if not message.is_request:
        return
    if message.method not in BROWSER_METHODS:
        raise SipError(Fault.METHOD_NOT_ALLOWED, message.method)
    if message.from_user != extension:
        raise SipError(Fault.FOREIGN_IDENTITY, f"From must be {extension}")
    if message.method == "REGISTER" and message.to_user != extension:
        raise SipError(Fault.FOREIGN_IDENTITY, f"To of REGISTER must be {extension}")


def respond(
    request: SipMessage,
    status: int,
    reason: str,
    *,
    to_tag: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    body: str = "",
) -> SipMessage:
    """Make a response to ``request`` (RFC 3261 section 8.2.6). ``to_tag`` is added when the request has none."""
    kept: list[tuple[str, str]] = [("via", via) for via in request.all("via")]
    kept += [("record-route", route) for route in request.all("record-route")]
    to = request.need("to")
    if to_tag and parameter(to, "tag") is None:
        to = f"{to};tag={to_tag}"
    kept += [("from", request.need("from")), ("to", to)]
    kept += [("call-id", request.call_id), ("cseq", request.need("cseq"))]
    return SipMessage(request.method, "", status, reason, (*kept, *headers), body)


def address_uri(value: str) -> str | None:
    """Return the URI of a From, To or Contact value, with or without display name; ``None`` when there is none."""
    display = _DISPLAY.match(value)
    rest = value[display.end() :] if display else value
    if "<" in rest:
        words, _, rest = rest.partition("<")
        uri, closed, _ = rest.partition(">")
        # An unquoted display name is words only; anything like an address there could be read as the address.
        return uri if closed and not _ADDRESS_MARKS.intersection(words) else None
    if display:
        return None
    return rest.split(";", 1)[0].strip() or None


def user_of(value: str) -> str | None:
    """Return the unescaped user part of an address such as ``"Оператор" <sip:101@host>;tag=x``.

    ``None`` when there is no user or the address cannot be read in exactly one way.
    """
    uri = address_uri(value)
    match = _URI.match(uri) if uri else None
    if match is None or not match[1]:
        return None
    return unquote(match[1].split(":", 1)[0])


def parameter(value: str, name: str) -> str | None:
    """Return a header parameter (``;name=value``) that stands after the address; ``None`` when absent."""
    display = _DISPLAY.match(value)
    rest = value[display.end() :] if display else value
    if "<" in rest:
        _, _, rest = rest.partition(">")
    for part in rest.split(";")[1:]:
        key, _, content = part.partition("=")
        if key.strip().lower() == name:
            return content.strip()
    return None


def _parse_start(start: str, cseq_method: str) -> tuple[str, str, int | None, str]:
    if len(start) > MAX_LINE:
        raise SipError(Fault.LINE_TOO_LONG, "start line")
    if _FORBIDDEN.search(start):
        raise SipError(Fault.NOT_SIP, "control character in the start line")
    request = _REQUEST.fullmatch(start)
    if request is not None:
        if request[1] != cseq_method:
            raise SipError(Fault.BAD_HEADER, "the CSeq names another method")
        return request[1], request[2], None, ""
    response = _RESPONSE.fullmatch(start)
    if response is None:
        raise SipError(Fault.NOT_SIP, "neither a request line nor a status line")
    return cseq_method, "", int(response[1]), response[2] or ""


def _parse_headers(lines: list[str]) -> tuple[tuple[str, str], ...]:
    headers: list[tuple[str, str]] = []
    for line in lines:
        if len(line) > MAX_LINE:
            raise SipError(Fault.LINE_TOO_LONG, line[:40])
        if _FORBIDDEN.search(line):
            raise SipError(Fault.BAD_HEADER, "control character or bare line end")
        if line[:1] in {" ", "\t"}:  # a folded line, RFC 3261 section 7.3.1
            if not headers:
                raise SipError(Fault.BAD_HEADER, "folded line without a header")
            name, value = headers[-1]
            if len(value) + len(line) > MAX_LINE:
                raise SipError(Fault.LINE_TOO_LONG, name)
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        if len(headers) >= MAX_HEADERS:
            raise SipError(Fault.TOO_MANY_HEADERS, f"more than {MAX_HEADERS}")
        raw, colon, value = line.partition(":")
        name = raw.rstrip(" \t").lower()
        if not colon or _TOKEN.fullmatch(name) is None:
            raise SipError(Fault.BAD_HEADER, line[:40])
        headers.append((_COMPACT.get(name, name), value.strip()))
    names = [name for name, _ in headers]
    for name in _SINGLE:
        if names.count(name) > 1:
            raise SipError(Fault.REPEATED_HEADER, name)
    return tuple(headers)


def _check_length(declared: str | None, body: str) -> None:
    if declared is None:
        return  # one WebSocket message is one SIP message, so the body ends where the message does
    if not declared.isascii() or not declared.isdigit() or len(declared) > 6:
        raise SipError(Fault.BAD_LENGTH, "Content-Length is not a number")
    actual = len(body.encode(errors="surrogatepass"))
    if int(declared) != actual:
        raise SipError(Fault.BAD_LENGTH, f"Content-Length {declared}, body {actual} bytes")


_SPELLING = {"call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate"}


def _wire_name(name: str) -> str:
    return _SPELLING.get(name) or "-".join(part.capitalize() for part in name.split("-"))
