"""Background work on recordings, by procrastinate on our PostgreSQL (docs/adr/0013-job-queue.md).

A job is a row that outlives every crash; what fails is tried again, later and later. The end of a call defers
``store``, that defers ``encode``. A job whose process died in the middle of it is begun again by whoever lives: until
then its lock would keep the recording from every other job. Every quarter of an hour ``sweep`` defers what was missed
while the service was down, every night ``retain`` deletes what has had its time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import procrastinate
import psycopg
from procrastinate import exceptions
from procrastinate.jobs import Job, Status
from procrastinate.tasks import Task
from prometheus_client import Counter, Gauge
from sqlalchemy import make_url

from hotline.archive.jobs_pool import FINISH_S, JobsPool
from hotline.archive.service import Archive
from hotline.cti.model import CallEvent, CallEventKind, Direction, Outcome
from hotline.errors import Conflict, HotlineError, NotFound, Unavailable

log = logging.getLogger(__name__)

QUEUE = "recordings"
SCHEMA = "jobs"
AFTER_CALL_S = 4
"""Asterisk has closed the files by then."""
AGAIN_S = 5.0
DEAD_AFTER_S = 30.0
"""A worker that gave no sign of life for so long is dead; it gives one every ten seconds (procrastinate, "Workers")."""
LOOK_FOR_STALLED_S = 5.0
RETRY = procrastinate.RetryStrategy(max_attempts=8, wait=5, exponential_wait=3)
"""5 s, 15 s, 45 s … about 5 hours in all: long enough to mend a full disk."""

JOBS = Counter("hotline_recording_jobs_total", "Background jobs on recordings.", ["job", "result"])
WAITING = Gauge("hotline_recordings_waiting", "Recordings that are not encoded yet.")
GAPS = Counter("hotline_recording_gaps_total", "Conversations that miss more than a second of their recording.")
MISSING = Counter("hotline_recording_missing_seconds_total", "Seconds of conversations that were not recorded.")
DELETED = Counter("hotline_recordings_deleted_total", "Recordings deleted at the end of their time.")


def queue_url(database_url: str) -> str:
    """Return the address of the same database for psycopg (libpq's URI)."""
    return make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)


