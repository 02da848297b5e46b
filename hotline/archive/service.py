"""Use cases of the archive: store, encode, verify, hold, delete, tell what is missing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.archive import chain, coverage, opus, queries
from hotline.archive.chain import Event, Seal
from hotline.archive.gaps import SETTLED, Gaps
from hotline.archive.model import Archived, Verdict
from hotline.archive.retention import Terms, is_due
from hotline.archive.storage import Storage, look
from hotline.archive.tables import RecordingRow, RecordingSealRow
from hotline.clock import Clock
from hotline.config import AsteriskSettings
from hotline.cti import recordings
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound, Unavailable
from hotline.journal.tables_call import CallRecord
from hotline.staff.audit import audit

QUIET_S = 2.0
"""A file that was written to more recently may still be open: Asterisk closes it a moment after the call's end."""
_LOCK = 0x7365616C73  # "seals": an advisory lock of our own, one seal at a time
ENTITY = "recording"


class Archive:
    """Keeps what Asterisk recorded. ``live`` tells the keys of calls that go on now: their files are not touched."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        servers: list[AsteriskSettings],
        terms: Terms,
        live: Callable[[], set[str]] = set,
    ) -> None:
        self._db = db
        self._clock = clock
        self._folders = {one.name: one.recording_dir for one in servers}
        self._terms = terms
        self._live = live
        self.gaps = Gaps(db, clock)
        """What was not recorded, call by call."""

    # Storing

    async def store(self, key: str) -> bool:
        """Take over Asterisk's file of a finished call: repair its header, measure and seal it.

        The file proves that the call was recorded, also when nobody saw the recording begin. Idempotent: returns
        ``False`` when it is in the archive already.

        :raises Conflict: the call goes on, or its file is still being written; try again in some seconds.
        :raises NotFound: nothing was recorded.
        :raises Unavailable: it is not a WAV file.
        """
        async with self._db.begin() as session:
            if await session.get(RecordingRow, key) is not None:
                return False
        name, folder = self._home(key)
        path = recordings.path_of(folder, key)
        seconds, end, size, sha256 = await asyncio.to_thread(self._take, path, key)
        recorded_at = end - timedelta(seconds=seconds)
        async with self._db.begin() as session:
            await _one_at_a_time(session)
            if await session.get(RecordingRow, key) is not None:
                return False
            now = self._clock.now()
            session.add(
                RecordingRow(
                    call_key=key, asterisk=name, recorded_at=recorded_at, seconds=seconds, stored_at=now,
                    format="wav", file=path.name, size=size, sha256=sha256, peaks=[],
                )
            )  # fmt: skip
            await _seal(session, Event.STORED, key, path.name, size, sha256, now)
            unknown = (CallRecord.key == key, CallRecord.recorded.is_(False))
            await session.execute(update(CallRecord).where(*unknown).values(recorded=True))
        return True

    async def encode(self, key: str) -> bool:
        """Turn a stored recording into Ogg Opus; the WAV files go when the new one was verified and sealed.

        Idempotent: returns ``False`` when there is nothing to do (any more).

        :raises NotFound: it is not in the archive, or its file is gone.
        :raises Unavailable: it could not be encoded or verified; the WAV files stay.
        """
        row = await self._row(key)
        if row.deleted_at is not None:
            return False
        folder = self._folder(row.asterisk)
        if row.format == "wav":
            found = await asyncio.to_thread(recordings.find, folder, key)
            if (await asyncio.to_thread(_measure, found.mixed))[1] != row.sha256:
                # Encoding would seal the change as if it were the original.
                raise Unavailable(f"{row.file} is not what was sealed", error_id="recording-changed")
            draft, target = folder / f"{key}.opus.part", folder / f"{key}.opus"
            sides = (found.incoming, found.outgoing)
            both = (sides[0], sides[1]) if sides[0] is not None and sides[1] is not None else None
            for side in both or ():
                await asyncio.to_thread(recordings.repair, side)
            done = await opus.encode(found.mixed, draft, both)
            size, sha256 = await asyncio.to_thread(_measure, draft)
            await asyncio.to_thread(draft.replace, target)
            async with self._db.begin() as session:
                await _one_at_a_time(session)
                mine = await session.get(RecordingRow, key, with_for_update=True)
                if mine is None or mine.deleted_at is not None or mine.format != "wav":
                    return False
                mine.format, mine.file, mine.size, mine.sha256 = "opus", target.name, size, sha256
                mine.peaks = done.peaks
                await _seal(session, Event.ENCODED, key, target.name, size, sha256, self._clock.now())
        await asyncio.to_thread(_remove, [folder / f"{key}{side}.wav" for side in ("", "-in", "-out")])
        await asyncio.to_thread(_remove_message, recordings.message_of(folder, key), row.seconds)
        return row.format == "wav"

    async def lost(self) -> list[str]:
        """Return the keys of recordings on disk that nobody has stored: the service was down when their calls ended."""
        keys: list[str] = []
        for folder in self._folders.values():
            keys += await asyncio.to_thread(_keys_on_disk, folder)
        async with self._db.begin() as session:
            known = set(await session.scalars(select(RecordingRow.call_key).where(RecordingRow.call_key.in_(keys))))
        return sorted(set(keys) - known - self._live())

    async def raw(self) -> list[str]:
        """Return the keys of recordings that are not encoded yet, oldest first."""
        async with self._db.begin() as session:
            return list(await session.scalars(queries.not_encoded()))

    # Looking

    async def get(self, key: str) -> Archived:
        """Return what the player needs.

        :raises NotFound: it is not in the archive.
        """
        row = await self._row(key)
        async with self._db.begin() as session:
            marks = await queries.marks(session, row)
        kind = "audio/ogg; codecs=opus" if row.format == "opus" else "audio/wav"
        path = self._folder(row.asterisk) / row.file
        return Archived(key, path, kind, row.seconds, row.peaks, marks, row.hold_reason, row.deleted_at)

    async def verify(self, head: str = "") -> Verdict:
        """Check the whole chain and every file that must be on disk.

        :param head: a hash that was written down earlier and must still be in the chain.
        """
        async with self._db.begin() as session:
            rows = await session.scalars(select(RecordingSealRow).order_by(RecordingSealRow.number))
            seals = [queries.seal_of(row) for row in rows]
            homes = dict((await session.execute(select(RecordingRow.call_key, RecordingRow.asterisk))).all())
        findings = chain.check_links(seals, head)
        expected = chain.present(seals)
        for seal in expected:
            folder = self._folders.get(homes.get(seal.call_key, ""))
            found = await asyncio.to_thread(_sha256_or_none, folder / seal.file) if folder else None
            fault = chain.check_file(seal, found)
            if fault is not None:
                findings.append(fault)
        return Verdict(len(seals), len(expected), seals[-1].hash if seals else chain.GENESIS, tuple(findings))

    async def coverage(self, since: datetime, until: datetime) -> coverage.Report:
        """Compare the talk of the calls that ended in a time with their recordings."""
        ended = (CallRecord.ended_at >= since, CallRecord.ended_at < until)
        async with self._db.begin() as session:
            settled = self._clock.now() - SETTLED
            return coverage.report(await queries.conversations(session, *ended, settled=settled))

    async def storage(self) -> dict[str, Storage]:
        """Look at the folders of recordings, by the name of their Asterisk."""
        return {name: await asyncio.to_thread(look, folder) for name, folder in self._folders.items()}

    # Keeping and deleting

    async def hold(self, key: str, reason: str, *, user_id: int | None, ip: str = "") -> None:
        """Put a legal hold on a recording, or lift it with an empty ``reason``; both are audited.

        :raises NotFound: it is not in the archive.
        :raises Conflict: it was deleted.
        :raises BadInput: the reason is too long.
        """
        if len(reason) > 500:
            raise BadInput("a reason has at most 500 characters", details={"reason": "at most 500 characters"})
        async with self._db.begin() as session:
            row = await session.get(RecordingRow, key, with_for_update=True)
            if row is None:
                raise _not_found(key)
            if row.deleted_at is not None:
                raise Conflict("the recording was deleted", error_id="recording-deleted")
            now = self._clock.now()
            row.hold_reason, row.hold_by_id, row.hold_at = reason, user_id, now if reason else None
            action = "hold" if reason else "release"
            audit(session, action, (ENTITY, key), user_id=user_id, at=now, ip=ip, reason=reason)

    async def due(self) -> list[str]:
        """Return the keys of the recordings whose time is over and which nothing keeps, oldest first."""
        now = self._clock.now()
        async with self._db.begin() as session:
            found = await queries.kept(session, now - timedelta(days=self._terms.shortest()))
        return [one.call_key for one in found if is_due(one, self._terms, now)]

    async def retain(self) -> int:
        """Delete what is due; return how many recordings went. Row, seals and an audit entry stay."""
        count = 0
        for key in await self.due():
            count += await self._delete(key)
        return count

    async def _delete(self, key: str) -> bool:
        async with self._db.begin() as session:
            await _one_at_a_time(session)
            row = await session.get(RecordingRow, key, with_for_update=True)
            if row is None or row.deleted_at is not None or row.hold_reason:
                return False  # a hold that was put on meanwhile wins
            folder, now = self._folder(row.asterisk), self._clock.now()
            row.deleted_at, row.peaks = now, []
            await _seal(session, Event.DELETED, key, row.file, row.size, row.sha256, now)
            details = {"file": row.file, "sha256": row.sha256, "seconds": round(row.seconds, 1)}
            audit(session, "delete", (ENTITY, key), user_id=None, at=now, reason="retention", details=details)
            # Inside the transaction: when the disk refuses, nothing says that the file is gone.
            await asyncio.to_thread(
                _remove,
                [
                    folder / f"{key}{end}"
                    for end in (".opus", ".wav", "-in.wav", "-out.wav", f"{recordings.MESSAGE}.wav")
                ],
            )
        return True

    def goes_on(self, key: str) -> bool:
        """Tell whether the call has not ended, so that its recording is still being written."""
        return key in self._live()

    # Helpers

    def _take(self, path: Path, key: str) -> tuple[float, datetime, int, str]:
        if self.goes_on(key):
            raise Conflict("the call goes on", error_id="recording-in-use")
        message = recordings.message_of(path.parent, key)
        if message.is_file() and (not path.is_file() or recordings.duration(path) == 0):
            message.replace(path)  # the call itself could not be recorded: the message is its recording
        if not path.is_file():
            raise _not_found(key)
        end = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if self._clock.now() - end < timedelta(seconds=QUIET_S):
            raise Conflict("the file is still being written", error_id="recording-in-use")
        seconds = recordings.duration(path)
        if seconds == 0:
            raise _not_found(key)
        recordings.repair(path)
        size, sha256 = _measure(path)
        return seconds, end, size, sha256

    async def _row(self, key: str) -> RecordingRow:
        async with self._db.begin() as session:
            row = await session.get(RecordingRow, key)
        if row is None:
            raise _not_found(key)
        return row

    def _home(self, key: str) -> tuple[str, Path]:
        """Return the server of a call and its folder: a key begins with the server's name."""
        name = key.partition("-")[0]
        return name, self._folder(name)

    def _folder(self, asterisk: str) -> Path:
        folder = self._folders.get(asterisk)
        if folder is None:
            raise NotFound("the server of this call is not configured any more", error_id="no-recording")
        return folder


