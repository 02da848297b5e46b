"""What a backup says about itself. Pure: text in, data out.

The manifest names every byte that belongs to a backup by its SHA-256 (FIPS 180-4), itself included: ``digest`` is that
of everything else in it, so that a flipped bit in the list is told apart from one in what it lists.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

FORMAT = 1
NAME = "manifest.json"
ID = re.compile(r"\d{8}T\d{6}Z")
"""The moment of the snapshot in UTC, such as ``20261122T213000Z``: also the name of the backup's folder."""
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
"""What a file may be called: nothing in a manifest leads out of a folder."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Kind(StrEnum):
    """What a file is."""

    RECORDING = "recording"  # what the seal of a call names
    SIDE = "side"  # one voice of a recording that is not encoded yet, or a message: nothing seals it
    ATTACHMENT = "attachment"  # a file of a card


@dataclass(frozen=True, slots=True)
class Content:
    """A file of the backup. ``place`` is the name of its Asterisk; "" for files of cards. ``size`` in bytes."""

    kind: Kind
    place: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DumpFile:
    """A file of pg_dump's folder."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup: when, of what, by which versions, and everything that is in it."""

    id: str
    made_at: datetime
    program: str
    schema: str
    """Id of the newest migration in the snapshot."""
    postgres: str
    tables: Mapping[str, int]
    """Rows of each table in the snapshot, by ``schema.table``."""
    seals: int
    head: str
    """Hash of the last seal of the recordings' chain in the snapshot."""
    dump: tuple[DumpFile, ...]
    contents: tuple[Content, ...]
    faults: tuple[str, ...] = ()
    """What was wrong already when the backup was made: a restored system will lack the same."""

    @property
    def size(self) -> int:
        """Bytes of all that is in it, whether or not other backups share it."""
        return sum(one.size for one in self.dump) + sum(one.size for one in self.contents)


class Unreadable(Exception):
    """The manifest is not what was written."""


def write(manifest: Manifest) -> bytes:
    """Return the manifest's file."""
    body = asdict(manifest) | {"format": FORMAT, "made_at": manifest.made_at.isoformat()}
    text = json.dumps(body | {"digest": _digest(body)}, ensure_ascii=True, indent=1, sort_keys=True)
    return text.encode() + b"\n"


def read(data: bytes) -> Manifest:
    """Read a manifest's file.

    :raises Unreadable: it was cut, changed, or written by a later version of the program.
    """
    try:
        body = json.loads(data)
        given = body.pop("digest")
        if body["format"] != FORMAT:
            raise Unreadable(f"format {body['format']} of the manifest is not known to this version")
        if given != _digest(body):
            raise Unreadable("the manifest was changed after it was written")
        manifest = Manifest(
            id=_checked(ID, body["id"]),
            made_at=datetime.fromisoformat(body["made_at"]),
            program=str(body["program"]),
            schema=str(body["schema"]),
            postgres=str(body["postgres"]),
            tables={str(name): int(rows) for name, rows in body["tables"].items()},
            seals=int(body["seals"]),
            head=str(body["head"]),
            dump=tuple(DumpFile(_name(one["name"]), int(one["size"]), _sha(one["sha256"])) for one in body["dump"]),
            contents=tuple(_content(one) for one in body["contents"]),
            faults=tuple(str(one) for one in body["faults"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable("the manifest is cut or is none at all") from error
    return manifest


def _digest(body: Mapping[str, object]) -> str:
    canonical = json.dumps(body, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _content(one: Mapping[str, object]) -> Content:
    size = one["size"]
    if not isinstance(size, int):
        raise TypeError("size")
    place = str(one["place"])
    return Content(Kind(str(one["kind"])), _name(place) if place else "", _name(one["name"]), size, _sha(one["sha256"]))


def _name(value: object) -> str:
    return _checked(_FILE, value)


def _sha(value: object) -> str:
    return _checked(_SHA256, value)


def _checked(pattern: re.Pattern[str], value: object) -> str:
    text = str(value)
    if not pattern.fullmatch(text):
        raise ValueError(f"{text!r} cannot stand here")
    return text
