"""What a snapshot of the database needs from the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from hotline.archive import chain
from hotline.archive.chain import Event, Seal
from hotline.backup.manifest import Content, Kind
from hotline.config import Settings
from hotline.cti import recordings


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that the database names. ``source`` is where it is now."""

    kind: Kind
    place: str
    source: Path
    size: int
    sha256: str

    def content(self) -> Content:
        """Return its entry of the manifest."""
        return Content(self.kind, self.place, self.source.name, self.size, self.sha256)


@dataclass(frozen=True, slots=True)
class Plan:
    """Files that must be in a backup of one snapshot, and what is wrong with the chain of recordings in it."""

    wanted: tuple[Wanted, ...]
    beside: tuple[tuple[str, Path], ...]
    """Files that nothing seals, with the name of their Asterisk: voices of recordings that are still WAV files."""
    seals: int
    head: str
    faults: tuple[str, ...]


class Places:
    """Where files are on this machine, and where they go to."""

    def __init__(self, settings: Settings) -> None:
        self._recordings: Mapping[str, Path] = {one.name: one.recording_dir for one in settings.asterisks}
        self._attachments = settings.attachment_dir

    def of(self, kind: Kind, place: str, name: str) -> Path | None:
        """Return the path of a file; ``None``: its Asterisk is not in the settings."""
        if kind is Kind.ATTACHMENT:
            return self._attachments / name[:2] / name
        folder = self._recordings.get(place)
        return folder / name if folder is not None else None


async def read_plan(connection: asyncpg.Connection, places: Places) -> Plan:
    """Read what the snapshot of ``connection`` names, recordings before files of cards."""
    rows = await connection.fetch("SELECT * FROM recording_seal ORDER BY number")
    seals = [
        Seal(
            row["number"], Event(row["event"]), row["call_key"], row["file"], row["size"], row["sha256"], row["at"],
            row["previous"], row["hash"],
        )
        for row in rows
    ]  # fmt: skip
    homes = {
        row["call_key"]: row["asterisk"] for row in await connection.fetch("SELECT call_key, asterisk FROM recording")
    }
    faults = [f"{one.fault.upper()}: seal {one.number} {one.call_key}" for one in chain.check_links(seals)]
    wanted: list[Wanted] = []
    beside: list[tuple[str, Path]] = []
    for seal in chain.present(seals):
        home = homes.get(seal.call_key, "")
        source = places.of(Kind.RECORDING, home, seal.file)
        if source is None:
            faults.append(f"UNKNOWN: {seal.file} belongs to an Asterisk that is not in the settings: {home or 'none'}")
            continue
        wanted.append(Wanted(Kind.RECORDING, home, source, seal.size, seal.sha256))
        beside += [(home, path) for path in _beside(source, seal.call_key)]
    found = await connection.fetch("SELECT DISTINCT sha256, size FROM attachment ORDER BY sha256")
    for row in found:
        source = places.of(Kind.ATTACHMENT, "", row["sha256"])
        if source is not None:
            wanted.append(Wanted(Kind.ATTACHMENT, "", source, row["size"], row["sha256"]))
    return Plan(tuple(wanted), tuple(beside), len(seals), seals[-1].hash if seals else chain.GENESIS, tuple(faults))


def _beside(source: Path, key: str) -> list[Path]:
    if source.suffix != ".wav" or not recordings.KEY.match(key):
        return []
    return [source.with_name(f"{key}{end}.wav") for end in ("-in", "-out", recordings.MESSAGE)]
