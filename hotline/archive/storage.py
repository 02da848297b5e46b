"""Is there room for recordings? A full disk never stops a call: the dialplan goes on. But somebody must be told."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

LOW_BYTES = 2 * 1024**3
"""Alarm below two gigabytes: about 10 hours of calls, both sides and the mix (57.6 MB an hour and file)."""


@dataclass(frozen=True, slots=True)
class Storage:
    """The state of one folder of recordings. ``problem`` is "" when all is well."""

    folder: Path
    free_bytes: int
    problem: str
    writable: bool = False

    @property
    def ok(self) -> bool:
        """Tell whether nobody need do anything."""
        return not self.problem


def look(folder: Path, low_bytes: int = LOW_BYTES) -> Storage:
    """Look at a folder of recordings. Blocks on the disk: run it in a thread."""
    if not folder.is_dir():
        return Storage(folder, 0, "there is no such folder")
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Storage(folder, 0, error.strerror or str(error))
    try:
        # A real byte: a full disk and a used-up quota both let an empty file be made.
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Storage(folder, free, error.strerror or str(error))
    if free < low_bytes:
        return Storage(folder, free, f"only {free // 1024**2} MB are left", writable=True)
    return Storage(folder, free, "", writable=True)
