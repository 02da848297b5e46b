"""Counts reports in the background, by the job queue (docs/adr/0013-job-queue.md), one at a time.

The row of the report says what is still to be counted: a job that died with its process is replaced at the next start,
and counting again what was half counted does no harm.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

import procrastinate
import psycopg
from procrastinate import exceptions
from procrastinate.jobs import Job, Status

from hotline.archive.jobs import AGAIN_S, DEAD_AFTER_S, SCHEMA, queue_url
from hotline.archive.jobs_pool import FINISH_S, JobsPool
from hotline.errors import HotlineError
from hotline.events import Bus
from hotline.stats.reports import ReportAsked, Reports

log = logging.getLogger(__name__)

QUEUE = "statistics"
LOOK_S = 10.0
TRIES = 5
RETRY = procrastinate.RetryStrategy(max_attempts=TRIES, wait=5, exponential_wait=3)


class ReportJobs:
    """The queue of reports and its worker, in this process; PostgreSQL does the work."""

    def __init__(self, reports: Reports, database_url: str, bus: Bus) -> None:
        self._reports = reports
        self._bus = bus
        self._pool = JobsPool(queue_url(database_url), max_size=2, schema=SCHEMA, name="hotline-reports")
        self.app = procrastinate.App(connector=self._pool.connector)
        self._task = self.app.task(name="statistics.report", queue=QUEUE, retry=RETRY, pass_context=True)(self._count)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work; waits for the database as long as it takes."""
        self._bus.subscribe(ReportAsked, handler=self._asked, name="stats.reports")
        self._tasks = [
            asyncio.create_task(self._keep_working(), name="stats:reports"),
            asyncio.create_task(self._keep_looking(), name="stats:reports:stalled"),
        ]

    async def close(self) -> None:
        """Stop. A report that is cut off is counted after the next start."""
        await self._pool.stop(self._tasks)

    async def _asked(self, event: ReportAsked) -> None:
        await self._defer(event.report_id)

    async def _defer(self, report_id: int) -> None:
        """Ask for a report. What cannot be asked for now is found by the next look."""
        with suppress(exceptions.AlreadyEnqueued, exceptions.AppNotOpen, exceptions.ConnectorException):
            await self._task.configure(queueing_lock=f"report:{report_id}", lock=f"report:{report_id}").defer_async(
                report_id=report_id
            )

    async def _count(self, context: procrastinate.JobContext, report_id: int) -> None:
        try:
            await self._reports.count(report_id)
        except HotlineError as error:
            log.warning("report %d is not counted yet: %s", report_id, error)
            if context.job.attempts + 1 >= TRIES:
                await self._reports.fail(report_id)
            raise
        log.info("report %d is counted", report_id)

    async def _keep_working(self) -> None:
        while not self._pool.closing:
            try:
                async with self.app.open_async():
                    await self._look()
                    await self.app.run_worker_async(
                        queues=[QUEUE],
                        install_signal_handlers=False,
                        delete_jobs="successful",
                        shutdown_graceful_timeout=FINISH_S,
                    )
            except (exceptions.ConnectorException, psycopg.Error, HotlineError, OSError) as error:
                log.warning("the reports wait for the database: %s", error)
            await self._pool.pause(AGAIN_S)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            # While the database is away, ``_keep_working`` says so.
            with suppress(exceptions.AppNotOpen, exceptions.ConnectorException, psycopg.Error, HotlineError):
                await self._look()

    async def _look(self) -> None:
        """Begin again what died with its process, and ask for what nobody has asked for."""
        for job in await self.app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=DEAD_AFTER_S):
            await self._revive(job)
        for report_id in await self._reports.unfinished():
            await self._defer(report_id)

    async def _revive(self, job: Job) -> None:
        log.warning("%s(%s) was cut off with its process and is begun again", job.task_name, job.task_kwargs)
        try:
            await self.app.job_manager.retry_job(job)
        except exceptions.UniqueViolation:  # it was asked for anew: that one needs the lock
            await self.app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
