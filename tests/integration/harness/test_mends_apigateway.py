"""What of LocalStack's API Gateway is mended, seen from outside: by its own API, and in what the edge was told.

Sources: CloudFormation User Guide, AWS::ApiGateway::*; API Gateway Developer Guide, "OpenAPI extensions for API
Gateway"; API Gateway REST API Reference, "Patch Operations".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest

from windtunnel.harness import Harness
from windtunnel.testing.plugin import Engine

Model = dict[str, Any]
Deploy = Callable[[Model], None]
FUNCTION = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:us-east-1:000000000000:function:f/invocations"
)
POOL = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_"
API, ROOT = {"Ref": "Api"}, {"Fn::GetAtt": ["Api", "RootResourceId"]}


@pytest.fixture
def name() -> str:
    return f"mend-api-{uuid4().hex[:8]}"


@pytest.fixture
def gateway(engine: Engine) -> Any:
    return engine.client("apigateway")


@pytest.fixture
def deploy(engine: Engine, tmp_path: Path, name: str) -> Iterator[Deploy]:
    """Deploys resources, each `"Name": ("Type", {property: value})`, as a stack of the test's own."""
    settings = replace(engine.settings, template=tmp_path / "template.json", stack=name)

    def deploy(resources: Model) -> None:
        entries = {key: {"Type": kind, "Properties": model, **more} for key, (kind, model, more) in resources.items()}
        transform = {"Transform": "AWS::Serverless-2016-10-31"} if "Serverless" in json.dumps(entries) else {}
        settings.template.write_text(json.dumps({**transform, "Resources": entries}))
        Harness(settings).deploy()

    yield deploy
    engine.client("cloudformation").delete_stack(StackName=name)


def resource(kind: str, model: Model, *after: str) -> tuple[str, Model, Model]:
    return f"AWS::ApiGateway::{kind}", model, {"DependsOn": list(after)} if after else {}


def rest_api(name: str, **more: Any) -> tuple[str, Model, Model]:
    return resource("RestApi", {"Name": name, **more})


def method(verb: str = "GET", **more: Any) -> tuple[str, Model, Model]:
    mock = {"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode": 200}'}}
    place = {"RestApiId": API, "ResourceId": ROOT, "HttpMethod": verb}
    return resource("Method", {**place, "AuthorizationType": "NONE", "Integration": mock, **more})


def stage(**more: Any) -> tuple[str, Model, Model]:
    return resource("Stage", {"RestApiId": API, "DeploymentId": {"Ref": "Deployment"}, "StageName": "live", **more})


def published(engine: Engine, name: str, stage_name: str = "live") -> Any:
    """What the edge has of an API's stage."""
    for path in (engine.settings.state_dir / "engine/edge/publications").glob("stage*.json"):
        document = json.loads(path.read_text())
        if document["restApi"]["name"] == name and unquote(path.stem).endswith(f"/{stage_name}"):
            return document
    return None


def keys(engine: Engine) -> Any:
    (path,) = (engine.settings.state_dir / "engine/edge/publications").glob(
        f"keys*{engine.settings.account}*us-east-1.json"
    )
    return json.loads(path.read_text())


def basic(name: str, **more: Any) -> Model:
    return {
        "Api": rest_api(name, **more),
        "Get": method(),
        "Deployment": resource("Deployment", {"RestApiId": API}, "Get"),
        "Stage": stage(),
    }


def test_a_stage_has_its_method_and_access_log_settings(engine: Engine, deploy: Deploy, name: str) -> None:
    def settings(burst: int, text: str) -> Model:
        log = {"DestinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:g:*", "Format": text}
        every = {"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingBurstLimit": burst, "ThrottlingRateLimit": 2.5}
        one = {"ResourcePath": "/~1users", "HttpMethod": "GET", "MetricsEnabled": True}
        return {"AccessLogSetting": log, "MethodSettings": [every, one]}

    found = []
    for model in (settings(5, "$context.status"), settings(6, "$context.requestId"), {}):
        deploy({**basic(name), "Stage": stage(**model)})
        document = published(engine, name)["stage"]
        found.append((document["methodSettings"], (document.get("accessLogSettings") or {}).get("format")))

    every, one = {"throttlingBurstLimit": 5, "throttlingRateLimit": 2.5}, {"~1users/GET": {"metricsEnabled": True}}
    assert found == [
        ({"*/*": every, **one}, "$context.status"),
        ({"*/*": {**every, "throttlingBurstLimit": 6}, **one}, "$context.requestId"),
        ({}, None),
    ]


