"""What operators' telephones tell about citizens' calls: plain data that also crosses a pipe between processes.

Moments are seconds of the machine's monotonic clock, the same in all its processes (``clock_gettime(2)``), which is
also the event loop's.
"""

from __future__ import annotations

import msgspec


class Connected(msgspec.Struct, frozen=True, tag=True):
    """An operator answered a citizen."""

    caller: str
    key: str
    operator: str
    at: float
    rang_s: float


class Heard(msgspec.Struct, frozen=True, tag=True):
    """The operator heard the citizen's tone, ``after_s`` seconds after the answer; ``None``: he never did."""

    caller: str
    after_s: float | None


class Away(msgspec.Struct, frozen=True, tag=True):
    """The citizen was not with an operator for ``seconds``: on hold, or during a consultation."""

    caller: str
    seconds: float


class Transferred(msgspec.Struct, frozen=True, tag=True):
    """A colleague took the citizen over."""

    key: str
    operator: str
    at: float


class Parted(msgspec.Struct, frozen=True, tag=True):
    """The conversation is over for the operator who had it last. ``by_operator``: he hung up."""

    key: str
    operator: str
    at: float
    by_operator: bool


class Noticed(msgspec.Struct, frozen=True, tag=True):
    """Something that the report counts: ``refused``, ``missed``, ``held``, ``reloaded``, ``cancelled`` …

    ``problem`` is a fault of the hotline, in words.
    """

    what: str
    operator: str
    key: str = ""
    problem: str = ""


class Spent(msgspec.Struct, frozen=True, tag=True):
    """Processor seconds that a process of telephones has used, and seconds of conversation that it carried."""

    cpu_s: float
    talk_s: float


Fact = Connected | Heard | Away | Transferred | Parted | Noticed | Spent
