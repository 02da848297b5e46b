"""What ``hotline stand`` tells other commands, and what it refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from string import Template

import pytest
from click.testing import CliRunner

from hotline.cli import main
from hotline.errors import BadInput, Conflict, NotFound
from hotline.stand.application import RunInfo, locked, read_run_info, run_stand
from hotline.stand.asterisk import Trunk
from hotline.stand.sipp import SCENARIOS, checked_number

TRUNK = Trunk("127.0.0.1", 5060, "127.0.0.2", 5062)


def test_run_info_survives_the_file(tmp_path: Path) -> None:
    info = RunInfo("http://127.0.0.1:8080", os.getpid(), "/", TRUNK, {"HOTLINE_LISTEN_PORT": "8080"})
    (tmp_path / "run.json").write_text(json.dumps(asdict(info)))
    assert read_run_info(tmp_path) == info


def test_no_stand(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="make run"):
        read_run_info(tmp_path)
    result = CliRunner().invoke(main, ["demo", "call", "--folder", str(tmp_path)])
    assert result.exit_code == 1
    assert "make run" in result.output


def test_the_file_of_a_dead_stand_is_not_believed(tmp_path: Path) -> None:
    dead = 2**22 + 1  # above Linux's largest process id
    (tmp_path / "run.json").write_text(
        json.dumps(asdict(RunInfo("http://x", dead, "/", TRUNK, {"HOTLINE_LISTEN_PORT": "8080"})))
    )
    with pytest.raises(NotFound):
        read_run_info(tmp_path)


async def test_a_second_stand_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    def never(_: Sequence[str]) -> None:
        raise AssertionError

    with locked(tmp_path), pytest.raises(Conflict, match="already runs"):
        await run_stand(tmp_path, "127.0.0.1", 0, never)


@pytest.mark.parametrize("number", ["", "+7 928", "79;28", "7<928>", "${X}", "a@b"])
def test_a_caller_who_is_not_a_number_is_refused(number: str) -> None:
    with pytest.raises(BadInput):
        checked_number(number)


def test_scenarios_have_only_the_placeholders_that_are_filled() -> None:
    for path in SCENARIOS.glob("*.xml"):
        names = set(Template(path.read_text()).get_identifiers())
        assert names <= {"caller", "hold_ms", "ring_ms", "sound"}, path
