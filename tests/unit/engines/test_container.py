"""What runs in the container is what runs outside, but for what differs there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from windtunnel.config import Settings
from windtunnel.engines.container import container_orders, image_environment
from windtunnel.engines.orders import Home, Ports, engine_orders
from windtunnel.engines.supervisor import Orders

SETTINGS = Settings(root=Path("/opt/windtunnel"), port=4652, api_port=4653, state_dir=Path("/state"))


def orders(folder: Path, settings: Settings = SETTINGS, **variables: str) -> Orders:
    return container_orders(settings, Home(folder), "403056ec1ff3", variables)


def test_the_same_processes_run_inside_and_outside(tmp_path: Path) -> None:
    inside = orders(tmp_path)
    outside = engine_orders(SETTINGS, Home(tmp_path), Ports(4652, 4653, 14_566, 14_567), "i", "t")

    assert [(child.name, child.command) for child in inside.children] == [
        (child.name, child.command) for child in outside.children
    ]


def test_every_process_logs_to_the_containers_output(tmp_path: Path) -> None:
    assert {child.log for child in orders(tmp_path).children} == {"/proc/1/fd/1"}


def test_it_listens_where_it_is_published_and_where_containers_beside_it_look(tmp_path: Path) -> None:
    changed, standard = orders(tmp_path), orders(tmp_path, replace(SETTINGS, port=4566, api_port=4567))

    assert changed.host == "0.0.0.0"
    assert {name: changed.listen[name] for name in ("main", "api", "standard")} == {
        "main": 4652,
        "api": 4653,
        "standard": 4566,
    }
    assert changed.children[0].sockets == ("main", "api", "standard")
    assert "standard" not in standard.listen
    assert standard.children[0].sockets == ("main", "api")


def test_localstack_has_the_paths_of_its_image_and_what_the_container_was_told(tmp_path: Path) -> None:
    told = {"PATH": "/opt/code/localstack/.venv/bin:/usr/bin", "DEBUG": "1", "LOCALSTACK_AUTH_TOKEN": "ls-1"}

    backplane = next(child for child in orders(tmp_path, SETTINGS, **told).children if child.name == "backplane")

    assert {name: backplane.environment[name] for name in told} == told
    assert "FILESYSTEM_ROOT" not in backplane.environment


def test_what_windtunnel_needs_cannot_be_told_otherwise(tmp_path: Path) -> None:
    told = {"LAMBDA_RUNTIME_EXECUTOR": "docker", "GATEWAY_LISTEN": "0.0.0.0:4566"}

    backplane = next(child for child in orders(tmp_path, SETTINGS, **told).children if child.name == "backplane")

    assert backplane.environment["LAMBDA_RUNTIME_EXECUTOR"] == "windtunnel"
    # from outside, LocalStack is reached through the edge alone
    assert backplane.environment["GATEWAY_LISTEN"] == "127.0.0.1:14566"


def test_the_edge_sees_nothing_of_the_containers_environment(tmp_path: Path) -> None:
    edge = next(child for child in orders(tmp_path, LOCALSTACK_AUTH_TOKEN="ls-1").children if child.name == "edge")

    assert "LOCALSTACK_AUTH_TOKEN" not in edge.environment


def test_localstacks_prefix_is_taken_off_as_its_own_image_does() -> None:
    # LocalStack's docs, "Configuration": LOCALSTACK_ before a variable's name is the same as without
    told = {"LOCALSTACK_DEBUG": "1", "LOCALSTACK_HOST": "a:1", "LOCALSTACK_AUTH_TOKEN": "", "SERVICES": ""}

    assert image_environment(told) == {"LOCALSTACK_DEBUG": "1", "DEBUG": "1", "LOCALSTACK_HOST": "a:1"}
