"""Whole programs, however many processes they are: killed, paused, continued (proc(5), signal(7))."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path


def tree(pid: int) -> list[int]:
    """Return ``pid`` and all its descendants, parents first."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it has just ended
                fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a program and all that it has started. Those who are stopped start nobody anew."""
    for one in tree(pid):
        with suppress(ProcessLookupError):
            os.kill(one, number)


async def passing(seconds: float) -> None:
    """Let time go by: here it is the fault that lasts, not what is waited for."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
