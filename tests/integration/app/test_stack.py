"""What the template promises about the deployed stack: plan and key, roles, logs, tables."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws

pytestmark = pytest.mark.engine

FUNCTIONS = {
    "CreateUser": ("POST", "/users"),
    "ListUsers": ("GET", "/users"),
    "GetUser": ("GET", "/users/5"),
    "UpdateUser": ("PUT", "/users/5"),
    "DeleteUser": ("DELETE", "/users/5"),
    "AdminListUsers": ("GET", "/admin/users"),
    "DynamoDBManager": ("POST", "/dynamodbmanager"),
    "CreateItem": ("POST", "/items"),
    "ListItems": ("GET", "/items"),
    "GetItem": ("GET", "/items/5"),
    "DeleteItem": ("DELETE", "/items/5"),
}

TABLES = {
    "DynamoDBManager": ["ManagerTableName"],
    "CreateUser": ["UsersTableName", "IdempotencyTableName"],
    **{name: ["ItemsTableName"] for name in FUNCTIONS if "Item" in name},
}
"""Of the functions that have another table than the users', or more."""

type Eventually = Callable[[Callable[[], Any], str], Any]


def log_lines(aws: Aws, group: str, since: float) -> list[dict[str, Any]]:
    """The JSON lines of a log group since then, in seconds since the epoch."""
    pages = aws.client("logs").get_paginator("filter_log_events")
    events = [
        event for page in pages.paginate(logGroupName=group, startTime=int(since * 1000)) for event in page["events"]
    ]
    return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]


def statements(aws: Aws, role: str) -> list[dict[str, Any]]:
    """What a role allows in policies of its own."""
    iam = aws.client("iam")
    return [
        statement
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
    ]


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_logs_json_into_its_group(
    api: Api, aws: Aws, resources: Mapping[str, str], eventually: Eventually, name: str
) -> None:
    method, path = FUNCTIONS[name]
    since = time.time() - 60

    response = api.request(method, path)

    request_id = response.headers["x-amzn-RequestId"]
    group = resources[f"{name}LogGroup"]
    line = eventually(
        lambda: next((x for x in log_lines(aws, group, since) if x.get("correlation_id") == request_id), None),
        f"the line of request {request_id} in {group}",
    )
    expected = {
        "level": "INFO",
        "message": "answered",
        "service": "items" if "Item" in name else "dynamodbmanager" if name == "DynamoDBManager" else "users",
        "function_name": resources[f"{name}Function"],
        "method": method,
        "status": response.status_code,
    }
    assert {key: line[key] for key in expected} == expected
    assert line["path"].endswith(path)
    assert line["function_request_id"]


def test_an_unexpected_error_leaves_its_traceback_in_the_log(
    api: Api, aws: Aws, resources: Mapping[str, str], users_table: Any, eventually: Eventually
) -> None:
    user_id = str(uuid.uuid4())
    since = time.time() - 60
    users_table.put_item(Item={"userId": user_id})

    try:
        response = api.get(f"/users/{user_id}")
    finally:
        users_table.delete_item(Key={"userId": user_id})

    request_id = response.headers["x-amzn-RequestId"]
    group = resources["GetUserLogGroup"]
    error = eventually(
        lambda: next(
            (
                line
                for line in log_lines(aws, group, since)
                if line.get("correlation_id") == request_id and line["level"] == "ERROR"
            ),
            None,
        ),
        f"the error of request {request_id} in {group}",
    )
    assert response.status_code == 500
    assert error["exception_name"] == "KeyError"
    assert "Traceback (most recent call last)" in error["exception"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_log_group_has_a_retention(aws: Aws, resources: Mapping[str, str], name: str) -> None:
    group = resources[f"{name}LogGroup"]
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]

    assert [found.get("retentionInDays") for found in groups if found["logGroupName"] == group] == [14]


def test_every_function_has_a_role_of_its_own_for_its_tables(
    stack: Stack, aws: Aws, resources: Mapping[str, str]
) -> None:
    lambda_, iam = aws.client("lambda"), aws.client("iam")
    roles = {}
    for name in FUNCTIONS:
        arn = lambda_.get_function_configuration(FunctionName=resources[f"{name}Function"])["Role"]
        role = roles[name] = arn.rpartition("/")[2]
        (attached,) = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert attached["PolicyName"] == "AWSXRayDaemonWriteAccess"

        allowed = statements(aws, role)
        granted = {resource for statement in allowed for resource in listed(statement["Resource"])}
        actions = {action for statement in allowed for action in listed(statement["Action"])}
        tables = {stack.outputs[output] for output in TABLES.get(name, ["UsersTableName"])}
        # the group's ARN may end with :* for its streams, a table's with one of its indexes
        logs = {resource.removesuffix(":*") for resource in granted if resource.split(":")[2] == "logs"}
        found = {resource.split("/")[1] for resource in granted if resource.split(":")[2] == "dynamodb"}
        assert {resource.split(":")[2] for resource in granted} == {"dynamodb", "logs"}
        assert found == tables
        assert [group.partition(":log-group:")[2] for group in logs] == [resources[f"{name}LogGroup"]]
        assert not any("*" in action for action in actions)
    assert len(set(roles.values())) == len(FUNCTIONS)


def test_the_key_is_in_the_plan_of_the_stage(stack: Stack, aws: Aws) -> None:
    gateway = aws.client("apigateway")
    plan_id = stack.outputs["UsagePlanId"]

    plan = gateway.get_usage_plan(usagePlanId=plan_id)
    key = gateway.get_api_key(apiKey=stack.outputs["ApiKeyId"], includeValue=True)

    assert [(stage["apiId"], stage["stage"]) for stage in plan["apiStages"]] == [
        (stack.outputs["ApiId"], stack.outputs["StageName"])
    ]
    assert plan["throttle"] == {"rateLimit": 1000.0, "burstLimit": 2000}
    assert {name: plan["quota"][name] for name in ("limit", "period")} == {"limit": 1_000_000, "period": "DAY"}
    assert (key["enabled"], key["value"]) == (True, stack.api_key)
    assert [item["id"] for item in gateway.get_usage_plan_keys(usagePlanId=plan_id)["items"]] == [key["id"]]


def test_tables_are_on_demand_and_the_users_have_a_stream(stack: Stack, aws: Aws) -> None:
    dynamodb = aws.client("dynamodb")
    users = dynamodb.describe_table(TableName=stack.outputs["UsersTableName"])["Table"]
    manager = dynamodb.describe_table(TableName=stack.outputs["ManagerTableName"])["Table"]

    assert {table["BillingModeSummary"]["BillingMode"] for table in (users, manager)} == {"PAY_PER_REQUEST"}
    assert users["KeySchema"] == [{"AttributeName": "userId", "KeyType": "HASH"}]
    assert manager["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert users["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert "StreamSpecification" not in manager


def test_the_outputs_say_where_the_api_is(stack: Stack) -> None:
    assert stack.outputs["StageName"] == "Prod"
    assert stack.outputs["ApiId"] in stack.outputs["ApiUrl"]
    assert stack.outputs["ApiUrl"].endswith("/Prod")
    assert not stack.api_url.endswith("/")
