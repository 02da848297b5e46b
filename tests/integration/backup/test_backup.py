"""Backup and restore on a real PostgreSQL, with pg_dump, real recordings and files of cards (issue 6)."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, insert

from hotline.archive.retention import Terms
from hotline.archive.service import Archive
from hotline.backup import files, making
from hotline.backup.files import Failure
from hotline.backup.making import BackupMaker
from hotline.backup.manifest import Manifest
from hotline.backup.plan import Places, Plan
from hotline.backup.plan import read_plan as plan_of
from hotline.backup.postgres import Server, own_objects
from hotline.cli import main
from hotline.clock import Clock, FakeClock, SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.journal.tables_card import AttachmentRow
from hotline.stand.postgres import PrivateCluster
from hotline.stand.tones import sine, write_wav
from tests.integration.journal.world import World, make_world

Rows = dict[str, str]


async def digests(connection: asyncpg.Connection) -> Rows:
    """The content of every table as this connection sees it."""
    tables = await connection.fetch(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'jobs') ORDER BY 1, 2"
    )
    return {
        f"{schema}.{table}": await connection.fetchval(
            f"SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) "
            f'FROM "{schema}"."{table}" t'
        )
        for schema, table in tables
    }


@dataclass
class House:
    """A hotline with a database, a folder of recordings and one of files, and where its backups go."""

    url: str
    root: Path
    backups: Path
    told: list[str] = field(default_factory=list)

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOTLINE_DATABASE_URL": self.url,
            "HOTLINE_ATTACHMENT_DIR": str(self.root / "files"),
            "HOTLINE_ASTERISKS": json.dumps([{"name": "pbx1", "recording_dir": str(self.recordings)}]),
        }

    @property
    def settings(self) -> Settings:
        return Settings(
            database_url=self.url,
            attachment_dir=self.root / "files",
            asterisks=json.loads(self.environment["HOTLINE_ASTERISKS"]),
        )

    def maker(self, inside: making.Inside | None = None, clock: Clock | None = None) -> BackupMaker:
        places = Places(self.settings)
        return BackupMaker(Server(self.url), places, self.backups, clock or SystemClock(), self.told.append, inside)

    async def run(self, *words: str) -> Result:
        """Run ``hotline …`` as this installation's administrator."""
        runner = CliRunner(env=self.environment)
        return await asyncio.to_thread(runner.invoke, main, list(words))

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        database = Database.connect(self.url, pool_size=4)
        try:
            yield database
        finally:
            await database.close()

    async def rows(self) -> Rows:
        async with Server(self.url).connect() as connection:
            return await digests(connection)

    def on_disk(self) -> dict[str, str]:
        """Name and SHA-256 of every recording and file of a card."""
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


def key_of(number: int) -> str:
    return f"pbx1-1763622000.{number}"


async def record(house: House, db: Database, clock: FakeClock, number: int, *, encoded: bool = True) -> None:
    """A recording that the archive has taken over."""
    archive = Archive(db, clock, house.settings.asterisks, Terms(365))
    ended = clock.now().timestamp() - 60
    for side, hz in (("-in", 440.0), ("-out", 700.0), ("", 440.0)):
        path = write_wav(house.recordings / f"{key_of(number)}{side}.wav", sine(hz, 0.2 + number / 100))
        os.utime(path, (ended, ended))
    assert await archive.store(key_of(number))
    assert not encoded or await archive.encode(key_of(number))


