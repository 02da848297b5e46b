"""Fuzzers: what comes from outside is mutated by hypothesis, the same way at each run (issue 6, security)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, settings

Refused = TypeVar("Refused", bound=Exception)

# Derandomized: CI refuses a change for what it did, never for luck. Somebody who looks for more raises max_examples.
bounded = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def refusal(kind: type[Refused], work: Callable[[], object]) -> Refused | None:
    """Return the error of ``kind`` with which ``work`` refused its input; any other error fails the test."""
    try:
        work()
    except kind as error:
        return error
    return None
