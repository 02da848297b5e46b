"""``make audit`` (issue 6, dependency audit): what it asks about, and that not knowing is never "nothing found"."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    loader = SourceFileLoader("audit", str(ROOT / "scripts" / "audit"))
    spec = spec_from_loader("audit", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_every_package_of_the_lock_is_asked_about(audit: ModuleType) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = audit.pinned(lock)
    assert len(pinned) == len([line for line in lock.splitlines() if "==" in line and line[0] not in " #"])
    assert {"aiohttp", "cryptography", "psycopg", "pyotp"} <= {one.split("==")[0] for one in pinned}


CLEAN = {"name": "aiohttp", "version": "1", "vulns": []}
SKIPPED = {"name": "yarl", "skip_reason": "Dependency not found"}
WEAK = {"name": "x", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": []}]}


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({"dependencies": [CLEAN, CLEAN]}, 0),
        ({"dependencies": [CLEAN, SKIPPED]}, 2),
        ({"dependencies": [SKIPPED, SKIPPED]}, 2),
        ({"dependencies": [CLEAN]}, 2),
        ({"dependencies": [WEAK, SKIPPED]}, 1),
        ({}, 2),
        (None, 2),
    ],
)
def test_python_is_clean_only_when_all_of_it_was_asked_about(audit: ModuleType, told: Any, verdict: int) -> None:
    assert audit.python_verdict(told, 2)[0] == verdict


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({"metadata": {"vulnerabilities": {"total": 0}, "dependencies": {"total": 9}}}, 0),
        ({"metadata": {"vulnerabilities": {"total": 1}, "dependencies": {"total": 9}}, "vulnerabilities": {
            "x": {"severity": "high", "range": "<2"}}}, 1),
        ({"message": "405 Method Not Allowed"}, 2),
        (None, 2),
    ],
)  # fmt: skip
def test_npm_is_clean_only_when_the_registry_answered(audit: ModuleType, told: Any, verdict: int) -> None:
    assert audit.npm_verdict(told)[0] == verdict
