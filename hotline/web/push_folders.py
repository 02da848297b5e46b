"""Counts of folders for everybody who may see what others changed (S000-72): at an even pace, differences only."""

from __future__ import annotations

import msgspec

from hotline.journal.model import AppealChanged
from hotline.web.pace import Pace
from hotline.web.push import PushHub
from hotline.web.services import Services

FOLDERS_EVERY_S = 3.0
"""Whose hands an appeal goes through is told at once; the others read their counts anew at most this often."""
_KEY = "folders"


class FolderCounts:
    """Tells each connected browser which of its folders have another count than it was told last.

    A subscription of its own: three hundred counts of 0.1 ms must not keep a colleague's notice waiting.
    """

    def __init__(self, services: Services, hub: PushHub) -> None:
        self._services = services
        self._hub = hub
        self._told: dict[int, dict[str, str]] = {}
        self._pace = Pace(self._tell, FOLDERS_EVERY_S)

    async def on_appeal(self, _fact: AppealChanged) -> None:
        """Something changed; who may see it decides the count of each reader."""
        await self._pace.touch(_KEY)

    async def close(self) -> None:
        """Stop."""
        await self._pace.close()

    async def _tell(self, _key: str) -> None:
        told, self._told = self._told, {}
        for user_id in self._hub.users():
            user = await self._services.staff.user(user_id)
            if user is None:
                continue
            counts = {one.folder: one.shown for one in await self._services.lists.folders(user)}
            self._told[user_id] = counts
            before = told.get(user_id, {})
            changed = {folder: shown for folder, shown in counts.items() if before.get(folder) != shown}
            if changed:
                data = {"type": "folders", "data": {"folder_counts": changed}}
                await self._hub.to_user(user_id, msgspec.json.encode(data))
