from __future__ import annotations

import os
from pathlib import Path

import pytest

from hotline.cti.logfiles import Position, read_new


def texts(path: Path, position: Position | None = None, limit: int = 100) -> tuple[list[str], Position | None]:
    chunk = read_new(path, position, limit)
    return [line.text for line in chunk.lines], chunk.position


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue_log"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def rotate(path: Path, number: int) -> None:
    path.rename(path.with_name(f"{path.name}.{number}"))


def test_missing_file_has_no_lines(path: Path) -> None:
    assert texts(path) == ([], None)


def test_only_new_complete_lines_come(path: Path) -> None:
    append(path, "one\ntwo\nhal")
    lines, position = texts(path)
    assert lines == ["one", "two"]
    assert texts(path, position)[0] == []
    append(path, "f\nthree\n")
    assert texts(path, position)[0] == ["half", "three"]


def test_rotated_file_is_read_to_its_end_first(path: Path) -> None:
    append(path, "one\n")
    _, position = texts(path)
    append(path, "two\n")
    rotate(path, 0)
    append(path, "three\n")
    lines, position = texts(path, position)
    assert lines == ["two", "three"]
    assert texts(path, position)[0] == []


def test_two_rotations_while_nobody_read(path: Path) -> None:
    append(path, "one\n")
    _, position = texts(path)
    for number, text in enumerate(["two\n", "three\n"]):
        append(path, text)
        rotate(path, number)
        os.utime(path.with_name(f"queue_log.{number}"), ns=(number, number))
    append(path, "four\n")
    assert texts(path, position)[0] == ["two", "three", "four"]


def test_rotation_before_the_new_file_exists(path: Path) -> None:
    append(path, "one\n")
    _, position = texts(path)
    rotate(path, 0)
    assert texts(path, position) == ([], position)
    append(path, "two\n")
    assert texts(path, position)[0] == ["two"]


def test_cut_file_is_read_anew(path: Path) -> None:
    append(path, "a long line\n")
    _, position = texts(path)
    path.write_text("b\n")
    assert texts(path, position)[0] == ["b"]


def test_limit_stops_and_the_next_read_goes_on(path: Path) -> None:
    append(path, "".join(f"{n}\n" for n in range(10)))
    chunk = read_new(path, None, 4)
    assert ([line.text for line in chunk.lines], chunk.more) == (["0", "1", "2", "3"], True)
    chunk = read_new(path, chunk.position, 100)
    assert ([line.text for line in chunk.lines], chunk.more) == ([str(n) for n in range(4, 10)], False)


def test_bytes_that_are_no_text_do_not_stop_the_reading(path: Path) -> None:
    path.write_bytes(b"\xff\x00x\r\nnext\n")
    assert texts(path)[0] == ["\ufffd\ufffdx", "next"]
