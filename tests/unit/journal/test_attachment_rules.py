"""What a card takes as a file, and under which name (S000-63, S001-064; domain 2.2)."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.journal import attachment_rules as rules
from hotline.journal.attachment_rules import HEAD, MAX_NAME, FileType, Scan, clean_name, office_type, sniff

HEADS = {
    "pdf": (b"%PDF-1.7\n", rules.PDF),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", rules.JPEG),
    "png": (b"\x89PNG\r\n\x1a\n\0\0", rules.PNG),
    "gif": (b"GIF89a\x01\0", rules.GIF),
    "webp": (b"RIFF\x10\0\0\0WEBPVP8 ", rules.WEBP),
    "wave": (b"RIFF\x10\0\0\0WAVEfmt ", rules.WAV),
    "tiff": (b"II*\0\x08", rules.TIFF),
    "heic": (b"\0\0\0\x18ftypheic", rules.HEIC),
    "rtf": (b"{\\rtf1\\ansi", rules.RTF),
    "word of old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", rules.OLE),
    "zip": (b"PK\x03\x04\x14\0", rules.ZIP),
    "ogg": (b"OggS\0\x02", rules.OGG),
    "text": ("Жалоба на отказ".encode(), rules.TEXT),
    "text of Windows": ("Жалоба на отказ".encode("cp1251"), rules.TEXT),
    "letter cut in its middle": (("я" * HEAD).encode()[:HEAD], rules.TEXT),
    # What is not plainly one of them is refused.
    "program": (b"MZ\x90\0\x03", None),
    "ELF": (b"\x7fELF\x02\x01", None),
    "page": (b"<!doctype html><script>", None),
    "page behind a mark": (b"\xef\xbb\xbf  <html>", None),
    "picture that can run": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", None),
    "script": (b"#!/bin/sh\nrm -rf /", None),
    "PHP in text": (b"hello <?php system(1);", None),
    "PDF behind a program": (b"MZ\0\0%PDF-1.4", None),
    "PDF not at the first byte": (b"\0%PDF-1.4", None),
    "video": (b"\0\0\0\x18ftypisom", None),
    "other RIFF": (b"RIFF\x10\0\0\0AVI LIST", None),
    "RAR": (b"Rar!\x1a\x07", None),
}

OFFICE = {
    "docx": (["[Content_Types].xml", "word/document.xml"], None, rules.DOCX),
    "xlsx": (["[Content_Types].xml", "xl/workbook.xml"], None, rules.XLSX),
    "odt": (["mimetype", "content.xml"], rules.ODT.mime.encode(), rules.ODT),
    "macros in docm": (["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"], None, None),
    "macros in odt": (["mimetype", "Basic/Standard/Module1.xml"], rules.ODT.mime.encode(), None),
    "archive": (["a.exe"], None, None),
    "java": (["META-INF/MANIFEST.MF"], None, None),
    "strange mimetype": (["mimetype"], b"application/epub+zip", None),
}

NAMES = {
    "plain": ("Заявление.pdf", rules.PDF, "Заявление.pdf"),
    "capital ending": ("SCAN.PDF", rules.PDF, "SCAN.PDF"),
    "climbing": ("../../../etc/passwd", rules.PDF, "passwd.pdf"),
    "climbing on Windows": ("..\\..\\boot.ini", rules.TEXT, "boot.ini.txt"),
    "whole path": ("C:\\Users\\Анна\\скан.jpg", rules.JPEG, "скан.jpg"),
    "turned round": ("счёт\u202egpj.exe", rules.PDF, "счётgpj.exe.pdf"),
    "two endings": ("photo.jpg.exe", rules.JPEG, "photo.jpg.exe.jpg"),
    "no name": ("", rules.PNG, "file.png"),
    "only dots": ("...", rules.PNG, "file.png"),
    "zero character": ("a\0b.png", rules.PNG, "a b.png"),
    "line break": ("a\r\nSet-Cookie: x.png", rules.PNG, "a Set-Cookie x.png"),
    "kept by Windows": ("CON.txt", rules.TEXT, "_CON.txt"),
    "invisible": ("a\u200b\u2066b.pdf", rules.PDF, "ab.pdf"),
}


@pytest.mark.parametrize(("head", "found"), HEADS.values(), ids=HEADS)
def test_a_file_is_what_its_first_bytes_say(head: bytes, found: FileType | None) -> None:
    """S000-63."""
    assert sniff(head) is found


@pytest.mark.parametrize(("names", "mimetype", "found"), OFFICE.values(), ids=OFFICE)
def test_an_office_document_is_what_is_in_it(names: list[str], mimetype: bytes | None, found: FileType | None) -> None:
    """S000-63: macros and plain archives are not taken."""
    assert office_type(names, mimetype) is found


@pytest.mark.parametrize(("raw", "found", "name"), NAMES.values(), ids=NAMES)
def test_a_name_does_no_harm(raw: str, found: FileType, name: str) -> None:
    """S000-64: no folders, no tricks with the direction of reading, an ending that belongs to the content."""
    assert clean_name(raw, found) == name


def test_a_name_is_cut_but_keeps_its_ending() -> None:
    """S000-64."""
    name = clean_name("я" * 1000 + ".pdf", rules.PDF)
    assert len(name) == MAX_NAME
    assert name.endswith("я.pdf")


def test_sizes() -> None:
    """S000-63."""
    assert rules.size_problem(0, 10) == "empty-file"
    assert rules.size_problem(11, 10) == "file-too-large"
    assert rules.size_problem(10, 10) is None


def test_number_and_date_of_a_document_go_together() -> None:
    """S001-064."""
    day = date(2026, 11, 20)
    assert rules.document_problems("", None, needed=False) == {}
    assert rules.document_problems("", None, needed=True) == {"doc_no": "required", "doc_date": "required"}
    assert rules.document_problems("15-к", None, needed=False) == {"doc_date": "required"}
    assert rules.document_problems("", day, needed=False) == {"doc_no": "required"}
    assert rules.document_problems("15-к", day, needed=True) == {}


def test_only_what_was_looked_at_is_given_out() -> None:
    """S000-63: infected files are for nobody, unscanned ones wait for their scanner."""
    assert [scan for scan in Scan if rules.may_be_read(scan)] == [Scan.CLEAN, Scan.OFF]