async def _one_at_a_time(session: AsyncSession) -> None:
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


async def _seal(session: AsyncSession, event: Event, key: str, file: str, size: int, sha256: str, at: datetime) -> None:
    """Add a link; the caller holds the lock, so nobody else adds one before this transaction ends."""
    last = await session.scalar(
        select(RecordingSealRow).where(
            RecordingSealRow.number == select(func.max(RecordingSealRow.number)).scalar_subquery()
        )
    )
    number, previous = (last.number + 1, last.hash) if last is not None else (1, chain.GENESIS)
    seal = Seal(number, event, key, file, size, sha256, at, previous)
    session.add(
        RecordingSealRow(
            number=number, event=event.value, call_key=key, file=file, size=size, sha256=sha256, at=at,
            previous=previous, hash=chain.hash_of(seal),
        )
    )  # fmt: skip


def _measure(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _sha256_or_none(path: Path) -> str | None:
    try:
        return _measure(path)[1]
    except FileNotFoundError:
        return None


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _remove_message(path: Path, recorded_s: float) -> None:
    """Delete the separate file of a citizen's message: its sound is in the recording of the call as well.

    Not when it is longer than that recording, or cannot be read: then it may be the only one.
    """
    if path.is_file():
        with suppress(Unavailable):
            if recordings.duration(path) <= recorded_s:
                path.unlink()


def _keys_on_disk(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    stems = {path.stem.removesuffix(recordings.MESSAGE) for path in folder.glob("*.wav")}
    return [stem for stem in sorted(stems) if recordings.KEY.match(stem)]


def _not_found(key: str) -> NotFound:
    return NotFound("this call was not recorded", error_id="no-recording", details={"key": key})
