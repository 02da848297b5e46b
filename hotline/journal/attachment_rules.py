"""Which files a card takes, how they are named, and who may have them (S000-63, S001-064, domain 2.2). Pure.

A file is what its first bytes say, at offset 0 and nowhere else: a library that guesses the most plausible of hundreds
of types would be the wrong judge here, because what is not plainly one of these is refused (ADR 0018).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

HEAD = 4096
"""Bytes of a file that :func:`sniff` wants to see."""
MAX_NAME = 150
MAX_FILES = 50
"""Files of one card."""
MAX_DOC_NO = 100
_BIDI = dict.fromkeys(
    [0x061C, 0x200E, 0x200F, 0xFEFF, *range(0x200B, 0x200E), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
"""Characters that turn the reading direction round: ``gpj.exe`` would be read as ``exe.jpg``. And invisible ones."""
_ZIP_MACROS = re.compile(r"(?:^|/)(?:vbaProject\.bin|vbaData\.xml)$|^Basic/|^Scripts/", re.IGNORECASE)


class Kind(StrEnum):
    """What an attachment is (domain 2.2)."""

    SCAN = "scan"
    REPLY = "reply"
    PHOTO = "photo"
    AUDIO = "audio"
    OTHER = "other"


class Scan(StrEnum):
    """What the virus scanner says."""

    CLEAN = "clean"
    INFECTED = "infected"
    WAITING = "waiting"  # the scanner did not answer; asked again before anybody gets the file
    OFF = "off"  # this installation has no scanner


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of files that a card takes."""

    mime: str
    extensions: tuple[str, ...]
    kind: Kind = Kind.OTHER
    preview: str = ""
    """``image`` or ``pdf``: it can be looked at without being saved."""


PDF = FileType("application/pdf", ("pdf",), Kind.SCAN, "pdf")
JPEG = FileType("image/jpeg", ("jpg", "jpeg", "jpe"), Kind.PHOTO, "image")
PNG = FileType("image/png", ("png",), Kind.PHOTO, "image")
GIF = FileType("image/gif", ("gif",), Kind.PHOTO, "image")
WEBP = FileType("image/webp", ("webp",), Kind.PHOTO, "image")
TIFF = FileType("image/tiff", ("tif", "tiff"), Kind.SCAN)
HEIC = FileType("image/heic", ("heic", "heif"), Kind.PHOTO)
RTF = FileType("application/rtf", ("rtf",))
OLE = FileType("application/x-ole-storage", ("doc", "xls", "ppt", "msg"))
ZIP = FileType("application/zip", ("zip",))
"""Never taken as such: only what :func:`office_type` finds in it."""
DOCX = FileType("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("docx",))
XLSX = FileType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("xlsx",))
ODT = FileType("application/vnd.oasis.opendocument.text", ("odt",))
ODS = FileType("application/vnd.oasis.opendocument.spreadsheet", ("ods",))
MP3 = FileType("audio/mpeg", ("mp3",), Kind.AUDIO)
WAV = FileType("audio/wav", ("wav",), Kind.AUDIO)
OGG = FileType("audio/ogg", ("ogg", "oga", "opus"), Kind.AUDIO)
M4A = FileType("audio/mp4", ("m4a", "mp4"), Kind.AUDIO)
TEXT = FileType("text/plain", ("txt", "csv", "log"))
TYPES = (PDF, JPEG, PNG, GIF, WEBP, TIFF, HEIC, RTF, OLE, DOCX, XLSX, ODT, ODS, MP3, WAV, OGG, M4A, TEXT)
ACCEPT = ",".join(f".{extension}" for one in TYPES for extension in one.extensions)
"""What the file dialog of a browser offers."""
_BY_MIME = {one.mime: one for one in TYPES}

_MAGIC: tuple[tuple[bytes, FileType], ...] = (
    (b"%PDF-", PDF),
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"{\\rtf1", RTF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"PK\x03\x04", ZIP),
    (b"ID3", MP3),
    (b"\xff\xfb", MP3),
    (b"\xff\xf3", MP3),
    (b"OggS", OGG),
)
_RIFF = {b"WEBP": WEBP, b"WAVE": WAV}
_BRANDS = {b"heic": HEIC, b"heix": HEIC, b"mif1": HEIC, b"M4A ": M4A, b"M4B ": M4A}


def sniff(head: bytes) -> FileType | None:
    """Say what a file is by its first :data:`HEAD` bytes; ``None`` when it is nothing that a card takes."""
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    return TEXT if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """Text has no control characters, is UTF-8 or Windows-1251, and is no page or script that a browser could run."""
    if any(byte < 0x20 and byte not in b"\t\r\n\f" for byte in head) or b"\x7f" in head:
        return False
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<", b"#!", b"mz")) or any(tag in start for tag in (b"<script", b"<html", b"<svg", b"<?php")):
        return False
    for encoding in ("utf-8", "cp1251"):
        try:
            # The last character may be cut in the middle.
            head.decode(encoding) if len(head) < HEAD else head[: HEAD - 3].decode(encoding, "strict")
        except UnicodeDecodeError:
            continue
        return True
    return False


def office_type(names: Collection[str], mimetype: bytes | None) -> FileType | None:
    """Say which office document a ZIP container is, by the names in it and its ``mimetype`` entry.

    ``None`` for anything else, archives and documents with macros among them.
    """
    if any(_ZIP_MACROS.search(name) for name in names):
        return None
    if mimetype is not None:
        return {ODT.mime.encode(): ODT, ODS.mime.encode(): ODS}.get(mimetype)
    if "[Content_Types].xml" not in names:
        return None
    if "word/document.xml" in names:
        return DOCX
    return XLSX if "xl/workbook.xml" in names else None


def type_of(mime: str) -> FileType | None:
    """Return the type with a stored name; ``None`` for one that is no longer taken."""
    return _BY_MIME.get(mime)


def clean_name(raw: str, found: FileType) -> str:
    """Return a name under which a file can be shown and saved anywhere.

    No folders, no control or direction characters, nothing that Windows keeps for itself, at most 150 characters; the
    ending is one of the type that was found, whatever the name said before.
    """
    name = unicodedata.normalize("NFC", raw).translate(_BIDI).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(" " if unicodedata.category(one)[0] in "CZ" or one in '<>:"|?*' else one for one in name)
    name = " ".join(name.split()).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if not dot or ending.lower() not in found.extensions:
        stem, ending = name, found.extensions[0]
    stem = stem.strip(". ")[: MAX_NAME - len(ending) - 1].rstrip(". ") or "file"
    if re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", stem.partition(".")[0]):
        stem = f"_{stem}"
    return f"{stem}.{ending}"


def size_problem(size: int, limit: int) -> str | None:
    """Say what is wrong with the size of a file, in bytes; ``None``: nothing."""
    if size <= 0:
        return "empty-file"
    return "file-too-large" if size > limit else None


def may_be_read(scan: Scan) -> bool:
    """Tell whether anybody may have the content."""
    return scan in {Scan.CLEAN, Scan.OFF}


def document_problems(doc_no: str, doc_date: date | None, *, needed: bool) -> dict[str, str]:
    """Say which part of a document's registration is missing (S001-064): number and date go together."""
    if not needed and not doc_no and doc_date is None:
        return {}
    missing = {"doc_no": not doc_no, "doc_date": doc_date is None}
    return {name: "required" for name, gone in missing.items() if gone}
