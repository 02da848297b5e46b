"""Addresses of the built front-end files, with a content hash so that browsers may keep them for ever."""

from __future__ import annotations

import json
import logging
from pathlib import Path

log = logging.getLogger(__name__)

BUILD_DIR = Path(__file__).parent / "static" / "build"
PREFIX = "/static/build"


class Assets:
    """Looks names up in the build's ``manifest.json`` and notices a new build without a restart."""

    def __init__(self, directory: Path = BUILD_DIR) -> None:
        self._manifest = directory / "manifest.json"
        self._read_at = 0
        self._hashes: dict[str, str] = {}

    def url(self, name: str) -> str:
        """Return the address of ``name``; without a hash when the front-end was not built."""
        try:
            changed_at = self._manifest.stat().st_mtime_ns
        except FileNotFoundError:
            return f"{PREFIX}/{name}"
        if changed_at != self._read_at:
            self._hashes = json.loads(self._manifest.read_text(encoding="utf-8"))
            self._read_at = changed_at
        digest = self._hashes.get(name)
        return f"{PREFIX}/{name}?v={digest}" if digest else f"{PREFIX}/{name}"
