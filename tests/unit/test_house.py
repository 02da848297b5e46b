"""The agreements of the house that no linter knows. Each has a check and a proof that the check can fail."""

from __future__ import annotations

import ast
import configparser
import json
import queue
import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = sorted((ROOT / "hotline").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SCRIPTS = [
    path
    for folder in ("src", "test")
    for path in sorted((ROOT / "frontend" / folder).rglob("*"))
    if path.suffix in {".ts", ".css"}
]
MADE = {".venv", "node_modules", ".git", ".stand", ".pytest_cache", ".ruff_cache", ".mypy_cache", "build"}
LOCKS = [ROOT / "requirements.lock", ROOT / "frontend" / "package-lock.json", *ROOT.glob("scripts/*.lock")]

MAX_LINES = 450
PURE_LIBRARIES = {"phonenumbers"}  # tables and arithmetic: no I/O, no clock


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def ours(pattern: str) -> list[Path]:
    """Files of the repository by name, without what a build or a run made."""
    return [path for path in sorted(ROOT.rglob(pattern)) if not MADE & set(path.relative_to(ROOT).parts)]


# --- Names ----------------------------------------------------------------------------------------------------------


def shadows(names: set[str]) -> set[str]:
    return names & sys.stdlib_module_names


def test_no_top_level_module_shadows_the_standard_library() -> None:
    """A top-level package ``queue`` lets asyncio and SQLAlchemy import, and break at run time."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("*.py"))}

    assert shadows(folders | {path.stem for path in ROOT.glob("*.py")}) == set()
    assert shadows({"queue", "hotline"}) == {"queue"}


def test_queue_is_the_standard_one() -> None:
    assert Path(queue.__file__).parent == Path(sysconfig.get_path("stdlib"))


# --- Length ---------------------------------------------------------------------------------------------------------


def test_files_are_short() -> None:
    """Split by verb, not by size. Generated migrations and lists of style rules are as long as they are."""
    files = [path for path in SOURCE + TESTS + SCRIPTS if "versions" not in path.parts and path.suffix != ".css"]
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}

    assert len(files) > 100
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


# --- Time -----------------------------------------------------------------------------------------------------------


def call_names(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def clock_reads(code: str) -> list[str]:
    """Every place where code asks the operating system for the date or the time of day."""
    asks = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime))$")
    return [ast.unparse(call) for call, name in call_names(ast.parse(code)) if asks.search(name)]


def naive_reads(code: str) -> list[str]:
    """Those that answer without a time zone."""
    return [read for read in clock_reads(code) if re.search(r"(utcnow|today)\(|now\(\)", read)]


def sleeps(code: str) -> list[str]:
    """Every sleep that waits for time instead of for an event; ``asyncio.sleep(0)`` only lets others run."""
    return [
        ast.unparse(call)
        for call, name in call_names(ast.parse(code))
        if name == "sleep" or name.endswith(".sleep")
        if not (name.endswith("asyncio.sleep") and [ast.unparse(argument) for argument in call.args] == ["0"])
    ]


def test_only_the_clock_reads_the_clock() -> None:
    found = {relative(path): clock_reads(path.read_text(encoding="utf-8")) for path in SOURCE}

    assert {name: reads for name, reads in found.items() if reads} == {"hotline/clock.py": ["datetime.now(UTC)"]}


def test_no_naive_date_time_in_tests() -> None:
    found = {relative(path): naive_reads(path.read_text(encoding="utf-8")) for path in TESTS}

    assert {name: reads for name, reads in found.items() if reads} == {}


def test_tests_do_not_sleep() -> None:
    found = {relative(path): sleeps(path.read_text(encoding="utf-8")) for path in TESTS}

    assert {name: calls for name, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    "bad", ["datetime.now()", "datetime.datetime.utcnow()", "date.today()", "datetime.datetime.today()"]
)
def test_the_check_of_clocks_sees(bad: str) -> None:
    assert clock_reads(f"x = {bad}") == [bad]
    assert naive_reads(f"x = {bad}") == [bad]


def test_the_check_of_clocks_lets_pass() -> None:
    assert naive_reads("datetime.now(UTC); clock.now(); time.perf_counter()") == []
    assert clock_reads("clock.now(); time.perf_counter(); loop.time()") == []
    assert clock_reads("time.time(); datetime.now(UTC)") == ["time.time()", "datetime.now(UTC)"]


@pytest.mark.parametrize("bad", ["time.sleep(0)", "asyncio.sleep(0.1)", "sleep(1)", "asyncio.sleep(delay)"])
def test_the_check_of_sleeps_sees(bad: str) -> None:
    assert sleeps(f"async def f():\n    await {bad}" if "asyncio" in bad else bad) == [bad]


def test_the_check_of_sleeps_lets_pass() -> None:
    assert sleeps("async def f():\n    await asyncio.sleep(0)\n    await event.wait()") == []


# --- Borders that import-linter cannot see --------------------------------------------------------------------------


def imports(path: Path) -> set[str]:
    """Every module that a file imports, written in full."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from hotline.cti import events` imports a module, `from hotline.cti.events import X` a name.
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in inner if module_file(name).exists()} or {node.module}
    return found


def module_file(name: str) -> Path:
    return ROOT / (name.replace(".", "/") + ".py")


