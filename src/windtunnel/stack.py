"""A deployed stack as its users need it: where its API is, with which key, and its outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from windtunnel.engines import Engine
from windtunnel.errors import DeployError
from windtunnel.files import write_whole

API, STAGE, API_KEY = "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::ApiGateway::ApiKey"


@dataclass(frozen=True)
class Stack:
    """A deployed stack. Addresses have no slash at their end; what a stack does not have (an API, a key) is "".

    `root_url` is where the API is at the root of a port of its own, which only a local engine has. `endpoint_url` is
    None on AWS. `outputs` are the template's own.
    """

    name: str
    engine: str
    region: str
    endpoint_url: str | None
    api_id: str
    api_stage: str
    api_url: str
    root_url: str
    api_key: str
    outputs: Mapping[str, str]


def describe_stack(engine: Engine, name: str, region: str) -> Stack | None:
    """The stack as the engine has it now; None where it was never deployed.

    A stack with several REST APIs is known by the first of them, in the order of their logical ids.
    """
    session = engine.session()
    cloudformation = session.client("cloudformation", endpoint_url=engine.endpoint_url)
    try:
        described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise DeployError(f"stack {name} cannot be described: {error}") from error
    except BotoCoreError as error:
        # no credentials, an expired login, no network
        raise DeployError(f"stack {name} cannot be described: {error}") from error
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = sorted(
        (resource for page in pages for resource in page["StackResourceSummaries"]),
        key=lambda resource: resource["LogicalResourceId"],
    )
    first: dict[str, str] = {}
    for resource in resources:
        if physical_id := resource.get("PhysicalResourceId"):
            first.setdefault(resource["ResourceType"], physical_id)

    api_id = api_stage = api_url = root_url = api_key = ""
    if API in first and STAGE in first:
        api_id, api_stage = first[API], first[STAGE]
        api_url, root_url = engine.api_url(api_id, api_stage), engine.root_url(api_id, api_stage)
    if API_KEY in first:
        gateway = session.client("apigateway", endpoint_url=engine.endpoint_url)
        api_key = gateway.get_api_key(apiKey=first[API_KEY], includeValue=True)["value"]
    return Stack(
        name=name,
        engine=engine.name,
        region=region,
        endpoint_url=engine.endpoint_url,
        api_id=api_id,
        api_stage=api_stage,
        api_url=api_url,
        root_url=root_url,
        api_key=api_key,
        outputs={output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])},
    )


def write_outputs(path: Path, stack: Stack) -> None:
    """Write a stack to outputs.json: scripts and load tests read it. It holds the API key."""
    document = {**asdict(stack), "written": datetime.now(UTC).isoformat(timespec="seconds")}
    write_whole(path, json.dumps(document, indent=2) + "\n")


def engine_of(path: Path) -> str | None:
    """The engine of the stack in outputs.json; None where there is none."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return document.get("engine") if isinstance(document, dict) else None
