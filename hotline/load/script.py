"""What the simulated people do: a script (TOML) and the timetable that a seed makes of it. Pure.

A script says how citizens arrive, how long they wait and talk, and what operators do in a call. :func:`timetable` draws
every chance beforehand, so that the same seed gives the same day whatever the machine does meanwhile.
"""

from __future__ import annotations

import math
import random
import tomllib
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import msgspec

from hotline.errors import BadInput

Positive = Annotated[float, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Part = Annotated[float, msgspec.Meta(ge=0, le=1)]
"""A probability."""

SHORTEST_TALK_S = 1.5
"""However fast the timetable runs: a tone is recognised after 0.6 s."""
AWAY_S = 3.0
"""What a hold, a consultation and a lost socket add to a conversation, so that nobody hangs up in the middle of it."""


class Arrival(StrEnum):
    """How citizens arrive."""

    EVEN = "even"  # one after the other, at equal distances
    POISSON = "poisson"  # independently of each other: exponential distances
    BURST = "burst"  # all within one second


class Shape(StrEnum):
    """How a duration is distributed around its mean."""

    FIXED = "fixed"
    UNIFORM = "uniform"  # mean ± spread
    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"  # mean and standard deviation as given: what talk times look like


class End(StrEnum):
    """Who hangs up."""

    CITIZEN = "citizen"
    OPERATOR = "operator"


class Duration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A random number of seconds, never outside ``min_s`` … ``max_s``."""

    shape: Shape = Shape.FIXED
    mean_s: Positive = 10.0
    spread_s: Seconds = 0.0
    min_s: Seconds = 0.0
    max_s: Positive = 86_400.0

    def draw(self, chance: random.Random) -> float:
        """Return one value."""
        if self.shape is Shape.UNIFORM:
            value = chance.uniform(self.mean_s - self.spread_s, self.mean_s + self.spread_s)
        elif self.shape is Shape.EXPONENTIAL:
            value = chance.expovariate(1 / self.mean_s)
        elif self.shape is Shape.LOGNORMAL:
            variance = math.log(1 + (self.spread_s / self.mean_s) ** 2)
            value = chance.lognormvariate(math.log(self.mean_s) - variance / 2, math.sqrt(variance))
        else:
            value = self.mean_s
        return min(max(value, self.min_s), self.max_s)


class Citizens(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How citizens behave."""

    arrival: Arrival = Arrival.POISSON
    per_minute: Positive = 60.0
    patience: Duration = Duration(mean_s=120.0)
    """How long one waits for an operator before he hangs up."""
    hang_up_first: Part = 0.5
    """Part of the conversations that the citizen ends."""


class Operators(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How operators behave. Probabilities are parts of 1, of the conversations."""

    talk: Duration = Duration(mean_s=3.0)
    refuse: Part = 0.0
    """The first operator who is rung refuses."""
    hold: Part = 0.0
    hold_for: Duration = Duration(mean_s=2.0)
    consult: Part = 0.0
    complete: Part = 0.5
    """Part of the consultations that end with a transfer; the others go back to the citizen."""
    reload: Part = 0.0
    """The browser loses its socket in the middle of the conversation."""


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole script."""

    name: str = "script"
    citizens: Citizens = Citizens()
    operators: Operators = Operators()
    answer_within_s: Positive = 20.0
    """The service level counts citizens answered within this time in the queue."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One citizen and what will happen to him. Seconds are real ones: the speed is applied already."""

    caller: str
    """His number, of this load alone: it finds his call in the journal."""
    arrives_s: float
    patience_s: float
    talk_s: float
    ends: End
    refuse: bool = False
    hold_s: float = 0.0
    """0: he is not put on hold."""
    consult: bool = False
    complete: bool = False
    reload: bool = False


def parse(text: str, *, name: str = "script") -> Script:
    """Read a script.

    :raises BadInput: not TOML, an unknown word, a value out of range; the message names it.
    """
    try:
        return msgspec.convert({"name": name, **tomllib.loads(text)}, Script)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name} is not TOML: {error}", error_id="bad-script") from error
    except msgspec.ValidationError as error:
        raise BadInput(f"{name}: {error}", error_id="bad-script", details={"script": str(error)}) from error


def preset(name: str) -> Script:
    """Read one of the scripts that come with the product (``hotline/load/presets``).

    :raises BadInput: there is none of that name; ``details`` lists those that there are.
    """
    known = presets()
    if name not in known:
        message = f"no preset {name!r}; there are {', '.join(known)}"
        raise BadInput(message, error_id="no-preset", details={"known": known})
    return parse((files("hotline.load") / "presets" / f"{name}.toml").read_text(encoding="utf-8"), name=name)


def presets() -> list[str]:
    """Return the names of the scripts that come with the product."""
    folder = files("hotline.load") / "presets"
    return sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))


def timetable(
    script: Script, callers: int, *, seed: int, prefix: str = "79280", speed: float = 1.0, greeting_s: float = 0.0
) -> tuple[Plan, ...]:
    """Draw ``callers`` citizens in the order of their arrival.

    :param prefix: the citizens' numbers begin with it and have 11 digits, as numbers in Russia do.
    :param speed: how many times faster than the script everything happens.
    :param greeting_s: seconds of the hotline's greeting, by which everybody's patience is longer.
    :raises BadInput: more citizens than the prefix has numbers, or a speed that is not above 0.
    """
    digits = 11 - len(prefix)
    if callers > 10**digits or speed <= 0:
        raise BadInput("too many callers for the prefix, or a speed not above 0", error_id="bad-load")
    chance = random.Random(seed)  # noqa: S311 - a timetable, not a secret
    plans, now = [], 0.0
    for number in range(callers):
        now += _gap(script.citizens, callers, chance)
        plan = _plan(script, f"{prefix}{number:0{digits}d}", now, chance, speed)
        plans.append(replace(plan, patience_s=plan.patience_s + greeting_s))
    return tuple(plans)


def _gap(citizens: Citizens, callers: int, chance: random.Random) -> float:
    if citizens.arrival is Arrival.BURST:
        return 1.0 / callers
    mean = 60.0 / citizens.per_minute
    return chance.expovariate(1 / mean) if citizens.arrival is Arrival.POISSON else mean


def _plan(script: Script, caller: str, arrives_s: float, chance: random.Random, speed: float) -> Plan:
    # Everything is drawn for everybody, so that one probability can be changed without changing the rest of the day.
    citizens, operators = script.citizens, script.operators
    patience, talk, hold = (one.draw(chance) for one in (citizens.patience, operators.talk, operators.hold_for))
    parts = (operators.refuse, operators.hold, operators.consult, operators.complete, operators.reload)
    refuse, on_hold, consult, complete, reload = (chance.random() < part for part in parts)
    first = chance.random() < citizens.hang_up_first
    hold_s = max(hold / speed, 0.5) if on_hold else 0.0
    extra = (hold_s + AWAY_S if on_hold else 0.0) + (2 * AWAY_S if consult else 0.0) + (AWAY_S if reload else 0.0)
    return Plan(
        caller=caller,
        arrives_s=arrives_s / speed,
        patience_s=patience / speed,
        talk_s=max(talk / speed, SHORTEST_TALK_S) + extra,
        ends=End.CITIZEN if first else End.OPERATOR,
        refuse=refuse,
        hold_s=hold_s,
        consult=consult,
        complete=consult and complete,
        reload=reload,
    )
