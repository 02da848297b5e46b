"""Brings one Asterisk to the administration's rules: AstDB, the queues' own files, and what runs (docs/lines.md).

Only differences are sent, so doing it again costs three questions. The order keeps every moment in between sound: a
queue is there before anything leads to it, and goes after nothing leads to it any more. What was begun and not finished
(``kill -9`` between any two steps) is found as a difference the next time: the seal, a digest of both files, is written
last, and without it the queues are told to read them again.

AMI: DBGetTree, DBPut, DBDel, GetConfig, CreateConfig, UpdateConfig, QueueReload (docs.asterisk.org, "AMI Actions").
QueueReload with ``Parameters`` and ``Rules`` touches neither members nor callers
(measured on 22.10 with a citizen who waited).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from hotline.cti.errors import CommandRefused
from hotline.cti.framing import Message
from hotline.cti.link import AmiLink
from hotline.cti.linkrules import Value

log = logging.getLogger(__name__)

FAMILY = "hotline"
SEAL = "seal"
QUEUES_FILE = "lines/queues.conf"
LEVELS_FILE = "lines/queuerules.conf"
_MOST_STEPS = 30
"""Of UpdateConfig in one message: each has up to four headers, and Asterisk reads at most 128 of a message
(``AST_MAX_MANHEADERS``, include/asterisk/manager.h)."""

Section = tuple[tuple[str, str], ...]
Step = tuple[str, str, str, str]
"""Action, category, variable, value."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What differed and was brought right, by name: keys of AstDB and sections of the files."""

    keys: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    reloaded: bool = False

    def __bool__(self) -> bool:
        """Tell whether anything differed."""
        return bool(self.keys or self.sections or self.reloaded)


