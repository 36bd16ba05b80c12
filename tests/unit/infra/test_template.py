"""The template as SAM makes CloudFormation's out of it, offline."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "infra/sam/template.yaml"
RETENTION = {"Ref": "LogRetentionInDays"}
XRAY = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"}
ROUTES = {
    ("post", "/users"): "CreateUserFunction",
    ("get", "/users"): "ListUsersFunction",
    ("get", "/admin/users"): "AdminListUsersFunction",
    ("get", "/users/{userId}"): "GetUserFunction",
    ("put", "/users/{userId}"): "UpdateUserFunction",
    ("delete", "/users/{userId}"): "DeleteUserFunction",
    ("post", "/dynamodbmanager"): "DynamoDBManagerFunction",
    ("post", "/items"): "CreateItemFunction",
    ("get", "/items"): "ListItemsFunction",
    ("get", "/items/{id}"): "GetItemFunction",
    ("delete", "/items/{id}"): "DeleteItemFunction",
    ("get", "/docs"): "DocsFunction",
    ("get", "/docs/openapi.json"): "DocsFunction",
}

type Json = dict[str, Any]


@pytest.fixture(scope="module")
def source() -> Json:
    parsed: Json = yaml_parse(SOURCE.read_text())
    return parsed


@pytest.fixture(scope="module")
def template() -> Json:
    """What CloudFormation deploys."""
    parsed = yaml_parse(SOURCE.read_text())
    for resource in parsed["Resources"].values():
        for code in ("CodeUri", "ContentUri"):
            if code in resource["Properties"]:
                # as `sam package` leaves it
                resource["Properties"][code] = "s3://bucket/key"
    session = boto3.session.Session(region_name="eu-central-1")
    translated: Json = Translator({}, Parser(), boto_session=session).translate(parsed, {})
    return translated


def of_type(template: Json, kind: str) -> Json:
    return {name: item["Properties"] for name, item in template["Resources"].items() if item["Type"] == kind}


def function_roles(template: Json) -> Json:
    """Those of the functions; API Gateway has one to write logs with."""
    return {name: role for name, role in of_type(template, "AWS::IAM::Role").items() if name != "ApiGatewayLogsRole"}


def methods(template: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in template["Resources"]["Api"]["Properties"]["Body"]["paths"].items():
        for verb, operation in item.items():
            yield verb, path, operation


def role_of(function: Json, roles: Json) -> Json:
    role: Json = roles[function["Role"]["Fn::GetAtt"][0]]
    return role


def resource_of(statement: Json) -> str:
    """The one resource of a statement, by its logical id or its pattern."""
    ((kind, value),) = statement["Resource"].items()
    return str(value[0] if kind == "Fn::GetAtt" else value)


def actions_of(statement: Json) -> set[str]:
    action = statement["Action"]
    return {action} if isinstance(action, str) else set(action)


def test_every_route_leads_to_its_function(template: Json) -> None:
    found = {
        (verb, path): operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        for verb, path, operation in methods(template)
        if verb != "options"
    }

    assert found.keys() == ROUTES.keys()
    for route, uri in found.items():
        # an alias is referred to by its ARN
        target = "CreateUserFunctionAliaslive" if ROUTES[route] == "CreateUserFunction" else f"{ROUTES[route]}.Arn"
        assert f"${{{target}}}" in uri


def test_api_gateway_may_invoke_every_function(template: Json) -> None:
    permissions = of_type(template, "AWS::Lambda::Permission").values()

    called = {permission["FunctionName"]["Ref"].removesuffix("Aliaslive") for permission in permissions}
    assert called == set(ROUTES.values())
    assert all(permission["Principal"] == "apigateway.amazonaws.com" for permission in permissions)
    assert all("SourceArn" in permission for permission in permissions)


def test_every_handler_exists(source: Json) -> None:
    for function in of_type(source, "AWS::Serverless::Function").values():
        module, _, name = function["Handler"].rpartition(".")
        path = SOURCE.parent / function["CodeUri"] / module.replace(".", "/")
        if function.get("Runtime") == "nodejs22.x":
            assert re.search(rf"^export const {name} = ", path.with_suffix(".mjs").read_text(), re.MULTILINE)
        else:
            assert re.search(rf"^(?:{name} = |def {name}\()", path.with_suffix(".py").read_text(), re.MULTILINE)


def test_every_function_has_its_runtime_and_the_layer_for_it_and_logs_under_its_service(template: Json) -> None:
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        if "Item" in name:
            assert function["Runtime"] == "nodejs22.x"
            assert function["Layers"] == {"Ref": "AWS::NoValue"}
        else:
            assert function["Runtime"] == "python3.13"
            assert len(function["Layers"]) == 1
        assert function["Environment"]["Variables"].keys() >= {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}


def test_every_method_but_preflight_and_documentation_needs_the_key(template: Json) -> None:
    for verb, path, operation in methods(template):
        needs = verb != "options" and not path.startswith("/docs")
        assert ({"api_key": []} in operation.get("security", [])) is needs, f"{verb} {path}"


def test_every_path_answers_a_preflight_with_its_own_methods(template: Json) -> None:
    allowed = {
        path: operation["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
        for verb, path, operation in methods(template)
        if verb == "options"
    }

    assert allowed.keys() == {path for _, path in ROUTES}
    for path, headers in allowed.items():
        verbs = {verb.upper() for verb, of in ROUTES if of == path} | {"OPTIONS"}
        assert set(headers["method.response.header.Access-Control-Allow-Methods"].strip("'").split(",")) == verbs
        assert "X-Api-Key" in headers["method.response.header.Access-Control-Allow-Headers"]


def test_one_origin_for_functions_preflight_and_api_gateways_own_answers(template: Json) -> None:
    body = template["Resources"]["Api"]["Properties"]["Body"]
    responses = body["x-amazon-apigateway-gateway-responses"]
    origins = {
        function["Environment"]["Variables"]["CORS_ALLOW_ORIGIN"]
        for function in of_type(template, "AWS::Lambda::Function").values()
    }

    assert set(responses) == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for response in responses.values():
        origin = response["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"]
        assert {origin.strip("'")} == origins


def test_the_key_is_in_a_plan_with_throttle_and_quota(template: Json) -> None:
    plan = of_type(template, "AWS::ApiGateway::UsagePlan")["ApiUsagePlan"]
    link = of_type(template, "AWS::ApiGateway::UsagePlanKey")["ApiUsagePlanKey"]

    assert plan["ApiStages"] == [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "ApiProdStage"}}]
    # of the parameters' defaults
    assert plan["Throttle"] == {"RateLimit": 1000, "BurstLimit": 2000}
    assert plan["Quota"] == {"Limit": 1_000_000, "Period": "DAY"}
    assert link["KeyType"] == "API_KEY"


def test_the_administrators_key_is_in_a_plan_of_its_own(template: Json) -> None:
    plan = of_type(template, "AWS::ApiGateway::UsagePlan")["AdminUsagePlan"]
    link = of_type(template, "AWS::ApiGateway::UsagePlanKey")["AdminUsagePlanKey"]
    function = template["Resources"]["AdminListUsersFunction"]["Properties"]

    assert plan["ApiStages"] == [{"ApiId": {"Ref": "Api"}, "Stage": "Prod"}]
    assert (link["KeyId"], link["UsagePlanId"]) == ({"Ref": "UsersAdminKey"}, {"Ref": "AdminUsagePlan"})
    assert function["Environment"]["Variables"]["ADMIN_KEY_ID"] == {"Ref": "UsersAdminKey"}


def test_requests_are_traced_and_logged(template: Json) -> None:
    (stage,) = of_type(template, "AWS::ApiGateway::Stage").values()
    logged = json.loads(stage["AccessLogSetting"]["Format"])

    assert stage["TracingEnabled"] is True
    assert stage["AccessLogSetting"]["DestinationArn"] == {"Fn::GetAtt": ["ApiAccessLogs", "Arn"]}
    assert logged.items() >= {"status": "$context.status", "requestId": "$context.requestId"}.items()
    for function in of_type(template, "AWS::Lambda::Function").values():
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_api_gateway_may_log_before_a_stage_does_and_after_the_stack_is_gone(template: Json) -> None:
    account, role = (template["Resources"][name] for name in ("ApiGatewayAccount", "ApiGatewayLogsRole"))

    assert template["Resources"]["Api"]["DependsOn"] == "ApiGatewayAccount"
    assert (account["DeletionPolicy"], role["DeletionPolicy"]) == ("Retain", "Retain")


def test_there_is_one_stage(template: Json) -> None:
    assert [stage["StageName"] for stage in of_type(template, "AWS::ApiGateway::Stage").values()] == ["Prod"]


def test_every_function_has_a_role_of_its_own(template: Json) -> None:
    functions, roles = of_type(template, "AWS::Lambda::Function"), function_roles(template)

    assert len({function["Role"]["Fn::GetAtt"][0] for function in functions.values()}) == len(functions) == len(roles)


def test_every_role_allows_exactly_its_log_group_and_its_tables(template: Json) -> None:
    allowed = {
        "CreateUser": {
            "UsersTable": {"dynamodb:PutItem"},
            "IdempotencyTable": {f"dynamodb:{action}Item" for action in ("Put", "Get", "Update", "Delete")},
        },
        "ListUsers": {"UsersTable": {"dynamodb:Scan"}, "${UsersTable.Arn}/index/byEmail": {"dynamodb:Query"}},
        "AdminListUsers": {"UsersTable": {"dynamodb:Scan"}, "${UsersTable.Arn}/index/byEmail": {"dynamodb:Query"}},
        "GetUser": {"UsersTable": {"dynamodb:GetItem"}},
        "UpdateUser": {"UsersTable": {"dynamodb:UpdateItem"}},
        "DeleteUser": {"UsersTable": {"dynamodb:DeleteItem"}},
        "DynamoDBManager": {
            "ManagerTable": {
                f"dynamodb:{action}" for action in ("PutItem", "GetItem", "UpdateItem", "DeleteItem", "Scan")
            }
        },
        "Docs": {},
        "CreateItem": {"ItemsTable": {"dynamodb:PutItem"}},
        "ListItems": {"ItemsTable": {"dynamodb:Scan"}},
        "GetItem": {"ItemsTable": {"dynamodb:GetItem"}},
        "DeleteItem": {"ItemsTable": {"dynamodb:DeleteItem"}},
    }
    roles = function_roles(template)

    assert roles.keys() == {f"{name}Role" for name in allowed}
    for name, tables in allowed.items():
        role = role_of(template["Resources"][f"{name}Function"]["Properties"], roles)
        assert role["ManagedPolicyArns"] == [XRAY]
        (policy,) = role["Policies"]
        grants = {resource_of(statement): actions_of(statement) for statement in policy["PolicyDocument"]["Statement"]}
        assert grants == {f"{name}LogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"}, **tables}


def test_every_function_has_a_log_group_with_retention(template: Json) -> None:
    names = {function["FunctionName"]["Fn::Sub"] for function in of_type(template, "AWS::Lambda::Function").values()}
    groups = of_type(template, "AWS::Logs::LogGroup").values()

    assert {group["LogGroupName"]["Fn::Sub"] for group in groups} == {
        *(f"/aws/lambda/{name}" for name in names),
        "/aws/apigateway/${AWS::StackName}",
    }
    assert all(group["RetentionInDays"] == RETENTION for group in groups)
    # two stacks in one account do not get in each other's way
    assert all(name.startswith("${AWS::StackName}-") for name in names)


def test_tables_are_on_demand_and_the_users_have_a_stream(template: Json) -> None:
    tables = of_type(template, "AWS::DynamoDB::Table")

    assert {table["BillingMode"] for table in tables.values()} == {"PAY_PER_REQUEST"}
    assert {name: [key["AttributeName"] for key in table["KeySchema"]] for name, table in tables.items()} == {
        "UsersTable": ["userId"],
        "ManagerTable": ["id"],
        "IdempotencyTable": ["id"],
        "ItemsTable": ["id"],
    }
    assert tables["UsersTable"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert "TableName" not in tables["UsersTable"]


def test_outputs_tell_where_and_what(template: Json) -> None:
    assert template["Outputs"].keys() == {
        "AdminKeyId",
        "ApiId",
        "ApiKeyId",
        "ApiName",
        "ApiUrl",
        "IdempotencyTableName",
        "ItemsTableName",
        "ManagerTableName",
        "MetricsNamespace",
        "StageName",
        "UsagePlanId",
        "UsersTableName",
    }
    assert template["Outputs"]["ApiUrl"]["Value"] == {
        "Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${ApiProdStage}"
    }


def test_every_parameter_has_a_default(source: Json) -> None:
    assert [name for name, parameter in source["Parameters"].items() if "Default" not in parameter] == []


def test_sam_asks_before_it_changes_anything() -> None:
    config = tomllib.loads((SOURCE.parent / "samconfig.toml").read_text())["default"]

    assert config["global"]["parameters"]["region"]
    assert config["build"]["parameters"]["cached"] is True
    assert (
        config["deploy"]["parameters"].items()
        >= {
            "capabilities": "CAPABILITY_IAM",
            "confirm_changeset": True,
            "resolve_s3": True,
        }.items()
    )
