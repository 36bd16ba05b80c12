"""What a failed docker command comes to, by what docker really wrote."""

from __future__ import annotations

from typing import Any

import pytest

from windtunnel.engines.docker import explain, read_container

# as docker 28.2 and Compose 2.26 wrote them, against engine 20.10
NO_ENGINE = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
NO_PERMISSION = (
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: "
    'Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.41/version": dial unix /var/run/docker.sock: connect: permission denied'
)
ALLOCATED = (
    " Container a-localstack-1  Starting\n"
    "Error response from daemon: driver failed programming external connectivity on endpoint a-localstack-1 "
    "(3f): Bind for 127.0.0.1:4652 failed: port is already allocated"
)
IN_USE = (
    "Error response from daemon: driver failed programming external connectivity on endpoint a (3f): "
    "Error starting userland proxy: listen tcp4 127.0.0.1:4653: bind: address already in use"
)


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (NO_ENGINE, "no Docker engine can be reached", "ENGINE=embedded"),
        (NO_PERMISSION, "Docker's engine is not for this user", "docker group"),
        (ALLOCATED, "port 4652 on 127.0.0.1 is taken", "PORT="),
        (IN_USE, "port 4653 on 127.0.0.1 is taken", "PORT="),
        ("something new", "starting the container failed", "make doctor"),
    ],
)
def test_what_docker_says_becomes_what_to_do(said: str, message: str, hint: str) -> None:
    error = explain("starting the container", said)

    assert str(error) == message
    assert hint in error.hint
    assert said.strip().splitlines()[-1] in error.detail


def test_only_the_last_lines_are_shown() -> None:
    error = explain("building", "\n".join(f"line {number}" for number in range(100)))

    assert error.detail.splitlines()[-1] == "line 99"
    assert len(error.detail.splitlines()) == 15


def inspected(**state: Any) -> dict[str, Any]:
    """A container as `docker inspect` shows it."""
    return {
        "Id": "403056ec1ff3aa",
        "Name": "/mine-localstack-1",
        "State": {"Status": "running", "ExitCode": 0, "StartedAt": "2026-11-21T11:16:46.123456789Z", **state},
        "Config": {"Image": "windtunnel/localstack:4.14.0", "Env": ["A=1", "B=x=y"], "Labels": {"owner": "me"}},
    }


def test_a_container_is_read_as_docker_shows_it() -> None:
    container = read_container(inspected())

    assert (container.name, container.running, container.exit_code) == ("mine-localstack-1", True, 0)
    assert container.variables == {"A": "1", "B": "x=y"}
    assert container.labels == {"owner": "me"}
    assert container.started == 1_795_259_806.0


def test_a_container_that_was_never_started_has_no_uptime() -> None:
    container = read_container(inspected(Status="created", StartedAt="0001-01-01T00:00:00Z"))

    assert not container.running
    assert container.started == 0.0


def test_an_end_for_want_of_memory_is_known() -> None:
    container = read_container(inspected(Status="exited", ExitCode=137, OOMKilled=True))

    assert (container.running, container.exit_code, container.memory_killed) == (False, 137, True)
