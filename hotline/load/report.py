"""The outcome of a load: numbers for people and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hotline.load.citizens import Citizen, Fate
from hotline.load.verdict import percentile


@dataclass
class Report:
    """Everything that is known at the end."""

    citizens: Sequence[Citizen]
    rows: Mapping[str, Mapping[str, Any]]
    """The journal's only row of each citizen that has one, by his number."""
    faults: Mapping[str, Sequence[str]]
    """What is wrong, by the citizen's number; ``""``: no single call's."""
    notices: Counter[str]
    answer_within_s: float
    seconds: float
    interrupted: bool = False
    cpu_s: float = 0.0
    """Processor seconds of the operators' telephones."""
    talk_s: float = 0.0
    """Seconds of conversation that those telephones carried."""
    script: str = ""
    seed: int = 0
    processes: int = 1
    recordings: int = 0
    """Recordings that were fetched and listened to."""

    @property
    def ok(self) -> bool:
        """Whether every call was as it should be."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """Return the numbers for machines. Times are in seconds."""
        fates = Counter(citizen.fate for citizen in self.citizens)
        placed = [citizen for citizen in self.citizens if citizen.placed_at is not None]
        return {
            "ok": self.ok,
            "script": self.script,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "interrupted": self.interrupted,
            "placed": len(placed),
            **{fate.value: fates[fate] for fate in Fate if fate is not Fate.WAITING},
            "heard_both_ways": sum(1 for citizen in placed if citizen.heard_s is not None),
            "recordings_heard": self.recordings,
            "in_journal": len(self.rows),
            "setup_s": _spread([one.setup_s for one in placed]),
            "wait_s": _spread([row["wait_s"] for row in self.rows.values()]),
            "ring_s": _spread([one.rang_s for one in placed if one.connected_at is not None]),
            "answer_to_sound_s": _spread([one.heard_s for one in placed]),
            "service_level": self.service_level,
            "events": dict(sorted(self.notices.items())),
            "leg_cpu": round(self.cpu_s / self.talk_s, 4) if self.talk_s else None,
            "processes": self.processes,
            "faults": {caller: list(texts) for caller, texts in self.faults.items()},
        }

    @property
    def service_level(self) -> float | None:
        """Part of the citizens who were answered within the limit; who gave up sooner does not count."""
        counted = good = 0
        for row in self.rows.values():
            quick = row["wait_s"] <= self.answer_within_s
            if row["outcome"] == "answered":
                counted += 1
                good += quick
            elif not quick:
                counted += 1
        return round(good / counted, 3) if counted else None

    def text(self) -> str:
        """Return the report for people."""
        data = self.as_json()
        lines = [
            f"{data['placed']} calls in {data['seconds']:.0f} s ({self.script}, seed {self.seed})"
            + (", interrupted" if self.interrupted else ""),
            "  " + ", ".join(f"{data[fate.value]} {fate.value}" for fate in Fate if data.get(fate.value)),
            f"  heard both ways: {data['heard_both_ways']}; recordings listened to: {data['recordings_heard']};"
            f" in the journal: {data['in_journal']}",
        ]
        for title, name in (
            ("call taken after", "setup_s"),
            ("waited in the queue", "wait_s"),
            ("operator rang", "ring_s"),
            ("sound after the answer", "answer_to_sound_s"),
        ):
            spread = data[name]
            if spread is not None:
                lines.append(
                    f"  {title}: p50 {spread['p50']:.2f} s, p95 {spread['p95']:.2f} s, most {spread['max']:.2f} s"
                )
        if self.service_level is not None:
            lines.append(f"  service level: {self.service_level:.0%} answered within {self.answer_within_s:g} s")
        if self.notices:
            lines.append("  " + ", ".join(f"{name} {count}" for name, count in sorted(self.notices.items())))
        if data["leg_cpu"] is not None:
            lines.append(f"  a telephone in a call takes {data['leg_cpu']:.1%} of a core here")
        for caller, texts in self.faults.items():
            lines += [f"  FAULT {caller or 'load'}: {text}" for text in texts]
        lines.append("load passed" if self.ok else f"LOAD FAILED: {len(self.faults)} calls with faults")
        return "\n".join(lines)


def _spread(values: Sequence[float | None]) -> dict[str, float] | None:
    known = [value for value in values if value is not None]
    p50, p95 = percentile(known, 0.5), percentile(known, 0.95)
    if p50 is None or p95 is None:
        return None
    return {"p50": round(p50, 3), "p95": round(p95, 3), "max": round(max(known), 3)}
