"""A process that carries messages until it is killed: ``python -m tests.integration.webhooks.process URL``."""

from __future__ import annotations

import asyncio
import sys
from ipaddress import ip_network

from pydantic import SecretStr

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.events import Bus
from hotline.journal.outbox import Outbox
from hotline.webhook import WebhookParts

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
"""As ``hotline user new-key`` prints one."""
SETTINGS = Settings(secret_keys=[SecretStr(KEY)], webhook_http=True, webhook_networks=[ip_network("127.0.0.0/8")])


async def main(url: str) -> None:
    """Carry."""
    database, bus = Database.connect(url), Bus()
    parts = WebhookParts(SETTINGS, database, bus, SystemClock(), Outbox(database, bus), tick_s=0.1)
    parts.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
