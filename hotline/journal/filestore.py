"""Contents of files on the disk, each once, under the SHA-256 of what is in it.

Nothing that a browser says becomes part of a path. Writing goes to a temporary file beside it first, so a file that has
its final name is whole.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from hotline.errors import BadInput, NotFound
from hotline.journal.attachment_rules import HEAD, ZIP, FileType, office_type, size_problem, sniff

KEEP_UNUSED = timedelta(days=1)
"""A content that nothing refers to is kept this long: somebody may be saving a card with it at this moment."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_ENTRIES = 5_000


@dataclass(frozen=True, slots=True)
class Stored:
    """A content that is on the disk."""

    sha256: str
    size: int
    type: FileType


class FileStore:
    """Keeps contents in ``folder``, which is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Return where a content is, or would be.

        :raises NotFound: that is no SHA-256.
        """
        if not _SHA256.fullmatch(sha256):
            raise NotFound("there is no such file", error_id="no-such-file")
        return self._folder / sha256[:2] / sha256

    async def put(self, chunks: AsyncIterator[bytes], limit: int) -> Stored:
        """Store a content.

        :param limit: largest size in bytes; nothing is read behind it.
        :raises BadInput: ``empty-file``, ``file-too-large`` or ``file-type``; nothing is left behind.
        """
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True, mode=0o700)
        handle, name = await asyncio.to_thread(tempfile.mkstemp, prefix="upload-", dir=self._folder)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                digest, size, head = await _write(file, chunks, limit)
                await asyncio.to_thread(_to_disk, file)
            if problem := size_problem(size, limit):
                raise BadInput("no file of this size is taken", error_id=problem, details={"limit_bytes": limit})
            found = await asyncio.to_thread(_type_of, temporary, head)
            if found is None:
                raise BadInput("no file of this type is taken", error_id="file-type")
            await asyncio.to_thread(self._keep, temporary, digest)
            return Stored(digest, size, found)
        finally:
            await asyncio.to_thread(temporary.unlink, missing_ok=True)

    def old(self, now: datetime) -> list[str]:
        """Return the contents that were last stored more than a day ago. Blocks: for a thread."""
        before = (now - KEEP_UNUSED).timestamp()
        return [
            one.name
            for one in self._folder.glob("[0-9a-f][0-9a-f]/*")
            if _SHA256.fullmatch(one.name) and one.stat().st_mtime < before
        ]

    def remove(self, names: Collection[str], now: datetime) -> int:
        """Delete contents, and what interrupted uploads have left; return how many contents. Blocks: for a thread."""
        for name in names:
            self.path(name).unlink(missing_ok=True)
        before = (now - KEEP_UNUSED).timestamp()
        for one in self._folder.glob("upload-*"):
            if one.stat().st_mtime < before:
                one.unlink(missing_ok=True)
        return len(names)

    def _keep(self, temporary: Path, digest: str) -> None:
        target = self.path(digest)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        if target.exists():
            os.utime(target)  # young again: the nightly cleaning leaves it alone
        else:
            temporary.chmod(0o600)
            temporary.replace(target)


async def _write(file: BinaryIO, chunks: AsyncIterator[bytes], limit: int) -> tuple[str, int, bytes]:
    digest = hashlib.sha256()
    size, head = 0, b""
    write: Callable[[bytes], int] = file.write
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            break
        if len(head) < HEAD:
            head = (head + chunk)[:HEAD]
        digest.update(chunk)
        await asyncio.to_thread(write, chunk)
    return digest.hexdigest(), size, head


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _type_of(path: Path, head: bytes) -> FileType | None:
    found = sniff(head)
    return _office(path) if found is ZIP else found


def _office(path: Path) -> FileType | None:
    """Look into a ZIP container without unpacking it: only its list of names and one entry of known length."""
    try:
        with zipfile.ZipFile(path) as container:
            entries = container.infolist()
            if len(entries) > _MAX_ENTRIES:
                return None
            names = {one.filename for one in entries}
            mimetype = None
            if "mimetype" in names and container.getinfo("mimetype").file_size <= 100:
                mimetype = container.read("mimetype")
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, UnicodeDecodeError, ValueError):
        return None
    return office_type(names, mimetype)
