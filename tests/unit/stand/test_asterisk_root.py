"""Building the private Asterisk: once, by one builder, all or nothing. The package manager is a stand-in script."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hotline.errors import Unavailable
from hotline.stand import asterisk_root
from hotline.stand.asterisk_root import AsteriskRoot, cached_root, debian_mirror, provide_asterisk_now

APT = """#!/bin/sh
printf 'http://security.example/debian-security/\\nhttp://mirror.example/debian/\\nhttp://other.example/debian\\n'
"""
BUILDER = """#!/bin/sh
echo "$@" >> "$XDG_CACHE_HOME/calls"
for word; do last=$before; before=$word; done
mkdir -p "$last/usr/lib64" "$last/usr/lib/x86_64-linux-gnu" "$last/dev" && touch "$last/usr/lib64/ld-linux-x86-64.so.2"
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with stand-ins, an empty cache, and no Asterisk of the system."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(asterisk_root, "system_root", lambda: None)
    install(tmp_path / "apt-get", APT)
    return tmp_path


def install(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def test_the_mirror_is_the_one_that_apt_uses(tools: Path) -> None:
    assert debian_mirror() == "http://mirror.example/debian/"


def test_without_a_mirror_the_cure_is_told(tools: Path) -> None:
    install(tools / "apt-get", "#!/bin/sh\n")
    with pytest.raises(Unavailable, match="apt-get update"):
        debian_mirror()


def test_two_builders_build_once(tools: Path) -> None:
    install(tools / "mmdebstrap", BUILDER)
    with ThreadPoolExecutor(2) as pool:
        roots = [future.result() for future in [pool.submit(provide_asterisk_now) for _ in range(2)]]
    assert roots == [AsteriskRoot(cached_root())] * 2
    calls = (tools / "calls").read_text().splitlines()
    assert len(calls) == 1
    assert "asterisk-core-sounds-ru-wav" in calls[0]
    assert not (cached_root() / "dev").exists()
    assert provide_asterisk_now() == roots[0]
    assert len((tools / "calls").read_text().splitlines()) == 1


def test_a_failed_build_leaves_nothing_and_says_why(tools: Path) -> None:
    install(tools / "mmdebstrap", BUILDER + "echo 'E: the disk is full' >&2; exit 25\n")
    with pytest.raises(Unavailable, match="the disk is full"):
        provide_asterisk_now()
    assert [path.name for path in cached_root().parent.iterdir() if path.is_dir()] == []


def test_programs_run_through_their_own_loader(tools: Path) -> None:
    install(tools / "mmdebstrap", BUILDER)
    root = provide_asterisk_now()
    words = root.command("usr/sbin/asterisk")
    assert words[0].endswith("ld-linux-x86-64.so.2")
    assert words[1] == "--library-path"
    assert words[-1] == str(root.root / "usr/sbin/asterisk")
    assert AsteriskRoot(Path("/")).command("usr/sbin/asterisk") == ["/usr/sbin/asterisk"]