async def attach(house: House, world: World, appeal_id: int, content: bytes) -> Path:
    """A file of a card, stored as the journal stores it."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = house.root / "files" / sha256[:2] / sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    async with world.db.begin() as session:
        await session.execute(
            insert(AttachmentRow).values(
                appeal_id=appeal_id, name="Полис.pdf", kind="other", mime="application/pdf", size=len(content),
                sha256=sha256, av_status="clean", uploaded_by_id=world.people["op101"].id,
                uploaded_at=world.clock.now(),
            )
        )  # fmt: skip
    return path


@pytest.fixture
async def house(demo_db_url: str, tmp_path: Path, clock: FakeClock) -> House:
    """Appeals, calls, three recordings (one not encoded yet) and two files of cards."""
    house = House(demo_db_url, tmp_path / "old", tmp_path / "backups")
    house.recordings.mkdir(parents=True)
    async with house.database() as db:
        world = await make_world(db, clock)
        for number in range(3):
            await world.journal.calls.record(world.call())
            appeal = await world.save()
            await record(house, db, clock, number, encoded=number < 2)
            if number:
                await attach(house, world, appeal.id, b"%PDF-" + bytes([number]) * 4000)
    return house


@pytest.fixture
async def fresh(pg_cluster: PrivateCluster, house: House, tmp_path: Path) -> AsyncIterator[House]:
    """An installation with nothing in it, on the backups of ``house``."""
    name = f"fresh_{uuid.uuid4().hex[:12]}"
    yield House(await pg_cluster.create_database(name), tmp_path / "new", house.backups)
    await pg_cluster.drop_database(name)


async def test_what_is_restored_is_the_snapshot_although_people_worked_on(
    house: House, fresh: House, clock: FakeClock
) -> None:
    """Issue 6, "backup and restore tested": every row, recording and file of the moment of the snapshot."""
    seen: Rows = {}
    present: dict[str, str] = {}
    written = asyncio.Event()

    async def inside(connection: asyncpg.Connection) -> None:
        seen.update(await digests(connection))
        names = {f"recordings/{row['file']}" for row in await connection.fetch("SELECT file FROM recording")}
        shas = {row["sha256"] for row in await connection.fetch("SELECT sha256 FROM attachment")}
        names |= {f"files/{sha[:2]}/{sha}" for sha in shas}
        present.update({name: sha for name, sha in house.on_disk().items() if name in names})

    async def work() -> None:
        async with house.database() as db:
            world = await make_world(db, clock)
            for number in itertools.count(100):
                await world.journal.calls.record(world.call())
                appeal = await world.save()
                await record(house, db, clock, number)
                await attach(house, world, appeal.id, b"%PDF-" + str(number).encode())
                written.set()

    working = asyncio.create_task(work())
    async with asyncio.timeout(120):
        await written.wait()
        manifest = await house.maker(inside).make()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert working.cancelled()
    assert manifest.faults == ()
    assert seen != await house.rows()

    done = await fresh.run("restore", str(fresh.backups))

    assert done.exit_code == 0, done.output
    assert "is restored" in done.output
    assert await fresh.rows() == seen
    restored = fresh.on_disk()
    assert present.items() <= restored.items()
    assert {"recordings/" + name for name in (f"{key_of(2)}-in.wav", f"{key_of(2)}-out.wav")} <= restored.keys()
    verified = await fresh.run("recordings", "verify", "--head", manifest.head)
    assert verified.exit_code == 0, verified.output
    async with fresh.database() as db:
        world = await make_world(db, clock)
        assert (await world.save()).number


async def test_a_second_backup_copies_only_what_is_new_and_old_ones_go(house: House, clock: FakeClock) -> None:
    first = await house.maker(clock=clock).make()
    before = {path: path.stat().st_ino for path in (house.backups / files.POOL).glob("*/*")}
    async with house.database() as db:
        await record(house, db, clock, 50)
        async with db.begin() as session:
            await session.execute(delete(AttachmentRow))
    clock.advance(timedelta(days=1))
    second = await house.maker(clock=clock).make()
    after = {path: path.stat().st_ino for path in (house.backups / files.POOL).glob("*/*")}
    assert before.items() < after.items()
    assert len(after) - len(before) == 1
    assert files.backups(house.backups) == [first.id, second.id]
    assert files.thin_out(house.backups, 1) == [first.id]
    left = {path.name for path in (house.backups / files.POOL).glob("*/*")}
    assert left == {one.sha256 for one in second.contents} < {path.name for path in after}
    assert (await house.run("backup", "--check", str(house.backups))).exit_code == 0


def pool_files(house: House, manifest: Manifest) -> Iterator[Path]:
    for one in manifest.contents:
        yield files.pooled(house.backups, one.sha256)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def largest_dump(house: House, manifest: Manifest) -> Path:
    return max((house.backups / manifest.id / making.DATABASE).iterdir(), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("what", ["a flipped byte", "a cut dump", "a missing file", "a changed manifest"])
async def test_a_damaged_backup_is_told_and_not_restored(house: House, fresh: House, what: str) -> None:
    """Each fault by name, exit status 3, and the target as empty as it was."""
    manifest = await house.maker().make()
    victim = next(pool_files(house, manifest))
    match what:
        case "a flipped byte":
            flip(victim)
            expected = "CHANGED: recording"
        case "a cut dump":
            dump = largest_dump(house, manifest)
            os.truncate(dump, dump.stat().st_size - 1)
            expected = f"CUT: database/{dump.name}"
        case "a missing file":
            victim.unlink()
            expected = "MISSING: recording"
        case _:
            path = house.backups / manifest.id / "manifest.json"
            path.write_text(path.read_text().replace(manifest.head, "0" * 64))
            expected = "the manifest was changed"
    for words in (("restore", str(house.backups)), ("backup", "--check", str(house.backups))):
        done = await fresh.run(*words)
        assert done.exit_code == Failure.DAMAGED, done.output
        assert expected in done.output
    async with Server(fresh.url).connect() as connection:
        assert await own_objects(connection) == 0
    assert fresh.on_disk() == {}


async def test_a_restore_over_something_needs_the_word(house: House, fresh: House, clock: FakeClock) -> None:
    """A database with anything in it is refused; its name as the word throws it away. A running service is refused."""
    await house.maker().make()
    wanted = await house.rows()
    async with house.database() as db:
        await (await make_world(db, clock)).save()  # changed since
        assert await db.answers(5)
        busy = await house.run("restore", "--overwrite", database_name(house), str(house.backups))
        assert busy.exit_code == Failure.REFUSED
        assert "stop the service first: hotline" in busy.output
    refused = await house.run("restore", str(house.backups))
    assert refused.exit_code == Failure.REFUSED
    assert "is not empty" in refused.output
    wrong = await house.run("restore", "--overwrite", "postgres", str(house.backups))
    assert wrong.exit_code == Failure.REFUSED
    assert await house.rows() != wanted
    done = await house.run("restore", "--overwrite", database_name(house), str(house.backups))
    assert done.exit_code == 0, done.output
    assert await house.rows() == wanted


def database_name(house: House) -> str:
    return Server(house.url).environment()["PGDATABASE"]


async def test_what_is_wrong_with_the_system_does_not_stop_its_backup(house: House, fresh: House) -> None:
    """A recording that is gone or changed is told with exit status 3; all the rest is in the backup and comes back."""
    (house.recordings / f"{key_of(0)}.opus").unlink()
    flip(house.recordings / f"{key_of(1)}.opus")
    made = await house.run("backup", str(house.backups))
    assert made.exit_code == Failure.DAMAGED
    assert f"MISSING: recording {key_of(0)}.opus" in made.output
    assert f"CHANGED: recording {key_of(1)}.opus" in made.output
    done = await fresh.run("restore", str(fresh.backups))
    assert done.exit_code == 0, done.output
    assert f"MISSING: recording {key_of(0)}.opus" in done.output
    assert f"recordings/{key_of(2)}.wav" in fresh.on_disk()


async def test_a_file_that_moves_during_the_backup_costs_another_snapshot(
    house: House, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call ends after the first look, and its WAV file is encoded just after the snapshot named it."""
    looks = itertools.count(1)

    async def read_plan(connection: asyncpg.Connection, places: Places) -> Plan:
        look, plan = next(looks), await plan_of(connection, places)
        async with house.database() as db:
            if look == 1:
                await record(house, db, clock, 77, encoded=False)
            elif look == 2:
                assert await Archive(db, clock, house.settings.asterisks, Terms(365)).encode(key_of(77))
        return plan

    monkeypatch.setattr(making, "read_plan", read_plan)
    manifest = await house.maker().make()
    assert next(looks) == 4
    assert [line for line in house.told if "snapshot" in line] == ["1 files moved meanwhile: another snapshot"]
    assert manifest.faults == ()
    assert f"{key_of(77)}.opus" in {one.name for one in manifest.contents}


