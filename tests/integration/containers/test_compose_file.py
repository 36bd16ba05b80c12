"""What docker-compose.yml comes to, as Compose renders it: needs the docker command with Compose v2, and no engine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from windtunnel.config import Settings

Render = Callable[..., Mapping[str, Any]]


@pytest.fixture
def render(windtunnel_settings: Settings, pytestconfig: pytest.Config) -> Render:
    """Renders it with variables, and fails where Compose has anything to complain of."""

    def render(*words: str, files: tuple[str, ...] = (), **variables: str) -> Mapping[str, Any]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WINDTUNNEL", "LOCALSTACK"))}
        named = [word for file in ("docker-compose.yml", *files) for word in ("--file", file)]
        done = subprocess.run(
            ["docker", "compose", *named, *words, "config", "--format", "json"],
            cwd=windtunnel_settings.root,
            env={**kept, **variables},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        document: Mapping[str, Any] = json.loads(done.stdout)
        return document

    try:
        subprocess.run(["docker", "compose", "version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        if pytestconfig.getoption("--require-engine") == "localstack":
            raise
        pytest.skip(f"no docker command with Compose v2: {error}")
    return render


def test_the_default_profile_has_one_service_without_socket_and_privilege(render: Render) -> None:
    services = render()["services"]

    assert list(services) == ["localstack"]
    service = services["localstack"]
    assert "docker.sock" not in json.dumps(service)
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert int(service["mem_limit"]) == 4 * 2**30
    assert service["pids_limit"] == 4096
    for opening in ("privileged", "cap_add", "devices", "pid", "ipc", "network_mode", "userns_mode"):
        assert not service.get(opening), opening


def test_every_published_port_is_this_machines_only(render: Render) -> None:
    for service in render("--profile", "stock")["services"].values():
        assert service["ports"]
        assert {port["host_ip"] for port in service["ports"]} == {"127.0.0.1"}


def test_ports_are_the_same_inside_and_outside_and_can_be_changed(render: Render) -> None:
    def ports(**variables: str) -> list[tuple[str, int]]:
        service = render(**variables)["services"]["localstack"]
        return [(port["published"], port["target"]) for port in service["ports"]]

    assert ports() == [("4566", 4566), ("4567", 4567)]
    assert ports(WINDTUNNEL_PORT="4652", WINDTUNNEL_API_PORT="4653") == [("4652", 4652), ("4653", 4653)]


def test_nothing_of_the_machine_is_mounted_but_the_init_hooks_for_reading(render: Render) -> None:
    mounts = render()["services"]["localstack"]["volumes"]

    assert [(mount["type"], mount["target"], mount.get("read_only", False)) for mount in mounts] == [
        ("volume", "/var/lib/localstack", False),
        ("bind", "/etc/localstack/init", True),
    ]


def test_the_image_is_made_of_the_last_localstack_without_a_token(render: Render) -> None:
    service = render()["services"]["localstack"]

    assert service["build"]["args"] == {"LOCALSTACK_IMAGE": "localstack/localstack:4.14.0"}
    assert service["environment"]["LOCALSTACK_AUTH_TOKEN"] == ""
    assert service["environment"]["DISABLE_EVENTS"] == "1"


def test_a_newer_localstack_is_one_variable_and_its_token(render: Render) -> None:
    told = {"LOCALSTACK_IMAGE": "localstack/localstack:2026.10", "LOCALSTACK_AUTH_TOKEN": "ls-1"}

    service = render(**told)["services"]["localstack"]

    assert service["build"]["args"] == {"LOCALSTACK_IMAGE": "localstack/localstack:2026.10"}
    assert service["environment"]["LOCALSTACK_AUTH_TOKEN"] == "ls-1"


def test_the_stock_profile_has_the_unmodified_image_and_dockers_socket(render: Render) -> None:
    service = render("--profile", "stock")["services"]["stock"]

    assert service["image"] == "localstack/localstack:4.14.0"
    assert "build" not in service
    assert "/var/run/docker.sock" in [mount.get("source") for mount in service["volumes"]]


def test_the_offline_file_leaves_no_way_out(render: Render) -> None:
    assert render(files=("docker/offline.yml",))["networks"]["default"]["internal"] is True
