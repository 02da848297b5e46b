"""What a typical answer must say to be proposed, and how two texts of it differ (S001-052, DAY-39). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

BODY_LENGTH = 5_000
TITLE_LENGTH = 300
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


class Decision(StrEnum):
    """What became of a proposed text."""

    DRAFT = "draft"
    APPROVED = "approved"
    REFUSED = "refused"
    REPLACED = "replaced"
    """A newer proposal took its place before anybody decided."""


@dataclass(frozen=True, slots=True)
class ScriptForm:
    """A typical answer as it was typed; lists have commas between."""

    title: str = ""
    body: str = ""
    topics: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    recommended: tuple[str, ...] = ()

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> ScriptForm:
        """Read a form; what is missing is empty."""
        return cls(
            sent.get("title", "").strip(),
            sent.get("body", "").replace("\r\n", "\n").strip(),
            _words(sent.get("topics", "")),
            _words(sent.get("keywords", "")),
            _words(sent.get("recommended", "")),
        )


def problems(form: ScriptForm, topics: Collection[str], people: Collection[str]) -> dict[str, str]:
    """Say what is wrong with each field.

    :param topics: codes of the topics that can be chosen; ``2.*`` stands for all that begin so.
    :param people: codes of roles and logins.
    """
    found: dict[str, str] = {}
    for name, limit in (("title", TITLE_LENGTH), ("body", BODY_LENGTH)):
        text = getattr(form, name)
        if not text:
            found[name] = "required"
        elif len(text) > limit:
            found[name] = f"at most {limit} characters"
    if strange := [one for one in form.topics if not _known(one, topics)]:
        found["topics"] = f"unknown: {', '.join(strange)}"
    if strange := [one for one in form.recommended if one not in people]:
        found["recommended"] = f"unknown: {', '.join(strange)}"
    if form.body.count("{") != form.body.count("}"):
        found["body"] = "a bracket of a variable is missing"
    return found


def compare(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Yield pieces of both texts in order: (``same``, ``gone`` or ``new``, text). Whole words, for people to read."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", "".join(old[i1:i2])
            continue
        if i2 > i1:
            yield "gone", "".join(old[i1:i2])
        if j2 > j1:
            yield "new", "".join(new[j1:j2])


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))


def _known(topic: str, topics: Collection[str]) -> bool:
    if topic.endswith("*"):
        return any(code.startswith(topic[:-1]) for code in topics)
    return topic in topics