class RecordingJobs:
    """The queue and its worker, in this process. The heavy part, the codec, is a process of its own."""

    def __init__(self, archive: Archive, database_url: str) -> None:
        self._archive = archive
        self._pool = JobsPool(queue_url(database_url), max_size=4, schema=SCHEMA, name="hotline-jobs")
        self.app = procrastinate.App(connector=self._pool.connector)
        self._store = self._task("store", self._run_store)
        self._encode = self._task("encode", self._run_encode)
        sweep = self.app.task(name="recordings.sweep", queue=QUEUE, queueing_lock="sweep")(self._run_sweep)
        self.app.periodic(cron="*/15 * * * *")(sweep)
        retain = self.app.task(name="recordings.retain", queue=QUEUE, queueing_lock="retain")(self._run_retain)
        self.app.periodic(cron="40 0 * * *")(retain)
        self._tasks: list[asyncio.Task[None]] = []

    def _task(self, name: str, work: Callable[[str], Awaitable[None]]) -> Task[[str], Awaitable[None], [str]]:
        return self.app.task(name=f"recordings.{name}", queue=QUEUE, retry=RETRY)(work)

    def start(self) -> None:
        """Begin to work; waits for the database as long as it takes."""
        self._tasks = [
            asyncio.create_task(self._keep_working(), name="archive.jobs"),
            asyncio.create_task(self._keep_reviving(), name="archive.jobs.stalled"),
        ]

    async def close(self, *, alone: bool = False) -> None:
        """Stop within some seconds. A job that is cut off is taken up again after the next start.

        :param alone: the database is known to be away.
        """
        await self._pool.stop(self._tasks, alone=alone)

    async def on_event(self, event: CallEvent) -> None:
        """Subscribed to the bus: a call has ended, its recording is complete.

        A talk with a citizen is looked for even if nobody saw its recording begin: there is a file, or a gap. So is a
        message that he left.
        """
        call = event.call
        talked = call.answered_at is not None and call.direction is not Direction.INTERNAL
        wanted = call.recorded or talked or call.outcome is Outcome.VOICEMAIL
        if event.kind is CallEventKind.ENDED and wanted:
            await self.defer_store(call.key)

    async def defer_store(self, key: str) -> None:
        """Ask for a recording to be taken over. While the database is away nothing is lost: ``sweep`` finds it."""
        with suppress(exceptions.AlreadyEnqueued, exceptions.AppNotOpen, exceptions.ConnectorException):
            await self._store.configure(
                queueing_lock=f"store:{key}", lock=key, schedule_in={"seconds": AFTER_CALL_S}
            ).defer_async(key=key)

    async def _keep_working(self) -> None:
        while not self._pool.closing:
            try:
                async with self.app.open_async():
                    await self._defer_missed()
                    await self.app.run_worker_async(
                        queues=[QUEUE],
                        install_signal_handlers=False,
                        delete_jobs="successful",
                        shutdown_graceful_timeout=FINISH_S,
                    )
            except (exceptions.ConnectorException, psycopg.Error, HotlineError, OSError) as error:
                log.warning("the recordings' jobs wait for the database: %s", error)
            await self._pool.pause(AGAIN_S)

    async def _keep_reviving(self) -> None:
        while True:
            # While the database is away, ``_keep_working`` says so.
            with suppress(exceptions.AppNotOpen, exceptions.ConnectorException, psycopg.Error):
                stalled = await self.app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=DEAD_AFTER_S)
                for job in stalled:
                    await self._revive(job)
            await asyncio.sleep(LOOK_FOR_STALLED_S)

    async def _revive(self, job: Job) -> None:
        """Let a job be done whose worker died. Every job may be begun twice: each looks first what is there."""
        log.warning("%s(%s) was cut off with its process and is begun again", job.task_name, job.task_kwargs)
        try:
            await self.app.job_manager.retry_job(job)
        except exceptions.UniqueViolation:  # the start has asked for the same anew: that one needs the lock
            await self.app.job_manager.finish_job(job, Status.FAILED, delete_job=True)

    async def _run_store(self, key: str) -> None:
        if self._archive.goes_on(key):  # found on the disk after a restart; its end will ask again
            return
        try:
            new = await self._archive.store(key)
        except NotFound as error:
            _count("store", "nothing")
            log.warning("call %s should have been recorded: %s", key, error)
            await self._count_gap(key)
            return
        except (Conflict, Unavailable):
            _count("store", "again")
            raise
        _count("store", "done")
        if new:
            await self._count_gap(key)
        await self._defer_encode(key)

    async def _count_gap(self, key: str) -> None:
        gap = await self._archive.gaps.of_call(key)
        if gap is not None:
            GAPS.inc()
            MISSING.inc(gap.missing_s)
            log.warning("call %s: %.1f s of %.1f s were not recorded", key, gap.missing_s, gap.talked_s)

    async def _run_encode(self, key: str) -> None:
        try:
            await self._archive.encode(key)
        except HotlineError as error:
            _count("encode", "again")
            log.warning("recording %s stays a WAV file for now: %s", key, error)
            raise
        _count("encode", "done")
        log.info("recording %s is kept as Opus", key)

    async def _run_sweep(self, timestamp: int) -> None:
        await self._defer_missed()

    async def _run_retain(self, timestamp: int) -> None:
        count = await self._archive.retain()
        DELETED.inc(count)
        log.info("%d recordings were deleted at the end of their time", count)

    async def _defer_missed(self) -> None:
        for key in await self._archive.lost():
            await self.defer_store(key)
        waiting = await self._archive.raw()
        WAITING.set(len(waiting))
        for key in waiting:
            await self._defer_encode(key)

    async def _defer_encode(self, key: str) -> None:
        with suppress(exceptions.AlreadyEnqueued):
            await self._encode.configure(queueing_lock=f"encode:{key}", lock=key).defer_async(key=key)


def _count(job: str, result: str) -> None:
    JOBS.labels(job, result).inc()
