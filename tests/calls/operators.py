"""Operators without browsers: endpoints pushed over ARI as at a real login, whose telephone is a SIPp that answers.

Good for the dialplan's own tests; the softphone's path is tested with real browsers and the headless phone.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from hotline.stand.asterisk import TELEPHONE_NETWORK, free_port
from hotline.stand.service import Stand
from hotline.stand.sipp import SippRun, citizen_answers


@dataclass(frozen=True)
class Operator:
    """An internal number that answers by itself and hums a tone."""

    extension: str
    phone: SippRun

    @property
    def interface(self) -> str:
        return f"PJSIP/{self.extension}"


@asynccontextmanager
async def operator(
    stand: Stand, extension: str, *, sound: float, hold_s: float = 30, busy: bool = False
) -> AsyncIterator[Operator]:
    """Give ``extension`` a telephone that answers after a moment and hangs up after ``hold_s`` seconds."""
    port = free_port(TELEPHONE_NETWORK, socket.SOCK_DGRAM)
    aor = {"contact": f"sip:{extension}@{TELEPHONE_NETWORK}:{port}"}
    endpoint = {
        "transport": "transport-trunk",
        "aors": extension,
        "context": "internal",
        "disallow": "all",
        "allow": "alaw",
        "direct_media": "no",
    }
    async with (
        _pushed(stand, "aor", extension, aor),
        _pushed(stand, "endpoint", extension, endpoint),
        citizen_answers(stand, ring_s=0.2, hold_s=hold_s, sound=sound, busy=busy, port=port, calls=10) as phone,
    ):
        yield Operator(extension, phone)


@asynccontextmanager
async def _pushed(stand: Stand, kind: str, name: str, fields: dict[str, str]) -> AsyncIterator[None]:
    settings = stand.asterisk.settings
    auth = aiohttp.encode_basic_auth(settings.ari_user, settings.ari_password.get_secret_value())
    url = f"{settings.http_url}/ari/asterisk/config/dynamic/res_pjsip/{kind}/{name}"
    body = {"fields": [{"attribute": key, "value": value} for key, value in fields.items()]}
    async with aiohttp.ClientSession(headers={"Authorization": auth}) as http:
        async with http.put(url, json=body) as answer:
            assert answer.status == 200, await answer.text()
        try:
            yield
        finally:
            async with http.delete(url) as answer:  # a second PUT would add to its contacts, not replace them
                assert answer.status == 204, await answer.text()
