"""docker-compose.yml: it is one, holds no secret, opens no port but on loopback."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.topology import COMPOSE, ROOT, compose

_SERVICES = compose()["services"]
_LAKEWARDEN = ("lake", "setup", "api", "worker")


def test_it_is_a_compose_file() -> None:
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", str(COMPOSE)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_a_mistake_in_it_would_be_found(tmp_path: Path) -> None:
    broken = compose()
    broken["services"]["api"]["commands"] = []
    copy = tmp_path / "docker-compose.yml"
    copy.write_text(yaml.safe_dump(broken))
    options = ("--builtin-schema", "vendor.compose-spec", str(copy))
    checked = subprocess.run([sys.executable, "-m", "check_jsonschema", *options], check=False)
    assert checked.returncode == 1


def test_ports_are_open_on_loopback_only() -> None:
    ports = [port for service in _SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_only_the_api_has_a_way_out() -> None:
    assert compose()["networks"]["inside"]["internal"] is True
    outside = {name for name, it in _SERVICES.items() if it["networks"] != ["inside"]}
    assert outside == {"api"}


def test_no_secret_stands_in_the_files() -> None:
    secrets = compose()["secrets"]
    assert all(set(secret) == {"file"} for secret in secrets.values())
    committed = subprocess.run(
        ["git", "ls-files", "deploy/secrets"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert committed.stdout == ""
    texts = [COMPOSE, *(path for path in (ROOT / "deploy").rglob("*") if path.is_file())]
    for path in texts:
        if "secrets" in path.relative_to(ROOT).parts:
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"://[^:/@\s]+:[^$@/\s]+@", text), path
        assert not re.search(r"(?i)password[\"'=: ]+(?=\w*\d)\w{8,}", text), path


@pytest.mark.parametrize("name", _SERVICES)
def test_each_service_is_bounded(name: str) -> None:
    service = _SERVICES[name]
    ends_by_itself = "restart" not in service
    assert ends_by_itself or service["healthcheck"]["test"][0] == "CMD"
    if name != "postgres":
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("file", ["Dockerfile", "deploy/hive/Dockerfile"])
def test_images_run_as_a_plain_user(file: str) -> None:
    last_stage = (ROOT / file).read_text().rpartition("\nFROM ")[2]
    users = re.findall(r"^USER (\S+)", last_stage, re.MULTILINE)
    assert users
    assert users[-1].split(":")[0] not in ("root", "0")


def test_what_is_mounted_and_built_is_there() -> None:
    for service in _SERVICES.values():
        build = service.get("build", ".")
        assert (ROOT / build / "Dockerfile").is_file()
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (ROOT / source).exists(), volume


def test_services_wait_for_services_that_are_there_and_healthy() -> None:
    for name, service in _SERVICES.items():
        waits: dict[str, Any] = service.get("depends_on", {})
        for other, how in waits.items():
            healthy = how["condition"] == "service_healthy"
            assert ("healthcheck" in _SERVICES[other]) == healthy, (name, other)


def test_the_image_gets_what_it_is_built_from() -> None:
    ignored = (ROOT / ".dockerignore").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.M)
    for source in " ".join(copied).split():
        assert f"!{source}\n" in ignored, source
        assert (ROOT / source).exists()


def test_hive_is_the_one_of_the_tests() -> None:
    from tests.hive.hive_jars import HADOOP_VERSION, HIVE_VERSION

    pom = (ROOT / "deploy" / "hive" / "pom.xml").read_text()
    versions = set(re.findall(r"org\.apache\.(hive|hadoop)<.*?<version>(.+?)</version>", pom))
    assert versions == {("hive", HIVE_VERSION), ("hadoop", HADOOP_VERSION)}
    assert json.dumps(_SERVICES["postgres"]).count("5432") == 0
