"""Where Asterisk 22 and SIPp come from: the system's packages, else a private root folder built once and kept.

Debian 12 has no Asterisk. The package of Debian's ``testing`` suite needs a newer C library than Debian 12's, so it is
unpacked together with its libraries into a folder of its own and every program there is started through that folder's
own dynamic loader (ld.so(8), ``--library-path``). No chroot, no container, no change to the system.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hotline.errors import Unavailable

log = logging.getLogger(__name__)

SUITE = "testing"
PACKAGES = (
    "asterisk",
    "asterisk-modules",
    "asterisk-core-sounds-ru-wav",
    "asterisk-core-sounds-en-wav",
    "asterisk-moh-opsound-wav",
    "sip-tester",
    "espeak-ng",
)
# A mirror's copy of a suite may be older than the expiry date written in it; the signature is still checked.
APT_OPTIONS = ('Acquire::Check-Valid-Until "false"', 'APT::Install-Recommends "false"')
RECIPE = 1  # raise when the way of building changes
MAJOR = 22


@dataclass(frozen=True, slots=True)
class AsteriskRoot:
    """One installation. ``root`` is ``/`` for the system's own, else the folder that was unpacked."""

    root: Path

    @property
    def _libraries(self) -> Path:
        return next((self.root / "usr/lib").glob("*-linux-gnu"))

    @property
    def modules(self) -> Path:
        """Folder of Asterisk's loadable modules."""
        return self._libraries / "asterisk/modules"

    @property
    def share(self) -> Path:
        """Folder of Asterisk's sounds, music and documentation."""
        return self.root / "usr/share/asterisk"

    def command(self, program: str) -> list[str]:
        """Return the words that start ``program`` (a path below the root such as ``usr/sbin/asterisk``)."""
        path = self.root / program
        if self.root == Path("/"):
            return [str(path)]
        loader = next(self.root.glob("usr/lib*/ld-linux*.so.*"))
        # PulseAudio's client library (of eSpeak NG) keeps a part of itself in a folder of its own.
        libraries = f"{self._libraries}:{self._libraries / 'pulseaudio'}"
        return [str(loader), "--library-path", libraries, str(path)]

    def sipp(self) -> list[str]:
        """Return the words that start SIPp (3.7 or later: Debian 12's own cannot be told its media ports)."""
        return self.command("usr/bin/sipp")

    def espeak(self) -> tuple[list[str], dict[str, str]]:
        """Return the words that start eSpeak NG and the environment that it needs."""
        if self.root == Path("/"):
            return ["espeak-ng"], {}
        return self.command("usr/bin/espeak-ng"), {"ESPEAK_DATA_PATH": str(self._libraries / "espeak-ng-data")}


def cache_dir() -> Path:
    """Return the folder for things that are built once: ``$XDG_CACHE_HOME/hotline`` (``~/.cache/hotline``)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hotline"


def recipe_hash() -> str:
    """Return a short name of what would be built; it changes when the recipe does."""
    recipe = json.dumps([RECIPE, SUITE, PACKAGES, APT_OPTIONS])
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def cached_root() -> Path:
    """Return where the private root lies, or will lie."""
    return cache_dir() / f"asterisk-{recipe_hash()}"


def system_root() -> AsteriskRoot | None:
    """Return the system's Asterisk when it is version 22, else ``None``."""
    program = Path("/usr/sbin/asterisk")
    if not program.exists():
        return None
    answer = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    found = re.match(r"Asterisk (\d+)\.", answer.stdout)
    return AsteriskRoot(Path("/")) if found and int(found[1]) == MAJOR else None


async def provide_asterisk() -> AsteriskRoot:
    """Return a usable Asterisk 22, building the private root when there is none yet (about 15 s, 170 MB).

    :raises Unavailable: it is not installed and cannot be built; the message says why.
    """
    return await asyncio.to_thread(provide_asterisk_now)


def provide_asterisk_now() -> AsteriskRoot:
    """Do the work of :func:`provide_asterisk`, blocking."""
    if system := system_root():
        return system
    target = cached_root()
    if not target.is_dir():
        with _one_builder(target):
            if not target.is_dir():  # the other builder may have finished while we waited
                _build(target)
    return AsteriskRoot(target)


@contextmanager
def _one_builder(target: Path) -> Iterator[None]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(target: Path) -> None:
    if not shutil.which("mmdebstrap"):
        raise Unavailable("mmdebstrap is not installed: run `make bootstrap`", error_id="no-mmdebstrap")
    half_built = target.with_suffix(".new")
    shutil.rmtree(half_built, ignore_errors=True)
    log.warning("building a private Asterisk %s in %s (once)", MAJOR, target)
    command = [
        "mmdebstrap",
        "--variant=extract",
        f"--include={','.join(PACKAGES)}",
        *(f"--aptopt={option}" for option in APT_OPTIONS),
        SUITE,
        str(half_built),
        debian_mirror(),
    ]
    with target.with_suffix(".log").open("wb") as output:
        done = subprocess.run(command, stdout=output, stderr=output, check=False)  # noqa: S603 - fixed words
    if done.returncode:
        tail = target.with_suffix(".log").read_text(errors="replace")[-2000:]
        shutil.rmtree(half_built, ignore_errors=True)
        raise Unavailable(f"mmdebstrap failed:\n{tail}", error_id="asterisk-build-failed")
    (half_built / "dev").rename(half_built / "dev.unused")  # device nodes have no business in a cache
    shutil.rmtree(half_built / "dev.unused", ignore_errors=True)
    half_built.rename(target)


def debian_mirror() -> str:
    """Return the address of the Debian mirror that this machine's apt uses.

    :raises Unavailable: apt knows none.
    """
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],  # noqa: S607 - from PATH
        capture_output=True,
        text=True,
        check=False,
    )
    for address in answer.stdout.split():
        if address.rstrip("/").endswith("/debian"):
            return address
    raise Unavailable("apt knows no Debian mirror: check its sources and run apt-get update", error_id="no-mirror")


if __name__ == "__main__":
    sys.stdout.write(f"{provide_asterisk_now().root}\n")
