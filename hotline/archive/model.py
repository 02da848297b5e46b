"""What the archive tells: data only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hotline.archive.chain import Finding


@dataclass(frozen=True, slots=True)
class Mark:
    """A pause in a recording, in seconds from the beginning of the sound: what the player shades."""

    start_s: float
    end_s: float
    field: str


@dataclass(frozen=True, slots=True)
class Archived:
    """A recording as the player needs it."""

    call_key: str
    path: Path
    content_type: str
    seconds: float
    peaks: list[list[int]]
    marks: tuple[Mark, ...]
    hold_reason: str
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``verify`` found. ``head`` is the last seal's hash: whoever writes it down can notice a chain cut short."""

    seals: int
    files: int
    head: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Tell whether everything is as it was sealed."""
        return not self.findings
