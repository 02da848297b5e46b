"""Letters about alarms, by SMTP through the job queue (docs/adr/0013-job-queue.md): what fails is tried again.

What is due stands with the alarm (``mail_due_at``): a letter is sent at least once, even if the service is killed
between any two lines. The subject and the text name a queue or an internal number, never a person (DAY-29).
"""

from __future__ import annotations

import asyncio
import logging
import smtplib
import threading
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import procrastinate
import psycopg
from procrastinate import exceptions
from sqlalchemy import select, update

from hotline.archive.jobs import AGAIN_S, SCHEMA, queue_url
from hotline.archive.jobs_pool import FINISH_S, JobsPool
from hotline.board.alarm_rules import OF_QUEUES, Rule
from hotline.board.alarms import rule_of
from hotline.board.store import queue_titles
from hotline.board.tables import AlarmRow, AlarmRuleRow
from hotline.clock import Clock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import HotlineError, Unavailable
from hotline.staff.tables import UserRow

log = logging.getLogger(__name__)

QUEUE = "alarms"
RETRY = procrastinate.RetryStrategy(max_attempts=6, wait=10, exponential_wait=3)
"""10 s, 30 s, 90 s … forty minutes in all: an alarm of yesterday helps nobody."""
TIMEOUT_S = 20.0

Words = Callable[[Rule, str, float], tuple[str, str]]
"""Writes subject and text of a letter: the rule, the queue or internal number, the figure."""


class Mailer:
    """Sends plain letters by the SMTP server of the settings (RFC 5321), with STARTTLS (RFC 3207) or TLS (RFC 8314)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def ready(self) -> bool:
        """Whether a server is named at all."""
        return bool(self._settings.smtp_host)

    async def send(self, letter: EmailMessage) -> None:
        """Send a letter.

        :raises Unavailable: the server did not take it.
        """
        try:
            await _beside(lambda: self._send(letter))
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"the mail server did not take the letter: {error}", error_id="mail-failed") from error

    def _send(self, letter: EmailMessage) -> None:
        its = self._settings
        kind = smtplib.SMTP_SSL if its.smtp_security == "tls" else smtplib.SMTP
        with kind(its.smtp_host, its.smtp_port, timeout=TIMEOUT_S) as server:
            if its.smtp_security == "starttls":
                server.starttls()
            if its.smtp_user:
                server.login(its.smtp_user, its.smtp_password.get_secret_value())
            server.send_message(letter)


async def _beside(work: Callable[[], None]) -> None:
    """Run what blocks in a thread that nobody waits for when the service stops.

    A mail server that hangs takes up to ``TIMEOUT_S`` for each step; the pool of :func:`asyncio.to_thread` is joined at
    the end of the process. A letter that is cut off stays due.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(error: Exception | None) -> None:
        if done.done():  # nobody waits any more
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        failed: Exception | None = None
        try:
            work()
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            failed = error
        with suppress(RuntimeError):  # the loop is closed: the service has stopped
            loop.call_soon_threadsafe(finish, failed)

    threading.Thread(target=run, name="mail", daemon=True).start()
    await done


class AlarmMail:
    """The queue of letters and its worker, in this process."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, words: Words) -> None:
        self._db = database
        self._clock = clock
        self._settings = settings
        self._words = words
        self._mailer = Mailer(settings)
        url = queue_url(settings.database_url.get_secret_value())
        self._pool = JobsPool(url, max_size=2, schema=SCHEMA, name="hotline-mail")
        self.app = procrastinate.App(connector=self._pool.connector)
        self._task = self.app.task(name="alarms.mail", queue=QUEUE, retry=RETRY)(self.send)
        self._worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work; without a mail server nothing is sent, and nothing is started."""
        if self._mailer.ready:
            self._worker = asyncio.create_task(self._keep_working(), name="board:mail")

    async def close(self) -> None:
        """Stop. A letter that is cut off is sent after the next start."""
        if self._worker is not None:
            await self._pool.stop([self._worker], alone=self._db.gone)
            self._worker = None

    async def defer(self, alarm_id: int) -> None:
        """Ask for a letter. What cannot be asked for now is found at the next start of the worker."""
        if not self._mailer.ready:
            return
        with suppress(exceptions.AlreadyEnqueued, exceptions.AppNotOpen, exceptions.ConnectorException):
            await self._task.configure(queueing_lock=f"alarm:{alarm_id}", lock=f"alarm:{alarm_id}").defer_async(
                alarm_id=alarm_id
            )

    async def send(self, alarm_id: int) -> None:
        """Send the letter of an alarm if it is still due.

        :raises Unavailable: the server did not take it; it stays due.
        """
        async with self._db.begin() as session:
            row = (
                await session.execute(
                    select(AlarmRow, AlarmRuleRow)
                    .join(AlarmRuleRow, AlarmRuleRow.id == AlarmRow.rule_id)
                    .where(AlarmRow.id == alarm_id, AlarmRow.mail_due_at.is_not(None))
                )
            ).one_or_none()
        if row is None:
            return
        alarm, rule_row = row
        rule = rule_of(rule_row)
        title = await (self._queue(alarm.subject) if rule.kind in OF_QUEUES else self._extension(int(alarm.subject)))
        subject, text = self._words(rule, title, alarm.value)
        letter = EmailMessage()
        letter["From"] = self._settings.smtp_from
        letter["To"] = ", ".join(rule.emails)
        letter["Subject"] = subject
        letter["Date"] = format_datetime(self._clock.now())
        letter["Message-ID"] = make_msgid(f"alarm{alarm_id}", domain="hotline.invalid")
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        letter.set_content(text)
        await self._mailer.send(letter)
        async with self._db.begin() as session:
            await session.execute(
                update(AlarmRow)
                .where(AlarmRow.id == alarm_id, AlarmRow.mail_due_at == alarm.mail_due_at)
                .values(mail_due_at=None)
            )
        log.info("alarm %d: %d people were told by e-mail", alarm_id, len(rule.emails))

    async def _queue(self, code: str) -> str:
        async with self._db.begin() as session:
            return (await queue_titles(session)).get(code, code)

    async def _extension(self, user_id: int) -> str:
        async with self._db.begin() as session:
            return await session.scalar(select(UserRow.extension).where(UserRow.id == user_id)) or "—"

    async def due(self) -> list[int]:
        """Return the alarms whose letter is due."""
        async with self._db.begin() as session:
            return list(await session.scalars(select(AlarmRow.id).where(AlarmRow.mail_due_at.is_not(None))))

    async def _keep_working(self) -> None:
        while not self._pool.closing:
            try:
                async with self.app.open_async():
                    for alarm_id in await self.due():
                        await self.defer(alarm_id)
                    await self.app.run_worker_async(
                        queues=[QUEUE],
                        install_signal_handlers=False,
                        delete_jobs="successful",
                        shutdown_graceful_timeout=FINISH_S,
                    )
            except (exceptions.ConnectorException, psycopg.Error, HotlineError, OSError) as error:
                log.warning("the letters about alarms wait: %s", error)
            await self._pool.pause(AGAIN_S)
