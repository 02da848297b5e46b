"""The files around the product: compose file, bootstrap, make targets."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from hotline.config import AsteriskSettings, Settings
from hotline.stand.rendering import AsteriskRenderSettings, TrunkSettings

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{([A-Z_0-9]+)", text))


def test_the_services_of_production(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services.keys() == {"postgres", "render", "asterisk", "migrate", "service", "proxy", "turn"}
    assert services["turn"]["profiles"] == ["turn"]
    for name in ("postgres", "asterisk", "service", "proxy"):
        assert services[name]["restart"] == "unless-stopped"
    named = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert named == compose["volumes"].keys()
    for service in services.values():
        if "build" in service:
            context = service["build"] if isinstance(service["build"], str) else service["build"]["context"]
            assert (ROOT / context / "Dockerfile").is_file()


def test_browsers_meet_tls_by_default(compose: dict[str, Any]) -> None:
    """Issue 6: the service listens to its own machine only, and what stands before it is believed to be one proxy."""
    service, proxy = (compose["services"][name]["environment"] for name in ("service", "proxy"))
    assert service["HOTLINE_LISTEN_HOST"] == "${HOTLINE_LISTEN_HOST:-127.0.0.1}"
    assert service["HOTLINE_TRUSTED_PROXIES"] == "${HOTLINE_TRUSTED_PROXIES:-1}"
    assert proxy["HOTLINE_TLS"] == "${HOTLINE_TLS:-internal}"
    assert proxy["HOTLINE_PUBLIC_URL"] == service["HOTLINE_PUBLIC_URL"]
    assert proxy["HOTLINE_LISTEN_PORT"] == service["HOTLINE_LISTEN_PORT"]
    assert "HOTLINE_PUBLIC_URL=https://" in (ROOT / ".env.example").read_text()
    caddyfile = (ROOT / "proxy/Caddyfile").read_text()
    assert set(re.findall(r"\{\$([A-Z_]+)", caddyfile)) == proxy.keys()


def test_every_setting_exists(compose: dict[str, Any]) -> None:
    known = {f"HOTLINE_{name.upper()}" for name in Settings.model_fields}
    assert compose["services"]["service"]["environment"].keys() <= known
    render = {f"HOTLINE_ASTERISK_{name.upper()}" for name in AsteriskRenderSettings.model_fields}
    render |= {f"HOTLINE_ASTERISK_TRUNK__{name.upper()}" for name in TrunkSettings.model_fields}
    assert compose["services"]["render"]["environment"].keys() <= render
    described = re.findall(r'"(\w+)":', compose["services"]["service"]["environment"]["HOTLINE_ASTERISKS"])
    assert set(described) <= AsteriskSettings.model_fields.keys()


@pytest.mark.parametrize(
    ("model", "prefix"),
    [(Settings, "HOTLINE_"), (AsteriskSettings, ""), (AsteriskRenderSettings, "…"), (TrunkSettings, "…TRUNK__")],
)
def test_every_setting_is_documented(model: type[BaseModel], prefix: str) -> None:
    """docs/operations.md is where whoever installs the product looks."""
    text = (ROOT / "docs/operations.md").read_text()
    names = [f"{prefix}{name.upper()}" if prefix else name for name in model.model_fields]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_env_file_reaches_service_and_renderer(compose: dict[str, Any]) -> None:
    """What operations.md documents must not be lost between .env and the container."""
    for name in ("service", "migrate", "render"):
        assert compose["services"][name]["env_file"] == [{"path": ".env", "required": False}]


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in (
        "POSTGRES_PASSWORD",
        "HOTLINE_ASTERISK_AMI_SECRET",
        "HOTLINE_ASTERISK_ARI_PASSWORD",
        "HOTLINE_SECRET_KEYS",
    ):
        uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", text)
        assert uses
        assert all(use.startswith(":?") for use in uses)


def test_the_example_names_every_required_variable() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    required = set(re.findall(r"\$\{([A-Z_0-9]+):\?", text))
    example = dict(
        line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if line and line[0] != "#"
    )
    assert required <= example.keys()
    assert example.keys() <= variables(text)


def test_docker_accepts_the_compose_file(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("the docker compose client is not installed")
    filled = re.sub(r"^(\w+)=$", r"\1=x", (ROOT / ".env.example").read_text(), flags=re.M)
    (tmp_path / "env").write_text(filled)
    words = [docker, "compose", "--env-file", str(tmp_path / "env"), "-f", str(ROOT / "docker-compose.yml")]
    done = subprocess.run([*words, "config", "--quiet"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ci_runs_what_anybody_can_run() -> None:
    assert "make test" in (ROOT / ".ci/run").read_text()
    listed = subprocess.run(["make", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "test-fast", "lint", "bench", "help"):
        assert re.search(rf"make {target}\s", listed)


@pytest.mark.parametrize("script", ["scripts/bootstrap", ".ci/run"])
def test_scripts_are_executable_and_parse(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    shell = path.read_text().splitlines()[0].split("/")[-1].split()[-1]
    subprocess.run([shell, "-n", str(path)], check=True)
