"""The stand: a private PostgreSQL and a private Asterisk, for ``make run`` and for tests.

::

    async with Stand() as stand:
        stand.asterisk.settings      # AsteriskSettings for the service
        stand.database_url           # an empty database, to be migrated
        stand.asterisk.trunk         # where simulated citizens call

docs/telephony.md says how tests use it.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hotline.config import AsteriskSettings
from hotline.stand.asterisk import AsteriskServer, Trunk
from hotline.stand.asterisk_root import AsteriskRoot, provide_asterisk
from hotline.stand.postgres import PrivateCluster


class Stand:
    """Real parts on free ports.

    :param folder: keeps data between runs; ``None``: a temporary folder, deleted at the end.
    :param database: whether PostgreSQL is wanted, too.
    :param asterisk: overrides for :class:`~hotline.stand.rendering.AsteriskRenderSettings`, such as
        ``{"business_hours": ["00:00-00:01,mon,1,jan"]}``.
    """

    asterisk: AsteriskServer
    postgres: PrivateCluster | None

    def __init__(
        self,
        folder: Path | None = None,
        *,
        database: bool = True,
        asterisk: Mapping[str, Any] | None = None,
    ) -> None:
        self._throw_away = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="hotline-stand-")) if folder is None else folder.resolve()
        self._wants_database = database
        self._overrides = asterisk
        self.postgres = None
        self._database_url = ""

    @property
    def database_url(self) -> str:
        """URL of the stand's database (made by PostgreSQL when the stand started; not migrated here)."""
        return self._database_url

    @property
    def asterisk_settings(self) -> AsteriskSettings:
        """Settings of the stand's Asterisk for the service."""
        return self.asterisk.settings

    @property
    def root(self) -> AsteriskRoot:
        """The installation that Asterisk and SIPp come from."""
        return self.asterisk.root

    @property
    def trunk(self) -> Trunk:
        """The two ends of the simulated telephone line."""
        return self.asterisk.trunk

    async def __aenter__(self) -> Stand:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start both servers side by side and wait until they are ready.

        :raises Unavailable: one of them could not be had or did not start.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        parts = [self._start_asterisk(), *([self._start_postgres()] if self._wants_database else [])]
        for outcome in await asyncio.gather(*parts, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def stop(self) -> None:
        """Stop whatever runs; delete the folder when it was ours."""
        if hasattr(self, "asterisk"):
            await self.asterisk.close()
        if self.postgres is not None:
            await self.postgres.stop()
        if self._throw_away:
            await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    async def _start_asterisk(self) -> None:
        root = await provide_asterisk()
        self.asterisk = AsteriskServer(root, self.folder / "asterisk", self._overrides)
        await self.asterisk.start()

    async def _start_postgres(self) -> None:
        self.postgres = PrivateCluster(None if self._throw_away else self.folder / "postgres")
        await self.postgres.start()
        self._database_url = await self.postgres.create_database("hotline")
