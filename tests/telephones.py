"""Operators' telephones that cost next to nothing: one SIPp answers for all of them, with a tone and without a page."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp

from hotline.stand.asterisk import TELEPHONE_NETWORK, free_port
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_answers

OPERATOR_HZ = 700.0


@asynccontextmanager
async def telephones(
    stand: Stand, extensions: Sequence[str], *, hold_s: float, calls: int | None = None
) -> AsyncIterator[int]:
    """Give every extension a telephone; yield the port of all of them, which :func:`announce` wants again.

    :param hold_s: after how many seconds they hang up by themselves.
    :param calls: how many calls they take in all; by default one each.
    """
    port = free_port(TELEPHONE_NETWORK, socket.SOCK_DGRAM)
    total = calls or len(extensions)
    async with citizen_answers(stand, ring_s=0.2, hold_s=hold_s, sound=OPERATOR_HZ, port=port, calls=total):
        await announce(stand, extensions, port)
        yield port


async def announce(stand: Stand, extensions: Sequence[str], port: int) -> None:
    """Make Asterisk know the telephones; it forgets them when it is restarted."""
    settings = stand.asterisk.settings
    auth = aiohttp.encode_basic_auth(settings.ari_user, settings.ari_password.get_secret_value())
    base = f"{settings.http_url}/ari/asterisk/config/dynamic/res_pjsip"
    async with aiohttp.ClientSession(headers={"Authorization": auth}) as http:
        for extension in extensions:
            aor = {"contact": f"sip:{extension}@{TELEPHONE_NETWORK}:{port}"}
            endpoint = {
                "transport": "transport-trunk",
                "aors": extension,
                "context": "internal",
                "disallow": "all",
                "allow": "alaw",
                "direct_media": "no",
                "device_state_busy_at": "1",
            }
            for kind, values in (("aor", aor), ("endpoint", endpoint)):
                body = {"fields": [{"attribute": name, "value": value} for name, value in values.items()]}
                async with http.put(f"{base}/{kind}/{extension}", json=body) as answer:
                    answer.raise_for_status()
