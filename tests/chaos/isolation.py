"""A world of its own for chaos: namespaces in which everything dies, is unmounted and is disconnected with us.

The whole run lives in private mount, network and process namespaces (namespaces(7)): its ports meet nobody's, a network
may be cut and a disk filled, and when its first process ends, by whatever, the kernel ends and unmounts all of it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from hotline.stand.postgres import die_with_parent

INSIDE = "HOTLINE_CHAOS_INSIDE"
TELEPHONY, SERVICE_TEL = "10.99.1.1", "10.99.1.2"
"""The network between service and Asterisk: its two ends."""
PUBLIC, SERVICE_WEB = "10.99.2.1", "10.99.2.2"
"""The network between browsers (and their proxy) and the service."""
NOTHING_PASSES = ("tbf", "rate", "8bit", "burst", "10", "limit", "1")
"""A queue whose bucket is smaller than any packet: all are dropped without a word (tc-tbf(8))."""


def enter(module: str, arguments: Sequence[str]) -> None:
    """Become the first process of new namespaces that runs ``python -m module``; return at once when inside already.

    :raises PermissionError: this user may not make namespaces.
    """
    if os.environ.get(INSIDE):
        return
    words = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if missing := [name for name in ("unshare", "nsenter", "ip", "tc", "mount") if shutil.which(name) is None]:
        raise PermissionError(f"missing programs (packages util-linux, iproute2): {', '.join(missing)}")
    tried = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise PermissionError(f"namespaces cannot be made here, run it as root: {tried.stderr.strip()}")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", [*words, sys.executable, "-m", module, *arguments])


async def run(*words: str) -> None:
    """Run a program of the system.

    :raises RuntimeError: it failed; with its own words.
    """
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: {output.decode(errors='replace').strip()}")


class Wires:
    """The service's own network namespace, and the two cables that lead into it."""

    def __init__(self, holder: asyncio.subprocess.Process) -> None:
        self._holder = holder

    @property
    def within(self) -> tuple[str, ...]:
        """Words that start a program on the service's side."""
        return ("nsenter", f"--net=/proc/{self._holder.pid}/ns/net", "--")

    async def cut(self) -> None:
        """Let nothing pass between service and Asterisk, in either direction; both only notice the silence."""
        await run("tc", "qdisc", "replace", "dev", "tel0", "root", *NOTHING_PASSES)
        await run(*self.within, "tc", "qdisc", "replace", "dev", "tel1", "root", *NOTHING_PASSES)

    async def mend(self) -> None:
        """Let everything pass again."""
        await run("tc", "qdisc", "del", "dev", "tel0", "root")
        await run(*self.within, "tc", "qdisc", "del", "dev", "tel1", "root")

    async def lay(self) -> None:
        """Lay both cables."""
        await run("ip", "link", "set", "lo", "up")
        pairs = (("tel0", TELEPHONY, "tel1", SERVICE_TEL), ("web0", PUBLIC, "web1", SERVICE_WEB))
        await run(*self.within, "ip", "link", "set", "lo", "up")
        for near, address, far, other in pairs:
            await run(
                *("ip", "link", "add", near, "type", "veth"), *("peer", "name", far, "netns", str(self._holder.pid))
            )
            await run("ip", "addr", "add", f"{address}/24", "dev", near)
            await run("ip", "link", "set", near, "up")
            await run(*self.within, "ip", "addr", "add", f"{other}/24", "dev", far)
            await run(*self.within, "ip", "link", "set", far, "up")


@asynccontextmanager
async def wires() -> AsyncIterator[Wires]:
    """Lay the cables; tear them out at the end, together with the namespace."""
    holder = await asyncio.create_subprocess_exec(
        *("unshare", "--net", "sh", "-c", "echo ready; exec sleep infinity"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl+C reaches us, not it
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    try:
        assert holder.stdout is not None
        await holder.stdout.readline()
        made = Wires(holder)
        await made.lay()
        yield made
    finally:
        holder.kill()
        await holder.wait()
        for near in ("tel0", "web0"):  # they go with their other ends, but only some time later
            await asyncio.to_thread(subprocess.run, ["ip", "link", "del", near], check=False, capture_output=True)


class Disk:
    """A small file system in memory, to be filled up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leave not a byte free."""
        block = bytes(1 << 16)
        with self._filler.open("wb", buffering=0) as file:
            while block:
                try:
                    file.write(block)
                except OSError:  # ENOSPC: smaller pieces may still fit
                    block = block[: len(block) // 2]

    def empty(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)

    @property
    def _filler(self) -> Path:
        return self.folder / "filler-of-chaos"


@asynccontextmanager
async def disk(folder: Path, *, megabytes: int) -> AsyncIterator[Disk]:
    """Mount an empty disk on ``folder``, unmount it at the end."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "hotline-chaos", str(folder))
    try:
        yield Disk(folder)
    finally:
        await run("umount", "--lazy", str(folder))
