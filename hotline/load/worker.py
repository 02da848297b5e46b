"""A process full of operators: see hotline/load/fleet.py."""

from __future__ import annotations

import asyncio
import sys

import msgspec

from hotline.errors import HotlineError
from hotline.load.facts import Spent
from hotline.load.fleet import Failed, Job, News, Opened, Started, encode, processor_seconds
from hotline.load.operators import Team


def say(news: News) -> None:
    """Write one line to whoever started us."""
    sys.stdout.buffer.write(encode(news) + b"\n")
    sys.stdout.buffer.flush()


async def run() -> None:
    """Work until the input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 26)  # the timetable of a whole day is one line
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    job = msgspec.json.decode(await reader.readline(), type=Job)
    team = Team(job.url, job.people, {plan.caller: plan for plan in job.plans}, say)
    began = processor_seconds()
    try:
        say(Opened(await team.open()))
        await team.start(msgspec.json.decode(await reader.readline(), type=list[str]))
        say(Started())
        await reader.read()
    except HotlineError as error:
        say(Failed(error.message))
    finally:
        await team.close()
        say(Spent(processor_seconds() - began, team.talk_s))


if __name__ == "__main__":
    asyncio.run(run())
