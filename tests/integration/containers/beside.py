"""Runs in a container beside the engine, on a network with no way out: deploys the application, and uses it.

`python beside.py CHECKOUT BUILDS`: CHECKOUT is the project, BUILDS a copy of its built artifacts. Prints a JSON object.
"""

import json
import socket
import sys
import urllib.request
from pathlib import Path
from typing import Any

import boto3

from windtunnel.deploy.deploy import deploy
from windtunnel.deploy.request import DeployRequest

ENGINE = "http://localstack:4566"


def client(service: str) -> Any:
    session: Any = boto3.Session("000000000000", "x", region_name="us-east-1")
    return session.client(service, endpoint_url=ENGINE)


def way_out() -> str:
    """Whether anything but this network is reached: an address of the Internet, and a name."""
    try:
        socket.create_connection(("1.1.1.1", 443), timeout=3).close()
    except OSError:
        pass
    else:
        return "an address"
    try:
        socket.getaddrinfo("example.com", 443)
    except OSError:
        return "none"
    return "a name"


def main() -> None:
    checkout, builds = Path(sys.argv[1]), Path(sys.argv[2])
    request = DeployRequest(
        template=checkout / "infra/sam/template.yaml",
        stack_name="beside",
        build_dir=builds,
        wheels=None,
        uv=Path("/nonexistent"),
        python=Path(sys.executable),
    )
    result = deploy(request, client, lambda _event: None)
    key = client("apigateway").get_api_key(apiKey=result.outputs["ApiKeyId"], includeValue=True)["value"]
    post = urllib.request.Request(
        f"{ENGINE}/_aws/execute-api/{result.outputs['ApiId']}/{result.outputs['StageName']}/users",
        data=json.dumps({"name": "Ada", "email": "ada@example.com", "age": 36}).encode(),
        headers={"x-api-key": key, "content-type": "application/json"},
    )
    with urllib.request.urlopen(post, timeout=30) as response:
        created = json.load(response)
    table = client("dynamodb").scan(TableName=result.outputs["UsersTableName"])["Items"]
    told = {"way_out": way_out(), "resources": len(result.resources), "created": created["name"], "rows": len(table)}
    print(json.dumps(told))


main()