def test_a_deployments_stage_description_is_the_stages(engine: Engine, deploy: Deploy, name: str) -> None:
    described = {"Variables": {"v": "1"}, "Description": "d", "TracingEnabled": True, "ThrottlingRateLimit": 2}
    model = {"RestApiId": API, "StageName": "quick", "StageDescription": described}
    resources = basic(name)
    del resources["Stage"]

    deploy({**resources, "Deployment": resource("Deployment", model, "Get")})
    document = published(engine, name, "quick")["stage"]

    assert (document["variables"], document["description"], document["tracingEnabled"]) == ({"v": "1"}, "d", True)
    assert document["methodSettings"] == {"*/*": {"throttlingRateLimit": 2.0}}


def test_a_rest_apis_settings_are_made_and_changed(gateway: Any, deploy: Deploy, name: str) -> None:
    def policy(effect: str) -> Model:
        statement = {"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
        return {"Version": "2012-10-17", "Statement": [statement]}

    found = []
    for source, disabled, effect in (("AUTHORIZER", True, "Allow"), ("HEADER", False, "Deny")):
        model = {"ApiKeySourceType": source, "DisableExecuteApiEndpoint": disabled, "Policy": policy(effect)}
        deploy(basic(name, BinaryMediaTypes=["image~1png"], **model))
        (api,) = [one for one in gateway.get_rest_apis(limit=500)["items"] if one["name"] == name]
        text = json.loads(f'"{api["policy"]}"')
        found.append((api["apiKeySource"], api["disableExecuteApiEndpoint"], json.loads(text) == policy(effect)))

    assert found == [("AUTHORIZER", True, True), ("HEADER", False, True)]


def test_binary_media_types_outlast_a_changed_body(engine: Engine, deploy: Deploy, name: str) -> None:
    def body(path: str) -> Model:
        operation = {"x-amazon-apigateway-integration": {"type": "mock"}}
        return {"swagger": "2.0", "info": {"title": name, "version": "1"}, "paths": {path: {"get": operation}}}

    for number, path in enumerate(("/a", "/b")):
        deployment = resource("Deployment", {"RestApiId": API, "Description": str(number)})
        at = {"RestApiId": API, "DeploymentId": {"Ref": f"Deployment{number}"}, "StageName": "live"}
        model = {"BinaryMediaTypes": ["image~1png"], "Body": body(path)}
        deploy({"Api": rest_api(name, **model), f"Deployment{number}": deployment, "Stage": resource("Stage", at)})

    document = published(engine, name)
    assert document["restApi"]["binaryMediaTypes"] == ["image/png"]
    assert "/b" in {entry["path"] for entry in document["resources"]}


def test_authorizers_are_made_changed_and_deleted(gateway: Any, deploy: Deploy, name: str) -> None:
    def authorizers(ttl: int, expression: str, pool: str) -> Model:
        token = {"Type": "TOKEN", "AuthorizerUri": FUNCTION, "IdentitySource": "method.request.header.X-Token"}
        limits = {"AuthorizerResultTtlInSeconds": ttl, "IdentityValidationExpression": expression}
        pools = {"Type": "COGNITO_USER_POOLS", "ProviderARNs": [POOL + pool]}
        source = {"IdentitySource": "method.request.header.Authorization"}
        return {
            "Token": resource("Authorizer", {"RestApiId": API, "Name": "token", **token, **limits}),
            "Pool": resource("Authorizer", {"RestApiId": API, "Name": "pool", **pools, **source}),
            "Get": method(AuthorizationType="CUSTOM", AuthorizerId={"Ref": "Token"}),
            "Post": method(
                "POST",
                AuthorizationType="COGNITO_USER_POOLS",
                AuthorizerId={"Ref": "Pool"},
                AuthorizationScopes=["a/b"],
            ),
        }

    def there() -> Model:
        (api,) = [one["id"] for one in gateway.get_rest_apis(limit=500)["items"] if one["name"] == name]
        return {one["name"]: one for one in gateway.get_authorizers(restApiId=api)["items"]}

    deploy({**basic(name), **authorizers(0, "^a", "one")})
    made = there()
    deploy({**basic(name), **authorizers(60, "^b", "two")})
    changed = there()
    deploy(basic(name))
    left = there()

    assert made["token"]["identitySource"] == "method.request.header.X-Token"
    assert (made["token"]["authorizerResultTtlInSeconds"], changed["token"]["authorizerResultTtlInSeconds"]) == (0, 60)
    assert (made["token"]["identityValidationExpression"], changed["token"]["identityValidationExpression"]) == (
        "^a",
        "^b",
    )
    assert (made["pool"]["providerARNs"], changed["pool"]["providerARNs"]) == ([POOL + "one"], [POOL + "two"])
    assert made["token"]["id"] == changed["token"]["id"]
    assert left == {}


def test_a_usage_plan_is_made_and_changed(engine: Engine, deploy: Deploy, name: str) -> None:
    def plan(**model: Any) -> Model:
        return {**basic(name), "Plan": resource("UsagePlan", {"UsagePlanName": name, **model}, "Stage")}

    def on_stage(**throttle: Any) -> list[Model]:
        return [{"ApiId": API, "Stage": "live", **({"Throttle": throttle["of"]} if throttle else {})}]

    found = []
    for model in (
        {"Throttle": {"RateLimit": "2.5"}, "Quota": {"Limit": "9", "Offset": 1, "Period": "WEEK"}},
        {"Throttle": {"RateLimit": 1, "BurstLimit": 3}, "ApiStages": on_stage(of={"/users/GET": {"RateLimit": 0.5}})},
        {"Quota": {"Limit": 4, "Period": "DAY"}, "ApiStages": on_stage(of={"/users/PUT": {"BurstLimit": 2}})},
        {"ApiStages": on_stage()},
        {},
    ):
        deploy(plan(**model))
        (there,) = [one for one in keys(engine)["usagePlans"] if one["name"] == name]
        stages = [entry["throttle"] for entry in there["apiStages"]]
        found.append((there["throttle"] or {}, there["quota"], stages))

    assert found == [
        ({"rateLimit": 2.5}, {"limit": 9, "offset": 1, "period": "WEEK"}, []),
        ({"rateLimit": 1.0, "burstLimit": 3}, None, [{"/users/GET": {"rateLimit": 0.5}}]),
        ({}, {"limit": 4, "offset": 0, "period": "DAY"}, [{"/users/PUT": {"burstLimit": 2}}]),
        ({}, None, [{}]),
        ({}, None, []),
    ]


def test_a_usage_plan_is_patched_as_the_api_reference_has_it(engine: Engine, gateway: Any, name: str) -> None:
    api = gateway.create_rest_api(name=name)["id"]
    stages = [{"apiId": api, "stage": "live", "throttle": {"/a/GET": {"rateLimit": 1, "burstLimit": 1}}}]
    plan = gateway.create_usage_plan(name=name, throttle={"rateLimit": 9, "burstLimit": 9}, apiStages=stages)["id"]

    def patch(operation: str, path: str, value: str | None = None) -> Any:
        more = {} if value is None else {"value": value}
        operations = [{"op": operation, "path": path, **more}]
        return gateway.update_usage_plan(usagePlanId=plan, patchOperations=operations)

    patch("replace", "/throttle/rateLimit", "2.5")
    patch("replace", "/quota/limit", "7")
    patch("replace", f"/apiStages/{api}:live/throttle//a/{{id}}/GET/rateLimit", "0.5")
    patch("remove", f"/apiStages/{api}:live/throttle//a/GET")
    after = patch("replace", "/quota/period", "DAY")
    gateway.delete_usage_plan(usagePlanId=plan)
    gateway.delete_rest_api(restApiId=api)

    assert after["throttle"] == {"rateLimit": 2.5, "burstLimit": 9}
    assert (after["quota"]["limit"], after["quota"]["period"]) == (7, "DAY")
    (limits,) = after["apiStages"][0]["throttle"].items()
    assert (limits[0], limits[1]["rateLimit"]) == ("/a/{id}/GET", 0.5)


def test_an_api_key_is_made_disabled_and_enabled(engine: Engine, deploy: Deploy, name: str) -> None:
    found = []
    for model in (
        {"Enabled": "false", "StageKeys": [{"RestApiId": API, "StageName": "live"}]},
        {"Enabled": True, "CustomerId": "c", "StageKeys": [{"RestApiId": API, "StageName": "live"}]},
    ):
        deploy({**basic(name), "Key": resource("ApiKey", {"Name": name, **model}, "Stage")})
        (there,) = [one for one in keys(engine)["apiKeys"] if one["name"] == name]
        found.append((there["enabled"], there["customerId"]))

    assert found == [(False, None), (True, "c")]


def test_methods_and_what_they_refer_to_are_changed(engine: Engine, deploy: Deploy, name: str) -> None:
    def resources(number: int) -> Model:
        answer = {"StatusCode": "200", "ResponseTemplates": {"application/json": str(number)}}
        return {
            "Api": rest_api(name),
            "Model": resource(
                "Model",
                {"RestApiId": API, "Name": "M", "ContentType": "application/json", "Schema": {"minimum": number}},
            ),
            "Validator": resource(
                "RequestValidator", {"RestApiId": API, "Name": "v", "ValidateRequestBody": number == 1}
            ),
            "Response": resource(
                "GatewayResponse", {"RestApiId": API, "ResponseType": "DEFAULT_4XX", "StatusCode": str(400 + number)}
            ),
            "Get": method(
                ApiKeyRequired=number == 1,
                RequestParameters={f"method.request.querystring.q{number}": True},
                RequestModels={"application/json": {"Ref": "Model"}},
                RequestValidatorId={"Ref": "Validator"},
                Integration={"Type": "MOCK", "TimeoutInMillis": 1000 * number, "IntegrationResponses": [answer]},
                MethodResponses=[{"StatusCode": "200"}],
            ),
            f"Deployment{number}": resource("Deployment", {"RestApiId": API}, "Get", "Model", "Validator", "Response"),
            "Stage": resource(
                "Stage", {"RestApiId": API, "DeploymentId": {"Ref": f"Deployment{number}"}, "StageName": "live"}
            ),
        }

    found = []
    for number in (1, 2):
        deploy(resources(number))
        document = published(engine, name)
        (there,) = [entry["methods"]["GET"] for entry in document["resources"] if entry["methods"]]
        (schema,) = [json.loads(one["schema"]) for one in document["models"] if one["name"] == "M"]
        (validator,) = document["requestValidators"]
        found.append(
            (
                there["apiKeyRequired"],
                list(there["requestParameters"]),
                there["methodIntegration"]["timeoutInMillis"],
                there["methodIntegration"]["integrationResponses"]["200"]["responseTemplates"]["application/json"],
                list(there["methodResponses"]),
                schema["minimum"],
                validator["validateRequestBody"],
                document["gatewayResponses"]["DEFAULT_4XX"]["statusCode"],
            )
        )

    assert found == [
        (True, ["method.request.querystring.q1"], 1000, "1", ["200"], 1, True, "401"),
        (False, ["method.request.querystring.q2"], 2000, "2", ["200"], 2, False, "402"),
    ]


def test_a_base_path_mapping_is_changed(gateway: Any, deploy: Deploy, name: str) -> None:
    domain = f"{name}.example.com"
    found = []
    for stage_name in ("live", "other"):
        other = {"RestApiId": API, "DeploymentId": {"Ref": "Deployment"}, "StageName": "other"}
        mapping = {"DomainName": domain, "BasePath": "v1", "RestApiId": API, "Stage": stage_name}
        deploy(
            {
                **basic(name),
                "Other": resource("Stage", other),
                "Domain": resource("DomainName", {"DomainName": domain}),
                "Mapping": resource("BasePathMapping", mapping, "Stage", "Other", "Domain"),
            }
        )
        (there,) = gateway.get_base_path_mappings(domainName=domain)["items"]
        found.append(there["stage"])

    assert found == ["live", "other"]


def test_an_openapi_document_is_imported_whole(engine: Engine, gateway: Any, name: str) -> None:
    integration = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": FUNCTION,
        "credentials": "arn:aws:iam::*:user/*",
        "cacheKeyParameters": ["method.request.querystring.q"],
        "responses": {"default": {"statusCode": "200", "contentHandling": "CONVERT_TO_TEXT"}},
    }
    signed = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
    body = {"in": "body", "name": "whatever", "schema": {"$ref": "#/definitions/User"}}
    document = {
        "swagger": "2.0",
        "info": {"title": name, "version": "1"},
        "securityDefinitions": {"sigv4": signed},
        "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": True},
        "definitions": {"User": {"type": "object"}},
        "paths": {
            "/signed": {
                "get": {"security": [{"sigv4": []}], "x-amazon-apigateway-integration": integration},
                "x-amazon-apigateway-any-method": {
                    "x-amazon-apigateway-auth": {"type": "AWS_IAM"},
                    "x-amazon-apigateway-integration": {"type": "mock"},
                },
            },
            "/open": {"post": {"parameters": [body], "x-amazon-apigateway-integration": {"type": "mock"}}},
        },
    }
    api = gateway.import_rest_api(body=json.dumps(document).encode())["id"]
    gateway.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/name", "value": name}])

    gateway.create_deployment(restApiId=api, stageName="live")
    there = published(engine, name)
    gateway.delete_rest_api(restApiId=api)

    methods = {(entry["path"], verb): one for entry in there["resources"] for verb, one in entry["methods"].items()}
    assert {key: one["authorizationType"] for key, one in methods.items()} == {
        ("/signed", "GET"): "AWS_IAM",
        ("/signed", "ANY"): "AWS_IAM",
        ("/open", "POST"): "NONE",
    }
    found = methods["/signed", "GET"]["methodIntegration"]
    assert (found["credentials"], found["cacheKeyParameters"]) == (
        "arn:aws:iam::*:user/*",
        ["method.request.querystring.q"],
    )
    assert found["integrationResponses"]["200"]["contentHandling"] == "CONVERT_TO_TEXT"
    assert methods["/open", "POST"]["requestModels"] == {"application/json": "User"}
    assert there["restApi"]["disableExecuteApiEndpoint"] is True