def pure_modules() -> set[str]:
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    return set(config["importlinter:contract:pure"]["source_modules"].split())


def impurities(module: str, pure: set[str]) -> set[str]:
    allowed = pure | {"hotline.clock", "hotline.errors"}
    io = {"asyncio", "socket", "subprocess", "threading", "logging", "os", "pathlib", "time", "random"}
    return {
        name
        for name in imports(module_file(module))
        if name not in allowed
        if (top := name.split(".")[0]) in io or top not in sys.stdlib_module_names | PURE_LIBRARIES
    }


def test_pure_modules_import_only_the_standard_library_and_each_other() -> None:
    pure = pure_modules()

    assert len(pure) > 15
    assert {module: found for module in sorted(pure) if (found := impurities(module, pure))} == {}


def test_the_check_of_purity_sees() -> None:
    pure = pure_modules()
    assert "hotline.events" in impurities("hotline.queue.service", pure)
    assert "asyncio" in impurities("hotline.queue.service", pure)
    assert impurities("hotline.queue.store", pure) >= {"msgspec", "sqlalchemy", "hotline.db"}


def test_views_never_touch_tables() -> None:
    """Import-linter knows ``tables``; packages also have ``tables_call`` and the like."""
    web = [path for path in SOURCE if "web" in path.parts]
    tables = re.compile(r"^hotline\.\w+\.tables(_\w+)?$")

    assert len(web) > 10
    assert {relative(path): found for path in web if (found := set(filter(tables.match, imports(path))))} == {}
    assert tables.match("hotline.journal.tables_call")


def test_panoramisk_is_imported_in_one_file() -> None:
    users = {relative(path) for path in SOURCE + TESTS if any(name.startswith("panoramisk") for name in imports(path))}

    assert users <= {"hotline/cti/link.py"}


def test_jssip_is_imported_in_one_file() -> None:
    spoken = re.compile(r"""(from\s+|import\s*\(?\s*)["']jssip""")
    users = {relative(path) for path in SCRIPTS if spoken.search(path.read_text(encoding="utf-8"))}

    assert users <= {"frontend/src/phone/jssip-adapter.ts", "frontend/test/phone/jssip-adapter.test.ts"}
    assert spoken.search('import JsSIP from "jssip";')
    assert spoken.search("const lib = await import('jssip/lib/UA');")


# --- Files that others rely on --------------------------------------------------------------------------------------


def hosts(text: str) -> set[str]:
    return set(re.findall(r"https?://([^/\s\"']+)", text))


@pytest.mark.parametrize("lock", LOCKS, ids=relative)
def test_lock_files_name_no_registry(lock: Path) -> None:
    """Where packages come from is the installer's setting; what they are is fixed by hashes."""
    text = lock.read_text(encoding="utf-8")
    if lock.suffix == ".json":
        packages = json.loads(text)["packages"]
        assert len(packages) > 10
        assert {name for name, package in packages.items() if "resolved" in package} == set()
        # Those for other operating systems are optional and were never downloaded, so nobody knows their hash.
        unproven = {name for name, package in packages.items() if name and not package.get("integrity")}
        assert {name for name in unproven if not packages[name].get("optional")} == set()
    else:
        assert hosts(text) == set()
        assert "--index-url" not in text
        assert "--hash=sha256:" in text


def test_the_check_of_hosts_sees() -> None:
    assert hosts('"resolved": "https://npm.example.org/a.tgz"') == {"npm.example.org"}


def slug(heading: str) -> str:
    """The anchor that a heading gets when Markdown is shown."""
    text = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading.strip()).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def without_code(text: str) -> str:
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def broken_links(page: Path) -> list[str]:
    """Links of a Markdown page to files or headings that do not exist."""
    broken: list[str] = []
    text = without_code(page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            broken.append(target)
        elif anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ +(.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
            if anchor not in {slug(heading) for heading in headings}:
                broken.append(target)
    return broken


def test_links_in_markdown_resolve() -> None:
    pages = ours("*.md")

    assert len(pages) > 5
    assert {relative(page): found for page in pages if (found := broken_links(page))} == {}


def test_the_check_of_links_sees(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text(
        "# Top of it\n[a](missing.md) [b](#top-of-it) [c](#bottom) [d](a.md#nothing) [e](https://x.org) `[f](gone)`\n"
    )

    assert broken_links(page) == ["missing.md", "#bottom", "a.md#nothing"]


def test_documents_named_in_the_code_exist() -> None:
    """Docstrings send the reader to ``docs/…``; he must find something there."""
    named = re.compile(r"\bdocs/[\w/-]+\.md\b")
    files = SOURCE + TESTS + SCRIPTS + ours("*.md")
    missing = {
        f"{relative(path)}: {document}"
        for path in files
        for document in named.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / document).exists()
    }

    assert missing == set()


# --- One truth about checks -----------------------------------------------------------------------------------------


def hook_commands(text: str) -> list[str]:
    return re.findall(r"^ +entry: (.+)$", text, flags=re.MULTILINE)


def test_pre_commit_runs_what_make_lint_runs() -> None:
    hooks = hook_commands((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

    assert hooks == ["make lint"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, flags=re.MULTILINE)
    assert recipe
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "lint", "types"):
        assert tool in recipe[1]
