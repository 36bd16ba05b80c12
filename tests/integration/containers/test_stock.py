"""The profile `stock`: LocalStack's unmodified image, with Docker's socket in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import boto3
import pytest

from windtunnel.config import HOST, Settings, environment
from windtunnel.engines import LocalStackEngine

Docker = Callable[..., str]


@pytest.fixture(scope="module")
def stock(settings: Settings, docker: Docker) -> Iterator[str]:
    """The container's id, once it is healthy."""
    variables = {**environment(), **LocalStackEngine(settings).variables()}
    words = ["compose", "--project-name", settings.compose_project, "--file", str(settings.root / "docker-compose.yml")]
    words += ["--profile", "stock"]
    docker(*words, "up", "--detach", "--wait", "stock", variables=variables)
    yield docker(*words, "ps", "--quiet", "stock", variables=variables)
    docker(*words, "down", "--volumes", "--timeout", "5", variables=variables)


def test_it_is_the_unmodified_image_alone(stock: str, docker: Docker, settings: Settings) -> None:
    label = f"label=com.docker.compose.project={settings.compose_project}"

    assert docker("ps", "--quiet", "--no-trunc", "--filter", label) == stock
    assert docker("inspect", "--format", "{{.Config.Image}}", stock) == "localstack/localstack:4.14.0"


def test_it_serves_on_the_engines_port_and_sees_docker(stock: str, docker: Docker, settings: Settings) -> None:
    s3 = boto3.Session("000000000000", "x", region_name="us-east-1").client("s3", endpoint_url=settings.endpoint_url)
    mounts = json.loads(docker("inspect", "--format", "{{json .Mounts}}", stock))
    bindings = json.loads(docker("inspect", "--format", "{{json .HostConfig.PortBindings}}", stock))

    s3.create_bucket(Bucket="stock")

    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["stock"]
    assert "/var/run/docker.sock" in [mount["Destination"] for mount in mounts]
    assert {binding["HostIp"] for ports in bindings.values() for binding in ports} == {HOST}
