"""Files of cards as services and pages speak of them: data only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from hotline.journal.attachment_rules import FileType, Kind, Scan


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a card or of an appeal. ``size`` in bytes."""

    id: int
    name: str
    kind: Kind
    type: FileType
    size: int
    doc_no: str
    doc_date: date | None
    scan: Scan
    scan_detail: str
    version: int
    by: str
    at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a card. ``editable``: the reader may add, describe and take off; ``document_needed``: S001-064."""

    rows: tuple[Attachment, ...]
    editable: bool
    document_needed: bool


@dataclass(frozen=True, slots=True)
class Content:
    """A file to be sent to a browser."""

    attachment: Attachment
    path: Path