async def test_an_interrupted_backup_goes_on(house: House) -> None:
    """Killed at any line: what is whole stays and is not copied again, halves go, and no half backup is believed."""
    whole = await house.maker().make()
    shutil.rmtree(house.backups / whole.id)
    (house.backups / "20260101T000000Z.part").mkdir()
    kept, cut = list(pool_files(house, whole))[:2]
    inode = kept.stat().st_ino
    os.truncate(cut, 10)
    assert (await house.run("restore", str(house.backups))).exit_code == Failure.REFUSED
    again = await house.maker().make()
    assert kept.stat().st_ino == inode
    assert {one.sha256 for one in again.contents} == {one.sha256 for one in whole.contents}
    assert not list(house.backups.glob("*.part"))
    assert (await house.run("backup", "--check", str(house.backups))).exit_code == 0


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A disk of so many kilobytes; skips where this user may not have one."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("kilobytes", "spare", "told"),
    [(4096, making.SPARE, "GB free"), (4, -(10**12), "no room left"), (120, -(10**12), "No space left")],
    ids=["before anything", "in the files", "in the dump"],
)
async def test_a_full_disk_is_told(  # the last two: what filled the disk came after it was looked at
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kilobytes: int, spare: int, told: str
) -> None:
    """Exit status 5 at whatever stage, and no unfinished backup is taken for one."""
    monkeypatch.setattr(making, "SPARE", spare)
    with small_disk(tmp_path / "small", kilobytes) as small:
        made = await house.run("backup", str(small))
        assert made.exit_code == Failure.NO_ROOM, made.output
        assert told in made.output
        assert files.backups(small) == []


async def test_a_file_without_room_is_told(house: House) -> None:
    """The same in the middle of a file, for any user: the kernel's own full device stands where the copy goes."""
    async with Server(house.url).connect() as connection:
        sha256 = await connection.fetchval("SELECT sha256 FROM attachment LIMIT 1")
    target = files.pooled(house.backups, sha256)
    target.parent.mkdir(parents=True)
    target.with_name(f"{sha256}.part").symlink_to("/dev/full")
    made = await house.run("backup", str(house.backups))
    assert made.exit_code == Failure.NO_ROOM, made.output
    assert files.backups(house.backups) == []
    again = await house.run("backup", str(house.backups))
    assert again.exit_code == 0, again.output


async def test_one_at_a_time(house: House) -> None:
    with files.locked(house.backups):
        refused = await house.run("backup", str(house.backups))
    assert refused.exit_code == Failure.REFUSED
    assert "another backup" in refused.output


async def test_a_backup_of_a_newer_program_is_refused(house: House, fresh: House) -> None:
    async with Server(house.url).connect() as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await house.maker().make()
    refused = await fresh.run("restore", str(house.backups))
    assert refused.exit_code == Failure.REFUSED
    assert "the schema 9999, which this version" in refused.output
