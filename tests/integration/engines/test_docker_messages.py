"""What a person is told where Docker is not as it should be. `docker` is a script that says what the real one said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from windtunnel.config import Settings
from windtunnel.engines import LocalStackEngine
from windtunnel.errors import EngineError
from windtunnel.testing.engine import apart

SaysSo = Callable[[str], None]

THERE = """
case "$*" in
  "version --format"*) echo 20.10.24 ;;
  "compose version --short") echo 2.26.1 ;;
  "ps "*) ;;
  *" config --format json") echo '{"services": {"localstack": {"image": "ours:1", "build": {"args": {"LOCALSTACK_IMAGE": "base:1"}}}}}' ;;
"""  # noqa: E501


@pytest.fixture
def settings(windtunnel_settings: Settings, tmp_path: Path) -> Settings:
    return apart(windtunnel_settings, tmp_path / "state", engine="localstack", project="windtunnel-nobody")


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SaysSo:
    """Puts a docker command on the PATH that is this script, and nothing else but the system's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/nonexistent")

    def say(script: str) -> None:
        command = folder / "docker"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)

    return say


def started(settings: Settings) -> EngineError:
    with pytest.raises(EngineError) as caught:
        LocalStackEngine(settings).start(lambda _line: None)
    return caught.value


def test_without_a_docker_command_it_is_said_what_to_install(settings: Settings, docker: SaysSo) -> None:
    del docker

    error = started(settings)

    assert str(error) == "there is no docker command on the PATH"
    assert "ENGINE=embedded" in error.hint


def test_an_engine_that_cannot_be_reached_is_said_to_be_down(settings: Settings, docker: SaysSo) -> None:
    docker('echo "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" >&2; exit 1')

    error = started(settings)

    assert str(error) == "no Docker engine can be reached"
    assert "systemctl start docker" in error.hint


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("echo \"docker: 'compose' is not a docker command.\" >&2; exit 1", "this docker has no Compose v2"),
        ("echo 1.29.2", "this docker has no Compose v2, but 1.29.2"),
    ],
)
def test_compose_must_be_version_2(settings: Settings, docker: SaysSo, answer: str, message: str) -> None:
    docker(f'case "$1" in version) echo 20.10.24 ;; *) {answer} ;; esac')

    error = started(settings)

    assert str(error) == message
    assert "docker-compose-plugin" in error.hint


def test_an_image_that_is_not_there_and_cannot_be_pulled_is_named(settings: Settings, docker: SaysSo) -> None:
    # as engine 20.10 said it, without a network
    refused = (
        'Get "https://registry.example/v2/": dial tcp: lookup registry.example: Temporary failure in name resolution'
    )
    docker(
        THERE
        + f"""  "image inspect"*) exit 1 ;;
  "pull base:1") echo 'Error response from daemon: {refused}' >&2; exit 1 ;;
esac"""
    )

    error = started(settings)

    assert str(error) == "the image base:1 is not on this machine and cannot be pulled"
    assert "docker pull base:1" in error.hint
    assert "name resolution" in error.detail


def test_a_build_that_fails_shows_its_last_lines(settings: Settings, docker: SaysSo) -> None:
    docker(
        THERE
        + """  "image inspect"*) ;;
  *" build localstack") echo "windtunnel: this LocalStack lacks a name"; echo "failed to solve: 3"; exit 17 ;;
esac"""
    )

    error = started(settings)

    assert str(error) == "building ours:1 failed"
    assert error.detail == "windtunnel: this LocalStack lacks a name"
    assert "build.log" in error.hint


def test_a_port_that_is_taken_between_look_and_start_is_said(settings: Settings, docker: SaysSo) -> None:
    docker(
        THERE
        + """  "image inspect"*|*" build localstack"|*" down "*) ;;
  "volume inspect"*) exit 1 ;;
  *" up "*) echo "Bind for 127.0.0.1:4566 failed: port is already allocated"; exit 1 ;;
esac"""
    )

    error = started(settings)

    assert str(error) == "port 4566 on 127.0.0.1 is taken"
    assert "PORT=4576" in error.hint


def test_a_checkout_without_a_compose_file_is_told_to_take_one(settings: Settings, tmp_path: Path) -> None:
    error = started(replace(settings, root=tmp_path))

    assert str(error) == f"there is no docker-compose.yml in {tmp_path}"


def test_the_status_of_an_engine_without_docker_is_down_with_the_reason(settings: Settings, docker: SaysSo) -> None:
    del docker

    status = LocalStackEngine(settings).status()

    assert (status.state, status.detail) == ("down", "there is no docker command on the PATH")
