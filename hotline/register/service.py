"""Use cases of the import: take a file in, choose its columns, start, cancel, look (domain 2.2 InsuredRegister)."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.register import columns, files
from hotline.register.model import OVER, RUNNING, Batch, Issue, Layout, State, step
from hotline.register.tables import RegisterBatchRow, RegisterIssueRow
from hotline.register.textfile import Record
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import UserRow

MAX_FILE = 4 * 1024**3
"""Bytes of an uploaded file."""
MAX_PIECE = 4 * 1024**2
KEPT = timedelta(days=7)
"""How long an uploaded file waits for its import."""
_PAGE = 1000
_FORMULA = re.compile(r"^[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Start:
    """How an import is to be carried out."""

    columns: tuple[str, ...]
    full_file: bool = False
    close_limit_pct: int = 5
    scope: str = ""
    again: bool = False
    """Also when the very same file was imported before."""


class Register:
    """The door to imports. Every change needs ``register.import`` and goes into the audit trail.

    :param folder: where uploaded files wait; its contents are personal data.
    :param wake: called when an import waits to be carried out.
    """

    def __init__(self, db: Database, clock: Clock, folder: Path, wake: Callable[[], None] = lambda: None) -> None:
        self._db = db
        self._clock = clock
        self._folder = folder
        self._wake = wake

    async def batches(self, user: User | None, limit: int = 50) -> tuple[Batch, ...]:
        """Return the latest imports, newest first."""
        if user is not None:
            _require(user)
        async with self._db.begin() as session:
            rows = await session.execute(_batches().order_by(RegisterBatchRow.id.desc()).limit(limit))
            return tuple(_batch(row.RegisterBatchRow, row) for row in rows)

    async def batch(self, user: User, batch_id: int) -> Batch:
        """Return one import.

        :raises NotFound: there is none.
        """
        _require(user)
        async with self._db.begin() as session:
            row = (await session.execute(_batches().where(RegisterBatchRow.id == batch_id))).one_or_none()
        if row is None:
            raise NotFound("there is no such import", error_id="no-such-import")
        return _batch(row.RegisterBatchRow, row)

    async def begin_upload(self, user: User, file_name: str, size: int) -> int:
        """Make room for a file and return the id under which its pieces come.

        :raises BadInput: it is empty or too large.
        """
        _require(user)
        if not 0 < size <= MAX_FILE:
            raise BadInput(
                "the file is empty or too large", error_id="empty-file" if size <= 0 else "register-too-large"
            )
        path = self._folder / f"{secrets.token_hex(16)}.part"
        await asyncio.to_thread(_make, path)
        async with self._db.begin() as session:
            row = RegisterBatchRow(
                file_name=_file_name(file_name), path=str(path), size=size, state=State.UPLOADING.value,
                created_at=self._clock.now(), created_by_id=user.id,
            )  # fmt: skip
            session.add(row)
            await session.flush()
            return row.id

    async def upload(self, user: User, batch_id: int, offset: int, piece: bytes) -> int:
        """Write a piece and return how many bytes there are. A piece that came already is not written twice.

        :raises Conflict: the upload is over, or a piece before this one is missing (``details["have"]``).
        :raises BadInput: more bytes than were announced.
        """
        async with self._db.begin() as session:
            row = await _own(session, user, batch_id)
            if row.state != State.UPLOADING:
                raise Conflict("this file is complete", error_id="illegal-import-step")
            have = row.position
            if offset != have:
                raise Conflict("pieces must come in order", error_id="upload-gap", details={"have": have})
            if not piece or len(piece) > MAX_PIECE or have + len(piece) > row.size:
                raise BadInput("not the file that was announced", error_id="upload-mismatch")
            await asyncio.to_thread(_write, Path(row.path), have, piece)
            row.position = have + len(piece)
            return row.position

    async def finish_upload(self, user: User, batch_id: int) -> Batch:
        """Look at the whole file: what it is and what its columns hold.

        :raises Conflict: bytes are missing.
        :raises BadInput: it cannot be read; the import is marked as failed.
        """
        async with self._db.begin() as session:
            row = await _own(session, user, batch_id)
            if row.position != row.size:
                raise Conflict("the file is not complete", error_id="upload-gap", details={"have": row.position})
            path = Path(row.path)
        await self._examined(batch_id, path)
        return await self.batch(user, batch_id)

    async def take_file(self, path: Path, layout: Layout) -> int:
        """Take in a file that lies on this machine (the command line) and was examined; it stays where it is."""
        size = (await asyncio.to_thread(path.stat)).st_size
        async with self._db.begin() as session:
            row = RegisterBatchRow(
                file_name=_file_name(path.name), path=str(await asyncio.to_thread(path.resolve)), own_file=False,
                size=size, state=step(State.UPLOADING, State.READY).value, created_at=self._clock.now(),
                layout=layout.to_json(), sha256=await asyncio.to_thread(files.sha256_of, path),
            )  # fmt: skip
            session.add(row)
            await session.flush()
            return row.id

    async def preview(
        self, user: User, batch_id: int, *, encoding: str = "", delimiter: str = ""
    ) -> tuple[Layout, list[Record]]:
        """Return how the file is read and its first rows; another encoding or delimiter may be tried and is kept.

        :raises BadInput: it cannot be read so.
        """
        async with self._db.begin() as session:
            row = await _own(session, user, batch_id)
            if row.state != State.READY:
                raise Conflict("this import has begun", error_id="illegal-import-step")
            layout, path = Layout.from_json(row.layout), Path(row.path)
        if encoding or delimiter:
            layout = await asyncio.to_thread(
                lambda: files.examine(
                    path, encoding=encoding or layout.encoding, delimiter=delimiter or layout.delimiter
                )
            )
            async with self._db.begin() as session:
                (await _own(session, user, batch_id)).layout = layout.to_json()
        return layout, await asyncio.to_thread(files.preview, path, layout)

    async def start(self, user: User | None, batch_id: int, how: Start) -> None:
        """Let the import begin, as soon as no other works.

        :raises BadInput: the columns do not tell people apart.
        :raises Conflict: it has begun, or the same file was imported before (``same-file``).
        """
        columns.require_enough(how.columns)
        async with self._db.begin() as session:
            row = await _own(session, user, batch_id)
            layout = Layout.from_json(row.layout) if row.layout else None
            if layout is None or len(how.columns) != len(layout.headings):
                raise BadInput("as many columns as the file has", error_id="bad-columns")
            if not how.again and (before := await _imported(session, row)) is not None:
                raise Conflict(
                    "the same file was imported before",
                    error_id="same-file",
                    details={"id": before.id, "at": before.finished_at.isoformat() if before.finished_at else ""},
                )
            row.layout = replace(layout, columns=how.columns).to_json()
            row.full_file, row.close_limit_pct, row.scope = how.full_file, how.close_limit_pct, how.scope
            row.position = 0
            row.state = step(State(row.state), State.WAITING)
            self._note(session, row, user, {"started": True, "full_file": how.full_file, "sha256": row.sha256})
        self._wake()

    async def cancel(self, user: User | None, batch_id: int) -> None:
        """Stop an import. What it has merged stays; what it has not is left out.

        :raises Conflict: it is over.
        """
        async with self._db.begin() as session:
            row = await _own(session, user, batch_id)
            state = State(row.state)
            if state in OVER:
                raise Conflict("this import is over", error_id="illegal-import-step")
            row.cancel_requested = True
            path = ""
            if state not in RUNNING:
                row.state, row.finished_at = step(state, State.CANCELLED), self._clock.now()
                path, row.path = (row.path if row.own_file else ""), ""
            self._note(session, row, user, {"cancelled": True})
        if path:
            await asyncio.to_thread(Path(path).unlink, missing_ok=True)

    async def purge(self) -> int:
        """Delete files that were uploaded and never imported within a week; return how many."""
        forgotten = select(RegisterBatchRow).where(
            RegisterBatchRow.state.in_([State.UPLOADING.value, State.READY.value]),
            RegisterBatchRow.created_at < self._clock.now() - KEPT,
        )
        async with self._db.begin() as session:
            rows = (await session.scalars(forgotten.with_for_update(skip_locked=True))).all()
            paths = [Path(row.path) for row in rows if row.own_file and row.path]
            for row in rows:
                row.state, row.finished_at = step(State(row.state), State.CANCELLED), self._clock.now()
                row.path = "" if row.own_file else row.path
        for path in paths:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return len(rows)

    async def unfinished(self) -> bool:
        """Tell whether anything waits for the worker."""
        wanted = [State.WAITING.value, *(state.value for state in RUNNING)]
        async with self._db.begin() as session:
            found = select(RegisterBatchRow.id).where(RegisterBatchRow.state.in_(wanted)).limit(1)
            return await session.scalar(found) is not None

    async def issues(self, user: User, batch_id: int, limit: int = 20) -> tuple[Issue, ...]:
        """Return the first rows with something wrong."""
        _require(user)
        async with self._db.begin() as session:
            return await _issues(session, batch_id, 0, limit)

    async def report(self, user: User, batch_id: int, words: Callable[[str], str]) -> AsyncIterator[bytes]:
        """Return all rows with something wrong as CSV for Excel: row, column, reason; in pieces.

        :param words: says a reason in the reader's language.
        """
        batch = await self.batch(user, batch_id)
        async with self._db.begin() as session:
            audit(session, "export", ("register", batch.id), user_id=user.id, at=self._clock.now())
        yield b"\xef\xbb\xbf"
        yield _csv([(words("Row"), words("Column"), words("What is wrong"), words("Taken over"))])
        after = 0
        while True:
            async with self._db.begin() as session:
                rows = (
                    await session.scalars(
                        select(RegisterIssueRow)
                        .where(RegisterIssueRow.batch_id == batch_id, RegisterIssueRow.id > after)
                        .order_by(RegisterIssueRow.id)
                        .limit(_PAGE)
                    )
                ).all()
            if not rows:
                return
            after = rows[-1].id
            yield _csv(
                (str(row.row_no), row.column, words(row.reason), words("no" if row.rejected else "yes")) for row in rows
            )

    async def _examined(self, batch_id: int, path: Path) -> None:
        try:
            layout = await asyncio.to_thread(files.examine, path)
            digest = await asyncio.to_thread(files.sha256_of, path)
        except BadInput as error:
            await self._unreadable(batch_id, error.error_id)
            raise
        async with self._db.begin() as session:
            row = await session.get_one(RegisterBatchRow, batch_id, with_for_update=True)
            row.layout, row.sha256 = layout.to_json(), digest
            row.state = step(State(row.state), State.READY)

    async def _unreadable(self, batch_id: int, problem: str) -> None:
        async with self._db.begin() as session:
            row = await session.get_one(RegisterBatchRow, batch_id, with_for_update=True)
            row.state, row.problem, row.finished_at = (
                step(State(row.state), State.FAILED), problem, self._clock.now(),
            )  # fmt: skip
            path, row.path = (row.path if row.own_file else ""), ""
        if path:
            await asyncio.to_thread(Path(path).unlink, missing_ok=True)

    def _note(
        self, session: AsyncSession, row: RegisterBatchRow, user: User | None, details: dict[str, object]
    ) -> None:
        audit(
            session,
            "import",
            ("register", row.id),
            user_id=user.id if user else None,
            at=self._clock.now(),
            details=details,
        )


def _require(user: User) -> None:
    if not user.may(Right.REGISTER_IMPORT):
        raise Forbidden("this user may not import the register")


async def _own(session: AsyncSession, user: User | None, batch_id: int) -> RegisterBatchRow:
    """``user`` is ``None`` for the command line, whose user owns the database anyway."""
    if user is not None:
        _require(user)
    row = await session.get(RegisterBatchRow, batch_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("there is no such import", error_id="no-such-import")
    return row


async def _imported(session: AsyncSession, row: RegisterBatchRow) -> RegisterBatchRow | None:
    return await session.scalar(
        select(RegisterBatchRow)
        .where(
            RegisterBatchRow.sha256 == row.sha256,
            RegisterBatchRow.state == State.DONE.value,
            RegisterBatchRow.id != row.id,
        )
        .order_by(RegisterBatchRow.id.desc())
        .limit(1)
    )


async def _issues(session: AsyncSession, batch_id: int, after: int, limit: int) -> tuple[Issue, ...]:
    rows = await session.scalars(
        select(RegisterIssueRow)
        .where(RegisterIssueRow.batch_id == batch_id, RegisterIssueRow.id > after)
        .order_by(RegisterIssueRow.id)
        .limit(limit)
    )
    return tuple(Issue(row.row_no, row.column, row.reason, row.rejected) for row in rows)


def _batches() -> Select[*tuple[Any, ...]]:
    return select(RegisterBatchRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic).outerjoin(
        UserRow, UserRow.id == RegisterBatchRow.created_by_id
    )


def _batch(row: RegisterBatchRow, by: Row[Any]) -> Batch:
    named: dict[str, Any] = {
        "state": State(row.state),
        "layout": Layout.from_json(row.layout) if row.layout else None,
        "created_by": short_name(by.last_name, by.first_name, by.patronymic),
    }
    return Batch(**named, **{one.name: getattr(row, one.name) for one in fields(Batch) if one.name not in named})


def _csv(rows: Iterable[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    # A heading of the file may be a formula; with an apostrophe it is text (OWASP, "CSV injection").
    writer.writerows([f"'{cell}" if _FORMULA.match(cell) else cell for cell in row] for row in rows)
    return out.getvalue().encode()


def _file_name(name: str) -> str:
    """Keep the last part of a name, without what could make it a path or change the direction of text."""
    plain = "".join(letter for letter in name.replace("\\", "/").rsplit("/", 1)[-1] if letter.isprintable())
    return plain.strip()[-200:] or "file"


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=False)


def _write(path: Path, offset: int, piece: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(piece)
        file.truncate()
