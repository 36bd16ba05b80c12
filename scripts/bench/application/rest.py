"""A REST API with two functions and a table, as AWS needs it: permissions, key, usage plan, metrics, access logs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from botocore.exceptions import BotoCoreError, ClientError

from bench.application.deployment import Deployment
from bench.errors import BenchError
from bench.system import ACCOUNT, REGION, Running

FUNCTIONS = Path(__file__).parent / "functions"
STAGE = "Prod"
TABLE = "bench-items"
LOG_GROUP = "/bench/access"
RATE_PER_SECOND = 100_000
QUOTA_PER_DAY = 1_000_000_000
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.resourcePath",
    "status": "$context.status",
    "latency": "$context.responseLatency",
}
ROUTES = (("GET", "ping"), ("POST", "items"))
"""Method and function; the path is the function's name."""
ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


class RestApplication:
    """An Application."""

    def deploy(self, system: Running) -> Deployment:
        try:
            api_id, notes = _make(system)
            key = _make_key(system.client("apigateway"), api_id)
        except (ClientError, BotoCoreError) as error:
            raise BenchError(f"{system.name} did not take the application: {error}") from error
        url = system.api_url(api_id, STAGE)
        return Deployment(url, key, (*notes, *_verify(system, url, key)))

    def observed(self, system: Running) -> tuple[str, ...]:
        """Which of access logs, execution metrics and usage the requests left traces in."""
        traces = {"access logs": _access_logs, "execution metrics": _metrics, "usage of the plan": _usage}
        kept = {what: _asked(trace, system) for what, trace in traces.items()}
        said = {True: "keeps ", False: "keeps no "}
        return tuple(
            said[answer] + ", ".join(what for what, found in kept.items() if found is answer)
            for answer in (True, False)
            if answer in kept.values()
        )


def _asked(trace: Callable[[Running], bool], system: Running) -> bool:
    """Whether there is a trace; a system that cannot even be asked has none."""
    try:
        return trace(system)
    except (ClientError, BotoCoreError):
        return False


def _access_logs(system: Running) -> bool:
    return bool(system.client("logs").filter_log_events(logGroupName=LOG_GROUP, limit=1).get("events"))


def _metrics(system: Running) -> bool:
    return bool(system.client("cloudwatch").list_metrics(Namespace="AWS/ApiGateway").get("Metrics"))


def _usage(system: Running) -> bool:
    gateway = system.client("apigateway")
    plan = gateway.get_usage_plans()["items"][0]["id"]
    today = datetime.now(UTC).date()
    # a run may go over midnight
    days = {"startDate": str(today - timedelta(days=1)), "endDate": str(today)}
    items = gateway.get_usage(usagePlanId=plan, **days).get("items", {})
    return any(used for pairs in items.values() for used, _remaining in pairs)


def _make(system: Running) -> tuple[str, list[str]]:
    """The table, the functions and the API: its id, and what the system would not take."""
    dynamodb, gateway = system.client("dynamodb"), system.client("apigateway")
    dynamodb.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    role = system.client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(ROLE))["Role"]["Arn"]
    api = gateway.create_rest_api(name="bench", endpointConfiguration={"types": ["REGIONAL"]})["id"]
    root = next(item["id"] for item in gateway.get_resources(restApiId=api)["items"] if item["path"] == "/")
    for method, function in ROUTES:
        arn = _make_function(system.client("lambda"), function, role)
        resource = gateway.create_resource(restApiId=api, parentId=root, pathPart=function)["id"]
        at = {"restApiId": api, "resourceId": resource, "httpMethod": method}
        gateway.put_method(**at, authorizationType="NONE", apiKeyRequired=True)
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
        gateway.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
        system.client("lambda").add_permission(
            FunctionName=f"bench-{function}",
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/{method}/{function}",
        )
    gateway.create_deployment(restApiId=api, stageName=STAGE)
    return api, _observe(system, api)


def _make_function(client: Any, name: str, role: str) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.write(FUNCTIONS / f"{name}.py", f"{name}.py")
    arn: str = client.create_function(
        FunctionName=f"bench-{name}",
        Runtime="python3.13",
        Role=role,
        Handler=f"{name}.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=29,
        MemorySize=256,
        Environment={"Variables": {"TABLE": TABLE}},
    )["FunctionArn"]
    waiter = client.get_waiter("function_active_v2")
    waiter.wait(FunctionName=f"bench-{name}", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    return arn


def _observe(system: Running, api: str) -> list[str]:
    """Access logs and execution metrics, where the system takes them; what it would not."""
    system.client("logs").create_log_group(logGroupName=LOG_GROUP)
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUP}"
    wanted = {
        "execution metrics": {"/*/*/metrics/enabled": "true"},
        "access logs": {
            "/accessLogSettings/destinationArn": group,
            "/accessLogSettings/format": json.dumps(ACCESS_LOG),
        },
    }
    notes = []
    for what, settings in wanted.items():
        operations = [{"op": "replace", "path": path, "value": value} for path, value in settings.items()]
        try:
            system.client("apigateway").update_stage(restApiId=api, stageName=STAGE, patchOperations=operations)
        except ClientError as error:
            notes.append(f"{what} refused: {error}")
    return notes


def _make_key(gateway: Any, api: str) -> str:
    """An API key in a usage plan of the stage: its value."""
    key = gateway.create_api_key(name="bench", enabled=True)
    plan = gateway.create_usage_plan(
        name="bench",
        apiStages=[{"apiId": api, "stage": STAGE}],
        throttle={"rateLimit": float(RATE_PER_SECOND), "burstLimit": RATE_PER_SECOND},
        quota={"limit": QUOTA_PER_DAY, "period": "DAY"},
    )
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    value: str = key["value"]
    return value


def _verify(system: Running, url: str, api_key: str) -> list[str]:
    """Ask it once for everything a case asks for. Raises BenchError where an answer is wrong."""
    headers = {"x-api-key": api_key}
    ping = requests.get(f"{url}/ping", headers=headers, timeout=60)
    if ping.status_code != 200 or ping.text != '{"message": "pong"}':
        raise BenchError(f"{system.name} answers GET /ping with {ping.status_code}: {ping.text[:300]}")
    made = requests.post(f"{url}/items", json={"name": "Ada"}, headers=headers, timeout=60)
    if made.status_code != 201:
        raise BenchError(f"{system.name} answers POST /items with {made.status_code}: {made.text[:300]}")
    key = {"id": {"S": made.json()["id"]}}
    item = system.client("dynamodb").get_item(TableName=TABLE, Key=key).get("Item")
    if item != {**key, "name": {"S": "Ada"}}:
        raise BenchError(f"{system.name} has not written the item that POST /items answered with: it has {item}")
    keyless = requests.get(f"{url}/ping", timeout=60)
    if keyless.status_code == 403:
        return []
    return [f"asks for no API key: without one it answers {keyless.status_code}"]
