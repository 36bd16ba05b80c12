from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from windtunnel.functions.definition import Alias, read_definition

VERSION: dict[str, Any] = {
    "state": "Active",
    "runtime": "python3.13",
    "handler": "app.handler",
    "code": "/code",
    "layers": None,
    "timeout": 3,
    "memory": 128,
    "variables": {"A": "b"},
    "logGroup": "/aws/lambda/f",
    "logFormat": "Text",
    "revision": "r1",
    "credentials": {"accessKeyId": "AK", "secretAccessKey": "SK", "sessionToken": "ST"},
}
DOCUMENT: dict[str, Any] = {
    "account": "0",
    "region": "eu-west-1",
    "name": "f",
    "reservedConcurrency": 5,
    "versions": {"$LATEST": VERSION, "1": {**VERSION, "layers": "/opt", "logFormat": "JSON", "logLevel": "DEBUG"}},
    "aliases": {"live": {"version": "1", "weights": {"2": 0.1}}},
    "policies": {"": {"Version": "own"}, "live": {"Version": "live"}},
}


def test_a_document_is_read() -> None:
    definition = read_definition(DOCUMENT)

    latest, first = definition.versions["$LATEST"], definition.versions["1"]
    assert (latest.spec.name, latest.spec.version, latest.spec.region) == ("f", "$LATEST", "eu-west-1")
    assert (latest.spec.code, latest.spec.layers, first.spec.layers) == (Path("/code"), None, Path("/opt"))
    assert (latest.spec.timeout, latest.spec.memory_mb, latest.spec.variables) == (3.0, 128, {"A": "b"})
    assert latest.credentials.session_token == "ST"
    assert definition.reserved_concurrency == 5
    assert definition.aliases["live"] == Alias("1", {"2": 0.1})


def test_the_json_log_format_is_told_to_the_runtime() -> None:
    # AWS Lambda Developer Guide, "Configuring advanced logging controls": AWS_LAMBDA_LOG_FORMAT, AWS_LAMBDA_LOG_LEVEL
    versions = read_definition(DOCUMENT).versions

    assert versions["1"].log_variables == {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "Debug"}
    assert versions["$LATEST"].log_variables == {}


def test_a_version_that_has_no_code_yet_is_read_as_well() -> None:
    pending = {**VERSION, "state": "Pending", "code": None, "logGroup": None, "credentials": None, "variables": None}

    version = read_definition({**DOCUMENT, "versions": {"$LATEST": pending}}).versions["$LATEST"]

    assert (version.state, version.log_group, version.spec.variables) == ("Pending", "/aws/lambda/f", {})


def test_each_qualifier_has_its_own_policy_and_latest_that_of_the_function() -> None:
    # AWS Lambda Developer Guide, "Viewing resource-based IAM policies": a policy for the function, a version, an alias
    definition = read_definition(DOCUMENT)

    assert definition.policy("") == definition.policy("$LATEST") == {"Version": "own"}
    assert definition.policy("live") == {"Version": "live"}
    assert definition.policy("1") is None


@pytest.mark.parametrize(
    ("chance", "version"), [(0.0, "2"), (0.099, "2"), (0.1, "3"), (0.299, "3"), (0.31, "1"), (0.999, "1")]
)
def test_an_alias_gives_each_version_its_weight(chance: float, version: str) -> None:
    assert Alias("1", {"2": 0.1, "3": 0.2}).pick(chance) == version