class Distribution:
    """The rules of one Asterisk, over its link."""

    def __init__(self, link: AmiLink) -> None:
        self._link = link
        self._lock = asyncio.Lock()

    async def apply(
        self, keys: Mapping[str, str], queues: Mapping[str, Section], levels: Mapping[str, Section]
    ) -> Mended:
        """Bring this Asterisk to these rules and return what differed. One at a time; doing it again is harmless.

        :param keys: of AstDB's family ``hotline``; all others in it go.
        :param queues: sections of ``lines/queues.conf``.
        :param levels: sections of ``lines/queuerules.conf``.
        :raises Unavailable: Asterisk does not answer.
        :raises CommandRefused: it says no; for want of the right ``config`` in manager.conf, for example.
        """
        async with self._lock:
            present = await self._keys()
            seal = seal_of(queues, levels)
            is_queues, is_levels = await self._sections(QUEUES_FILE), await self._sections(LEVELS_FILE)
            changed: list[str] = []
            differs = (is_queues, is_levels) != (dict(queues), dict(levels))
            # An Asterisk that was never told anything, and is told nothing, is left alone.
            stale = differs or (present.get(SEAL) != seal and (SEAL in present or bool(queues)))
            # A change of the files takes the seal away first: from here on they may differ from what runs.
            if stale:
                if SEAL in present:
                    await self._delete(SEAL)
                changed += await self._write(LEVELS_FILE, is_levels, levels)
                # Queues that are to go stay until nothing leads to them.
                changed += await self._write(QUEUES_FILE, is_queues, {**is_queues, **queues})
                await self._reload()
            touched = await self._put(present, keys)
            if stale:
                left = await self._write(QUEUES_FILE, {**is_queues, **queues}, queues)
                if left:
                    await self._reload()
                changed += left
                await self._put({}, {SEAL: seal})
            return Mended(tuple(touched), tuple(changed), stale)

    # AstDB

    async def _keys(self) -> dict[str, str]:
        """Return what the family holds, by key without the family."""
        try:
            found = await self._link.collect({"Action": "DBGetTree", "Family": FAMILY})
        except CommandRefused as error:
            if "not found" in error.message:
                return {}
            raise
        prefix = f"/{FAMILY}/"
        rows = ((one.get("Key", ""), one.get("Val", "")) for one in found)
        return {key.removeprefix(prefix): value for key, value in rows if key.startswith(prefix)}

    async def _put(self, present: Mapping[str, str], keys: Mapping[str, str]) -> list[str]:
        """Put what differs and delete what is not wanted: queues and hours before the lines that name them."""
        wrong = [key for key, value in keys.items() if present.get(key) != value]
        for key in sorted(wrong, key=_leads):
            await self._link.send({"Action": "DBPut", "Family": FAMILY, "Key": key, "Val": keys[key]})
        over = [key for key in present if key not in keys and key != SEAL]
        for key in sorted(over, key=_leads, reverse=True):
            await self._delete(key)
        return [*wrong, *over]

    async def _delete(self, key: str) -> None:
        await self._link.send({"Action": "DBDel", "Family": FAMILY, "Key": key})

    # The files

    async def _sections(self, file: str) -> dict[str, Section]:
        """Return the sections of a file; none when it is not there."""
        try:
            return read_sections(await self._link.send({"Action": "GetConfig", "Filename": file}))
        except CommandRefused as error:
            if "not found" not in error.message:
                raise
            return {}

    async def _write(self, file: str, present: Mapping[str, Section], wanted: Mapping[str, Section]) -> list[str]:
        """Change what differs, section by section; each is written in one message, so it is there whole or not."""
        names = [name for name in dict.fromkeys((*present, *wanted)) if present.get(name) != wanted.get(name)]
        if names and not present:  # it may not be there; without any section nothing of it is lost
            await self._create(file)
        for name in names:
            steps: list[Step] = [("DelCat", name, "", "")] if name in present else []
            if name in wanted:
                steps.append(("NewCat", name, "", ""))
                steps += [("Append", name, variable, value) for variable, value in wanted[name]]
            if len(steps) > _MOST_STEPS:
                msg = f"the section {name} is longer than one message"
                raise CommandRefused(msg, details={"file": file})
            await self._link.send(update(file, steps))
        return names

    async def _create(self, file: str) -> None:
        """Make a file; harmless when it is there without a section, which GetConfig does not tell from none."""
        try:
            await self._link.send({"Action": "CreateConfig", "Filename": file})
        except CommandRefused as error:
            if "exists" not in error.message:
                raise

    async def _reload(self) -> None:
        await self._link.send({"Action": "QueueReload", "Rules": "yes"})
        await self._link.send({"Action": "QueueReload", "Parameters": "yes"})


def _leads(key: str) -> tuple[int, str]:
    """Sort what leads somewhere after what it leads to."""
    return {"queue": 0, "hours": 0, "menu": 1, "line": 2}.get(key.partition("/")[0], 3), key


def seal_of(queues: Mapping[str, Section], levels: Mapping[str, Section]) -> str:
    """Return a digest of both files' contents, whatever the order of their sections."""
    text = repr((sorted(queues.items()), sorted(levels.items())))
    return hashlib.sha256(text.encode()).hexdigest()


def update(file: str, steps: list[Step]) -> dict[str, Value]:
    """Return the UpdateConfig message of these steps; numbered from 000000 as Asterisk wants it."""
    message: dict[str, Value] = {"Action": "UpdateConfig", "SrcFilename": file, "DstFilename": file}
    for number, (action, category, variable, value) in enumerate(steps):
        message |= {f"Action-{number:06}": action, f"Cat-{number:06}": category}
        if variable:
            message |= {f"Var-{number:06}": variable, f"Value-{number:06}": value}
    return message


def read_sections(answer: Message) -> dict[str, Section]:
    """Read the answer to GetConfig: ``Category-000000: name``, ``Line-000000-000000: variable=value``."""
    found: dict[str, list[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    for header, value in answer.headers.items():
        kind, _, number = header.partition("-")
        if kind == "Category":
            names[number] = value
            found.setdefault(value, [])
        elif kind == "Line":
            variable, _, text = value.partition("=")
            found[names[number.partition("-")[0]]].append((variable, text))
    return {name: tuple(lines) for name, lines in found.items()}
