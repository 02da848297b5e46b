"""Files of backups on the disk: each content once, under its SHA-256, however many backups have it.

Everything here blocks on the disk: it is for a thread. Writing goes to a temporary name first and is on the disk before
the final name is, so what has its final name is whole, and what was cut off is simply copied again.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotline.backup.manifest import ID, NAME, Manifest, Unreadable, read

POOL = "files"
_PIECE = 1024 * 1024
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class Failure(Exception):
    """Why a backup or a restore came to nothing. ``code`` is the exit status of the command (docs/backup.md)."""

    FAILED, DAMAGED, REFUSED, NO_ROOM = 1, 3, 4, 5

    def __init__(self, message: str, code: int = FAILED, lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.lines = lines


class Differs(Exception):
    """A file is missing or has other bytes than expected: ``args[0]`` says which of the two."""


@contextmanager
def room_or_failure(folder: Path) -> Iterator[None]:
    """Tell a full disk in words.

    :raises Failure: ``NO_ROOM``; what is whole stays and is not copied again next time.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise Failure(f"no room left on the disk of {folder}", Failure.NO_ROOM) from error
        raise


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only one who works in ``folder``, which is made when it does not exist.

    :raises Failure: another backup or restore is at work there.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Failure(f"another backup or restore works in {folder}", Failure.REFUSED) from error
        yield


def pooled(folder: Path, sha256: str) -> Path:
    """Return where a content is kept in the folder of backups."""
    return folder / POOL / sha256[:2] / sha256


def copy(source: Path, target: Path, sha256: str | None) -> tuple[int, str]:
    """Copy a file whole or not at all; return its size and SHA-256.

    :param sha256: what it must be; ``None``: whatever it is.
    :raises Differs: it is missing or is something else; nothing is left behind.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f"{target.name}.part")
    digest, size = hashlib.sha256(), 0
    try:
        with source.open("rb") as given, draft.open("wb") as taken:
            while piece := given.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                taken.write(piece)
            taken.flush()
            os.fsync(taken.fileno())
            times = os.fstat(given.fileno())
        found = digest.hexdigest()
        if sha256 is not None and found != sha256:
            raise Differs("changed")
        os.utime(draft, ns=(times.st_atime_ns, times.st_mtime_ns))
        draft.chmod(0o600)
        draft.replace(target)
    except FileNotFoundError as error:
        raise Differs("missing") from error
    finally:
        draft.unlink(missing_ok=True)
    return size, found


def put(path: Path, data: bytes) -> None:
    """Write a small file, on the disk when this returns."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def measure(path: Path) -> tuple[int, str] | None:
    """Return size and SHA-256 of a file; ``None``: there is none."""
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def has_size(path: Path, size: int) -> bool:
    """Tell whether a file is there in its whole length."""
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def backups(folder: Path) -> list[str]:
    """Return the ids of the finished backups, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(one.name for one in folder.iterdir() if ID.fullmatch(one.name) and (one / NAME).is_file())


def manifest_of(folder: Path, backup_id: str) -> Manifest:
    """Read the manifest of a backup.

    :raises Failure: there is no such backup (``REFUSED``), or its manifest is damaged.
    """
    if not ID.fullmatch(backup_id):
        raise Failure(f"{backup_id!r} is not the name of a backup", Failure.REFUSED)
    try:
        return read((folder / backup_id / NAME).read_bytes())
    except FileNotFoundError as error:
        raise Failure(f"there is no backup {backup_id} in {folder}", Failure.REFUSED) from error
    except Unreadable as error:
        raise Failure(f"backup {backup_id}: {error}", Failure.DAMAGED) from error


def forget_unfinished(folder: Path) -> None:
    """Delete what an interrupted backup has left: its dump is of no use; contents in the pool stay, they are whole."""
    for one in folder.glob("*.part"):
        shutil.rmtree(one, ignore_errors=True)


def thin_out(folder: Path, keep: int) -> list[str]:
    """Delete all but the newest ``keep`` backups, and the contents that none of those has; return who went.

    :raises Failure: the manifest of one that stays is damaged: then nothing is deleted.
    """
    known = backups(folder)
    going, staying = known[:-keep], known[-keep:]
    if not going:
        return []
    needed = {one.sha256 for backup_id in staying for one in manifest_of(folder, backup_id).contents}
    for backup_id in going:
        # Renamed first: an interrupted deletion must not leave half a backup that looks whole.
        doomed = (folder / backup_id).rename(folder / f"{backup_id}.part")
        shutil.rmtree(doomed)
    for one in (folder / POOL).glob("[0-9a-f][0-9a-f]/*"):
        if one.name not in needed:
            one.unlink(missing_ok=True)
    return going
