"""The hash chain: every seal holds the hash of the one before it, so that nothing can be changed or moved unseen.

A seal says which bytes (SHA-256, FIPS 180-4) belonged to which call at which moment. Whoever changes a file breaks its
SHA-256, whoever changes, removes or moves a seal breaks the links. The last seals could be cut off unseen; therefore
``hotline recordings verify`` prints the head, which an organisation may write down elsewhere and pass back in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

GENESIS = "0" * 64
"""What the first seal has as its previous one."""


class Event(StrEnum):
    """What happened to a recording."""

    STORED = "stored"  # Asterisk's WAV file was taken over
    ENCODED = "encoded"  # the Ogg Opus file replaced it
    DELETED = "deleted"  # at the end of its time; ``sha256`` is that of the file that was deleted


@dataclass(frozen=True, slots=True)
class Seal:
    """One link. ``number`` grows by one from 1; ``previous`` and ``hash`` are hexadecimal SHA-256."""

    number: int
    event: Event
    call_key: str
    file: str
    size: int  # bytes
    sha256: str
    at: datetime
    previous: str
    hash: str = ""


class Fault(StrEnum):
    """What ``verify`` found."""

    CHANGED = "changed"  # the file's bytes are not those that were sealed
    MISSING = "missing"  # the file is gone and no seal says that it was deleted
    SEAL = "seal"  # the seal itself was changed
    ORDER = "order"  # a seal was removed, added or moved
    CUT = "cut"  # the head that was written down elsewhere is not in the chain


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault; ``number`` is the seal's."""

    fault: Fault
    number: int
    call_key: str
    file: str


def hash_of(seal: Seal) -> str:
    """Return the hash that ``seal`` must have: over everything in it but the hash itself."""
    fields = [
        seal.number,
        str(seal.event),
        seal.call_key,
        seal.file,
        seal.size,
        seal.sha256,
        seal.at.astimezone(UTC).isoformat(timespec="microseconds"),
        seal.previous,
    ]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def check_links(seals: Iterable[Seal], head: str = "") -> list[Finding]:
    """Return what is wrong with the chain itself; ``seals`` in the order in which they are kept.

    :param head: a hash that must be in the chain, because somebody wrote it down; ``""`` for none.
    """
    findings: list[Finding] = []
    previous, number, seen = GENESIS, 0, not head
    for seal in seals:
        if seal.hash != hash_of(seal):
            findings.append(_finding(Fault.SEAL, seal))
        if seal.previous != previous or seal.number != number + 1:
            findings.append(_finding(Fault.ORDER, seal))
        previous, number, seen = seal.hash, seal.number, seen or seal.hash == head
    if not seen:
        findings.append(Finding(Fault.CUT, number, "", ""))
    return findings


def present(seals: Iterable[Seal]) -> list[Seal]:
    """Return the seals whose files must be on disk now: the last of each recording that was not deleted."""
    last = {seal.call_key: seal for seal in seals}
    return [seal for seal in last.values() if seal.event is not Event.DELETED]


def check_file(seal: Seal, sha256: str | None) -> Finding | None:
    """Compare what is on disk with a seal; ``sha256`` is ``None`` when there is no file."""
    if sha256 is None:
        return _finding(Fault.MISSING, seal)
    return None if sha256 == seal.sha256 else _finding(Fault.CHANGED, seal)


def _finding(fault: Fault, seal: Seal) -> Finding:
    return Finding(fault, seal.number, seal.call_key, seal.file)
