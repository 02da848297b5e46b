"""Dashboards, alerts and documentation name what a running service exports, and nothing else (issue 6)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

import hotline.app  # noqa: F401 - a whole service: every part has registered its metrics
from tests.integration.web.conftest import MONITORING_TOKEN, Site

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "monitoring"
NAME = re.compile(r"\bhotline_[a-z0-9_]+")
ALERTS = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "grafana-hotline.json").read_text())


async def exported(site: Site) -> dict[str, str]:
    """Every name that a query may use, with its help text."""
    async with site.visit() as monitor:
        answer = await monitor.get("/metrics", Authorization=f"Bearer {MONITORING_TOKEN}")
    assert answer.status == 200
    names: dict[str, str] = {}
    for family in text_string_to_metric_families(answer.text):
        ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
        names |= {family.name + end: family.documentation for end in ends}
    ours = (name for name in names if name.startswith("hotline_") and not name.endswith("_created"))
    return {name: names[name] for name in ours}


def used(queries: list[str]) -> set[str]:
    return {name for query in queries for name in NAME.findall(query)}


def queries_of_dashboard() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]


async def test_what_is_asked_for_is_exported_explained_and_documented(site: Site) -> None:
    names = await exported(site)
    assert len(names) > 40
    asked = used([rule["expr"] for rule in ALERTS]) | used(queries_of_dashboard())
    assert len(asked) > 25
    assert asked - names.keys() == set()
    assert used(["rate(hotline_never_total[5m])"]) - names.keys() == {"hotline_never_total"}
    assert [name for name, text in names.items() if len(text) < 10] == []
    documented = set(NAME.findall((ROOT / "docs/operations.md").read_text()))
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}
    assert families - documented == set()
    assert {name for name in documented if not re.search(r"_(bucket|count|sum)$", name)} - families == set()


def test_each_alert_says_what_to_do() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS) >= 10
    for rule in ALERTS:
        assert rule["annotations"].keys() == {"summary", "cure"}, rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_panels_of_the_dashboard_stand_beside_each_other() -> None:
    places: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        where = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(where["x"], where["x"] + where["w"])
            for y in range(where["y"], where["y"] + where["h"])
        }
        assert where["x"] + where["w"] <= 24
        assert not cells & places, panel["title"]
        places |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_promtool_accepts_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run([promtool, "check", "rules", MONITORING / "alerts.yml"], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
