"""Tiny scripted SIP telephones over UDP (RFC 3261), so that a test says exactly when somebody answers or hangs up.

They send no sound: what is tested here is signalling as AMI reports it. Sound is the business of tests/calls
(tests/calls/citizen.py gives one ears and a voice).
"""

from __future__ import annotations

import asyncio
import itertools
import re
from dataclasses import dataclass, field
from typing import Self

import aiohttp

from hotline.config import AsteriskSettings

_numbers = itertools.count(1)
SDP = (
    "v=0\r\no=phone 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:\s*(.*)$", text, re.IGNORECASE | re.MULTILINE)
    return found[1].strip() if found else ""


@dataclass
class Dialog:
    """One call of a phone."""

    call_id: str
    local: str  # our From/To with tag
    remote: str
    target: str  # the far end's Contact
    outgoing: bool
    invite: str = ""
    cseq: int = 1
    established: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 0


class Phone(asyncio.DatagramProtocol):
    """One telephone. ``async with Phone("101", asterisk_port) as phone``."""

    def __init__(self, user: str, asterisk_port: int, host: str = "127.0.0.1", port: int = 0) -> None:
        self.user = user
        self.host = host
        self.port = port
        self.media_port = 4000
        """Where our SDP asks for sound; nobody listens there."""
        self.dialogs: list[Dialog] = []
        self._asterisk = ("127.0.0.1", asterisk_port)
        self._transport: asyncio.DatagramTransport | None = None
        self._ring = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, self.port))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for dialog in self.dialogs:
            if not dialog.ended.is_set() and (dialog.established.is_set() or dialog.outgoing):
                self.hang_up(dialog)
        if self._transport is not None:
            self._transport.close()

    @property
    def dialog(self) -> Dialog:
        """The latest call."""
        return self.dialogs[-1]

    async def rings(self) -> Dialog:
        """Wait for the next call to ring."""
        await self._ring.wait()
        self._ring.clear()
        return self.dialog

    async def answer(self) -> Dialog:
        """Take the call that rings, and wait for the ACK."""
        dialog = self.dialog
        self._reply(dialog.invite, 200, "OK", sdp=True, to=dialog.local)
        await dialog.established.wait()
        return dialog

    def refuse(self, status: int = 486) -> None:
        """Decline the call that rings."""
        self._reply(self.dialog.invite, status, "Busy Here", to=self.dialog.local)
        self.dialog.ended.set()

    def call(self, number: str) -> Dialog:
        """Dial."""
        n = next(_numbers)
        local = f"<sip:{self.user}@{self.host}>;tag=t{n}"
        remote = f"<sip:{number}@127.0.0.1>"
        dialog = Dialog(f"call-{n}-{self.port}", local, remote, f"sip:{number}@127.0.0.1", outgoing=True)
        self.dialogs.append(dialog)
        self._request(dialog, "INVITE", sdp=True)
        return dialog

    def hang_up(self, dialog: Dialog | None = None) -> None:
        """End the call: BYE, or CANCEL while it still rings."""
        dialog = dialog or self.dialog
        if dialog.outgoing and not dialog.established.is_set():
            self._request(dialog, "CANCEL")
        else:
            self._request(dialog, "BYE")
            dialog.ended.set()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Handle one SIP message."""
        text = data.decode()
        if text.startswith("SIP/2.0"):
            self._response(text)
        elif text.strip():
            self._incoming(text)

    def _incoming(self, text: str) -> None:
        method = text.split(" ", 1)[0]
        call_id = _header(text, "Call-ID")
        dialog = next((d for d in self.dialogs if d.call_id == call_id), None)
        if method == "INVITE" and dialog is None:
            local = f"{_header(text, 'To')};tag=u{next(_numbers)}"
            target = _header(text, "Contact").partition("<")[2].partition(">")[0]
            dialog = Dialog(call_id, local, _header(text, "From"), target, outgoing=False, invite=text)
            self.dialogs.append(dialog)
            self._reply(text, 180, "Ringing", to=local)
            self._ring.set()
        elif method == "INVITE" and dialog is not None:
            if dialog.established.is_set():
                self._reply(text, 200, "OK", sdp=True, to=_header(text, "To"))
        elif method == "ACK":
            if dialog is not None:
                dialog.established.set()
        elif method == "CANCEL" and dialog is not None:
            self._reply(text, 200, "OK", to=dialog.local)
            self._reply(dialog.invite, 487, "Request Terminated", to=dialog.local)
            dialog.ended.set()
        else:
            self._reply(text, 200, "OK", to=_header(text, "To"))
            if method == "BYE" and dialog is not None:
                dialog.ended.set()

    def _response(self, text: str) -> None:
        status = int(text.split(" ", 2)[1])
        dialog = next((d for d in self.dialogs if d.call_id == _header(text, "Call-ID")), None)
        if dialog is None or not _header(text, "CSeq").endswith("INVITE") or status < 200:
            return
        dialog.status = status
        dialog.remote = _header(text, "To")
        if status == 200:
            self._connected(text)
            dialog.target = _header(text, "Contact").partition("<")[2].partition(">")[0]
            self._request(dialog, "ACK")
            dialog.established.set()
        else:
            self._request(dialog, "ACK", branch=_header(text, "Via"))
            dialog.ended.set()

    def _connected(self, answer: str) -> None:
        """For a telephone with sound: our call was answered."""

    def _request(self, dialog: Dialog, method: str, *, sdp: bool = False, branch: str = "") -> None:
        body = SDP.format(host=self.host, port=self.media_port) if sdp else ""
        if method not in {"ACK", "CANCEL", "INVITE"}:
            dialog.cseq += 1
        if method == "INVITE":
            dialog.invite = f"z9hG4bK{next(_numbers)}"
        mark = dialog.invite if method == "CANCEL" or branch else f"z9hG4bK{next(_numbers)}"
        if method == "INVITE":
            mark = dialog.invite
        kind = "Content-Type: application/sdp\r\n" if sdp else ""
        self._send(
            f"{method} {dialog.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch={mark};rport\r\n"
            f"From: {dialog.local}\r\nTo: {dialog.remote}\r\nCall-ID: {dialog.call_id}\r\n"
            f"CSeq: {dialog.cseq} {method}\r\nContact: <sip:{self.user}@{self.host}:{self.port}>\r\n"
            f"Max-Forwards: 70\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _reply(self, request: str, status: int, reason: str, *, to: str, sdp: bool = False) -> None:
        body = SDP.format(host=self.host, port=self.media_port) if sdp else ""
        vias = "".join(f"Via: {via.strip()}\r\n" for via in re.findall(r"^Via:(.*)$", request, re.MULTILINE))
        kind = "Content-Type: application/sdp\r\n" if sdp else ""
        self._send(
            f"SIP/2.0 {status} {reason}\r\n{vias}From: {_header(request, 'From')}\r\nTo: {to}\r\n"
            f"Call-ID: {_header(request, 'Call-ID')}\r\nCSeq: {_header(request, 'CSeq')}\r\n"
            f"Contact: <sip:{self.user}@{self.host}:{self.port}>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _send(self, text: str) -> None:
        if self._transport is not None:
            self._transport.sendto(text.encode(), self._asterisk)


async def push_endpoint(asterisk: AsteriskSettings, phone: Phone) -> None:
    """Make an operator's phone known to Asterisk over ARI: no registration, a fixed contact instead."""
    base = f"{asterisk.http_url}/ari/asterisk/config/dynamic/res_pjsip"
    auth = aiohttp.encode_basic_auth(asterisk.ari_user, asterisk.ari_password.get_secret_value())
    aor = {"contact": f"sip:{phone.user}@{phone.host}:{phone.port}", "qualify_frequency": "0"}
    endpoint = {
        "context": "internal",
        "transport": "transport-trunk",
        "aors": phone.user,
        "disallow": "all",
        "allow": "alaw",
        "direct_media": "no",
        "device_state_busy_at": "1",
    }
    async with aiohttp.ClientSession(headers={"Authorization": auth}) as session:
        for kind, fields in (("aor", aor), ("endpoint", endpoint)):
            body = {"fields": [{"attribute": name, "value": value} for name, value in fields.items()]}
            async with session.put(f"{base}/{kind}/{phone.user}", json=body) as response:
                text = await response.text()
                assert response.status == 200, text
