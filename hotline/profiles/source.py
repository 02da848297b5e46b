"""Reads the TOML files of a profile and remembers where each table and key stands, for messages that name the line.

``tomllib`` gives values without positions, and says a line only when a file is no TOML at all. So the text is walked
once more, over what is known to be valid: headings, keys, and values that are skipped.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from hotline.errors import BadInput
from hotline.journal.process import Problem

NOT_PROFILE = "demo.toml"
"""Invented people: in the same folder, but no part of the profile."""
_SYNTAX = re.compile(r"(.*) \(at line (\d+), column \d+\)$")
_HEADING = re.compile(r"\[(\[)?\s*([^\]]+?)\s*\](?(1)\])")
_KEY = re.compile(r"[^=\n]+?(?=\s*=)")
_VALUE = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}\n]|[^\[\]{}\n#\"']+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Source:
    """What the files of a profile say, and where."""

    name: str
    content: dict[str, Any]
    places: Mapping[tuple[str, int, str], str] = field(default_factory=dict)
    """(section, row, key) → ``workflow.toml:41``; key ``""`` is the heading of the row."""

    def place(self, problem: Problem) -> str:
        """Return file and line of a problem, as near as it is known; the section for one about all of it."""
        where = (problem.section, max(problem.index, 0))
        for key in (problem.key, problem.key.split(".")[0], ""):
            if (*where, key) in self.places:
                return self.places[(*where, key)]
        return problem.section


def read(name: str | Path) -> Source:
    """Read a profile: one of the product by its name, or a folder.

    :raises BadInput: there is none (``no-such-profile``), or a file is no TOML, or two files say the same.
    """
    texts: dict[str, str] = {}
    problems: dict[str, str] = {}
    for file in sorted(_folder(name).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml") and file.name != NOT_PROFILE:
            try:
                texts[file.name] = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                problems[f"{file.name}:1"] = "is not UTF-8"
    return parse(str(name), texts, problems)


def parse(name: str, texts: Mapping[str, str], problems: dict[str, str] | None = None) -> Source:
    """Put the texts of a profile's files together.

    :param texts: by the names of the files.
    :param problems: what is wrong with files that could not even be read.
    :raises BadInput: a text is no TOML, or two files say the same.
    """
    problems = problems or {}
    content: dict[str, Any] = {}
    places: dict[tuple[str, int, str], str] = {}
    for file, text in texts.items():
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            words = _SYNTAX.match(str(error))
            line = words[2] if words else str(text.count("\n") + 1)
            problems[f"{file}:{line}"] = f"is no TOML: {words[1] if words else error}"
            continue
        found = positions(text, file)
        for section in data.keys() & content.keys():
            problems[found.get((section, 0, ""), file)] = f"{section} stands in another file already"
        content |= data
        places |= found
    if problems:
        raise bad_profile(name, problems)
    return Source(name, content, places)


def bad_profile(name: str, problems: Mapping[str, str]) -> BadInput:
    """Return the error that names every place and what is wrong there."""
    return BadInput(f"profile {name} cannot be loaded", error_id="bad-profile", details=dict(problems))


def _folder(name: str | Path) -> Traversable:
    if isinstance(name, Path):
        if not name.is_dir():
            raise BadInput(f"there is no folder {name}", error_id="no-such-profile")
        return name
    folder = files("hotline.profiles") / name
    if not name.isidentifier() or not folder.is_dir() or not (folder / "profile.toml").is_file():
        raise BadInput(f"there is no profile {name!r}", error_id="no-such-profile")
    return folder


def positions(text: str, file: str) -> dict[tuple[str, int, str], str]:
    """Return where every table and key of a valid TOML text stands: (section, row, key) → ``file:line``."""
    found: dict[tuple[str, int, str], str] = {}
    rows: Counter[str] = Counter()
    section, index, prefix = "", 0, ""
    for line, kind, words in _statements(text):
        place = f"{file}:{line}"
        if kind == "key":
            name = f"{prefix}{words}" if section else words
            found.setdefault((section, index, name) if section else (name.split(".")[0], 0, ""), place)
            continue
        section, _, rest = words.partition(".")
        prefix = f"{rest}." if rest else ""
        if kind == "array" and not rest:
            index = rows[section]
            rows[section] += 1
        elif not rest or section not in rows:
            index = 0
        found.setdefault((section, index, rest), place)
        found.setdefault((section, index, ""), place)
    return found


def _statements(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, kind (``key``, ``table``, ``array``) and name of every statement."""
    at = 0
    while at < len(text):
        if text[at] in " \t\r\n":
            at += 1
        elif text[at] == "#":
            at = _end_of_line(text, at)
        elif text[at] == "[":
            heading = _HEADING.match(text, at)
            if heading is None:
                return
            yield _line(text, at), "array" if heading[1] else "table", heading[2].replace('"', "")
            at = _end_of_line(text, heading.end())
        else:
            key = _KEY.match(text, at)
            if key is None:
                return
            yield _line(text, at), "key", key[0].strip().replace('"', "")
            at = _end_of_value(text, text.index("=", key.end()) + 1)


def _end_of_value(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        piece = _VALUE.match(text, at)
        if piece is None:
            return len(text)
        at = piece.end()
        if piece[0] in {"[", "{"}:
            depth += 1
        elif piece[0] in {"]", "}"}:
            depth -= 1
        elif piece[0] == "\n" and depth == 0:
            return at
    return at


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
