"""A damaged profile is refused with file, line and rule, for each kind of damage (domain 2.1)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from hotline.errors import BadInput
from hotline.profiles.loader import read_profile
from hotline.profiles.source import positions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of profile oms."""
    with as_file(files("hotline.profiles") / "oms") as oms:
        shutil.copytree(oms, tmp_path / "mine")
    return tmp_path / "mine"


def change(old: str, new: str, file: str = "workflow.toml") -> Callable[[Path], tuple[str, int]]:
    """Replace a text; answers the file and the line on which the replacement begins."""

    def make(folder: Path) -> tuple[str, int]:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        at = text.index(old) + len(new) - len(new.lstrip("\n"))
        return file, text.count("\n", 0, at) + 1 + (new.count("\n", 0, len(new) - len(new.lstrip("\n"))))

    return make


def append(new: str, file: str = "workflow.toml") -> Callable[[Path], tuple[str, int]]:
    def make(folder: Path) -> tuple[str, int]:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}\n{new}", encoding="utf-8")
        return file, text.count("\n") + 2

    return make


STATUS = '[[status]]\ncode = "lost"\ntitle = "X"\nphase = "pending"\n'
MOVE = 'title = "X"\nfrom = ["active"]\nto = "in_work"\nwho = ["owner"]\nright = "appeal.close"\n'


@pytest.mark.parametrize(
    ("damage", "below", "rule"),
    [
        pytest.param(change('phase = "callback"', 'phase = "nirvana"'), 0, "phase = 'nirvana' is unknown", id="phase"),
        pytest.param(append(STATUS), 1, "no chain of transitions leads", id="unreachable-status"),
        pytest.param(
            change('to = "deferred"', 'to = "limbo"'), 0, "leads to 'limbo', which is no status", id="to-nowhere"
        ),
        pytest.param(
            change('phase = "rework"\n', 'phase = "rework"\ndefault_for_phase = false\n'),
            0,
            "phase rework has no default status",
            id="phase-without-default",
        ),
        pytest.param(
            append('[[status]]\ncode = "closed"\ntitle = "X"\nphase = "closed"\ndefault_for_phase = false\n'),
            1,
            "'closed' is there twice",
            id="duplicate-code",
        ),
        pytest.param(
            append('[[forward]]\nfrom_role = "op1"\nto_role = "czar"\n'),
            2,
            "there is no role 'czar'",
            id="forward-role",
        ),
        pytest.param(
            append('[[deadline]]\ncode = "late"\npriority = 90\nform = "oral"\namount = 1\nunit = "day"\n'),
            1,
            "never fits: 'oral' takes all of its appeals",
            id="deadline-never-fits",
        ),
        pytest.param(change("-{seq:05}", "", "profile.toml"), 0, "{seq}", id="numbering-without-seq"),
        pytest.param(
            change("review_sample_percent = 5", 'review_sample_percent = "5"', "profile.toml"),
            0,
            "0 to 100",
            id="share",
        ),
        pytest.param(
            change('consultation_result = "R01"', 'consultation_result = "R77"', "profile.toml"),
            0,
            "there is no result 'R77'",
            id="unknown-result",
        ),
        pytest.param(change('icon = "inbox"', "icon = 7"), 0, "wrong type: a text is needed", id="wrong-type"),
        pytest.param(change('icon = "inbox"', 'ikon = "inbox"'), 0, "ikon is unknown", id="unknown-key"),
        pytest.param(append("[[statuz]]\ncode = 1\n"), 0, "statuz is unknown", id="unknown-section"),
        pytest.param(
            append(f'[[transition]]\ncode = "x"\nasks = ["the moon"]\n{MOVE}'), 2, "unknown", id="unknown-ask"
        ),
        pytest.param(append(f'[[transition]]\ncode = "x"\nwhen = ["maybe"]\n{MOVE}'), 2, "unknown", id="unknown-when"),
        pytest.param(
            append(f'[[transition]]\ncode = "x"\neffects = ["explode"]\n{MOVE}'), 2, "unknown", id="unknown-effect"
        ),
        pytest.param(
            append(f'[[transition]]\ncode = "x"\neffects = ["owner=anybody"]\n{MOVE}'),
            2,
            "owner is one of",
            id="argument",
        ),
        pytest.param(
            append(f'[[transition]]\ncode = "x"\nwhen = ["setting=moon"]\n{MOVE}'),
            2,
            "no switch 'moon'",
            id="no-switch",
        ),
        pytest.param(
            append(f'[[transition]]\ncode = "x"\nasks = ["not comment"]\n{MOVE}'), 2, "turned round", id="not-an-ask"
        ),
        pytest.param(
            append('[[transition]]\ncode = "x"\nto = "in_work"\nwho = ["owner"]\nright = "appeal.close"\n'),
            1,
            "starts nowhere",
            id="starts-nowhere",
        ),
        pytest.param(
            append(f'[[transition]]\ncode = "x"\n{MOVE.replace("appeal.close", "appeal.fly")}'),
            6,
            "nobody could ever make it",
            id="right-of-nobody",
        ),
        pytest.param(append('[[transition]]\ncode = "x"\n'), 0, "to is missing", id="missing-key"),
        pytest.param(
            change('trigger = "defer"', 'trigger = "fly"', "classifier.toml"),
            0,
            "no transition has",
            id="result-trigger",
        ),
        pytest.param(
            change('needs = ["operator"]', 'needs = ["moon"]', "classifier.toml"),
            0,
            "needs = moon is unknown",
            id="need",
        ),
        pytest.param(append("this is no toml\n"), 0, "is no TOML", id="syntax"),
        pytest.param(append('[[channel]]\ncode = "X"\n'), 0, "stands in another file already", id="two-files"),
    ],
)
def test_damage_is_named_by_file_line_and_rule(
    folder: Path, damage: Callable[[Path], tuple[str, int]], below: int, rule: str
) -> None:
    file, line = damage(folder)
    with pytest.raises(BadInput) as error:
        read_profile(folder)
    found = error.value.details
    place = f"{file}:{line + below}"
    texts = {where: str(text) for where, text in found.items()}
    if rule == "stands in another file already":
        assert any(rule in text for text in texts.values())
        return
    assert place in texts, texts
    assert rule in texts[place]


def test_everything_that_is_wrong_is_said_at_once(folder: Path) -> None:
    change('to = "deferred"', 'to = "limbo"')(folder)
    change('unit = "hour"', 'unit = "blink"')(folder)
    with pytest.raises(BadInput) as error:
        read_profile(folder)
    assert len(error.value.details) >= 2


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        read_profile(tmp_path / "nothing")
    assert error.value.error_id == "no-such-profile"


def test_positions_survive_strings_lists_and_comments() -> None:
    text = (
        'title = """a\n[[status]]\nb"""\n# [[status]]\n[[status]]\ncode = [ # one\n  "x]",\n]\nlast = \'#\'\n'
        '[settings.a]\nb = { c = "}" }\n[[status]]\ncode = "y"\n'
    )
    found = positions(text, "f")
    assert found["title", 0, ""] == "f:1"
    assert found["status", 0, ""] == "f:5"
    assert found["status", 0, "last"] == "f:9"
    assert found["settings", 0, "a.b"] == "f:11"
    assert found["status", 1, "code"] == "f:13"
