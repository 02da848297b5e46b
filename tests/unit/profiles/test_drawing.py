"""The process is drawn from the profile; the pages that show it are current. What differs between contents is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hotline.journal.process import build
from hotline.profiles.diagram import mermaid, table
from hotline.profiles.difference import difference
from hotline.profiles.loader import read_profile

ROOT = Path(__file__).parents[3]
OMS = build(read_profile("oms"))
GENERATED = re.compile(r"<!-- generated from profile oms: (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)
WANTED = {"diagram": f"```mermaid\n{mermaid(OMS)}```\n", "table": f"\n{table(OMS)}\n"}


@pytest.mark.parametrize(("page", "kind"), [("docs/states.md", "diagram"), ("docs/profile.md", "table")])
def test_the_pages_show_the_process_as_it_is(page: str, kind: str) -> None:
    """Not so any more? ``python -m hotline.profiles.pages`` writes them again."""
    found = dict(GENERATED.findall((ROOT / page).read_text(encoding="utf-8")))
    assert found[kind] == WANTED[kind]


def test_every_status_and_transition_is_in_the_drawing() -> None:
    text = mermaid(OMS)
    assert all(f"    {code}: " in text for code in OMS.statuses)
    assert all(one.trigger in text for one in OMS.transitions)
    assert "[*] --> in_work: save · creator" in text
    assert "closed --> [*]" in text
    assert all(f"| `{one.code}`" in table(OMS) for one in OMS.transitions)


def test_what_differs_is_said_row_by_row() -> None:
    before = read_profile("oms")
    assert difference(before, before) == ()
    after = {
        **before,
        "status": [{**row, "title": "Открыто"} if row["code"] == "in_work" else row for row in before["status"]],
        "topic": [row for row in before["topic"] if row["code"] != "2.18"],
        "forward": [*before["forward"], {"from_role": "op2", "to_role": "sp3"}],
        "settings": {**before["settings"], "process": {**before["settings"]["process"], "sp1_to_op2": True}},
    }
    assert {str(change) for change in difference(before, after)} == {
        "~ status in_work title: 'В работе' → 'Открыто'",
        "- topic 2.18",
        "+ forward from_role=op2 to_role=sp3",
        "~ settings process.sp1_to_op2: False → True",
    }


def test_icons_of_the_process_are_in_the_build() -> None:
    """The build collects icons from the sources; those that only a profile names must be listed."""
    icons = (ROOT / "frontend" / "icons.json").read_text(encoding="utf-8")
    wanted = {one.icon for one in OMS.statuses.values()} | {one.icon for one in OMS.transitions} - {""}
    assert {icon for icon in wanted if f'"{icon}"' not in icons} == set()
