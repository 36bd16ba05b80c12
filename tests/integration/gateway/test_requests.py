"""What API Gateway makes of requests and of functions' answers.

Sources: API Gateway Developer Guide, "Lambda proxy integrations in API Gateway", "Request validation for REST APIs",
"CORS for REST APIs", "Quotas"; the words of the errors: "Gateway response types for API Gateway".
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws
    from windtunnel.testing.plugin import Engine

TEN_MB = 10 * 1024 * 1024


def test_the_event_has_all_of_the_request(gateway: Api) -> None:
    response = gateway.post(
        "/open/a%20b/c/d",
        params=[("x", "1"), ("x", "2"), ("empty", "")],
        headers={"X-MiXed": "case", "content-type": "text/plain"},
        data="grüße".encode(),
    )

    event = response.json()
    assert (event["resource"], event["httpMethod"]) == ("/open/{first}/{rest+}", "POST")
    assert event["path"] == "/open/a%20b/c/d"
    # as sent, by what AWS recorded (LocalStack's validated test_lambda_aws_proxy_integration)
    assert event["pathParameters"] == {"first": "a%20b", "rest": "c/d"}
    assert event["queryStringParameters"] == {"x": "2", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "empty": [""]}
    assert event["headers"]["X-MiXed"] == "case"
    assert event["body"] == "grüße"
    assert event["isBase64Encoded"] is False
    assert event["stageVariables"]["colour"] == "green"
    context = event["requestContext"]
    assert (context["stage"], context["resourcePath"], context["httpMethod"]) == ("test", event["resource"], "POST")
    assert context["identity"]["sourceIp"]
    assert response.headers["x-amzn-RequestId"] == context["requestId"]
    assert response.headers["x-amz-apigw-id"] == context["extendedRequestId"]
    assert response.headers["X-Amzn-Trace-Id"].startswith("Root=1-")


def test_a_binary_media_type_reaches_the_function_in_base64(gateway: Api) -> None:
    data = bytes(range(256))

    event = gateway.post("/open", headers={"Content-Type": "application/octet-stream"}, data=data).json()

    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == data


def test_a_stage_variable_names_the_function(gateway: Api) -> None:
    assert gateway.get("/variable").json()["resource"] == "/variable"


def test_a_preflight_is_answered_by_api_gateway_itself(gateway: Api) -> None:
    response = gateway.options("/open", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"})

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Headers"] == "Content-Type,X-Api-Key"
    assert response.headers["Access-Control-Allow-Methods"] == "GET,POST,OPTIONS"


def test_an_error_has_the_header_that_the_template_gives_to_errors(gateway: Api) -> None:
    response = gateway.get("/nothing/of/the/kind")

    assert (response.status_code, response.text) == (403, '{"message":"Missing Authentication Token"}')
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("which", "status", "text"),
    [
        ("numeric-text", 201, "made"),
        ("headers", 200, "ok"),
    ],
)
def test_an_answer_that_fits_is_passed_on(gateway: Api, which: str, status: int, text: str) -> None:
    response = gateway.get("/answer", params={"which": which})

    assert (response.status_code, response.text) == (status, text)


def test_an_answers_headers_are_kept_or_remapped(gateway: Api) -> None:
    response = gateway.get("/answer", params={"which": "headers"})

    assert response.headers["X-One"] == "1"
    assert response.headers["x-amzn-Remapped-Date"] == "yesterday"
    assert response.headers["x-number"] == "5"
    assert response.headers["X-Many"] == "a, b"


@pytest.mark.parametrize("which", ["text", "list", "body-object", "extra-key", "status-text", "raise"])
def test_a_malformed_answer_is_a_bad_gateway(gateway: Api, which: str) -> None:
    response = gateway.get("/answer", params={"which": which})

    assert (response.status_code, response.text) == (502, '{"message": "Internal server error"}')
    assert response.headers["x-amzn-ErrorType"] == "InternalServerErrorException"


def test_binary_comes_out_as_bytes_where_the_client_accepts_it(gateway: Api) -> None:
    accepted = gateway.get("/answer", params={"which": "binary"}, headers={"Accept": "application/octet-stream"})

    assert accepted.content == bytes(range(256))


def test_an_integration_that_is_late_is_a_timeout(gateway: Api) -> None:
    response = gateway.get("/sleep", params={"seconds": "2"})

    assert (response.status_code, response.text) == (504, '{"message": "Endpoint request timed out"}')


def test_without_permission_to_invoke_the_function_it_is_an_internal_error(gateway: Api) -> None:
    response = gateway.get("/forbidden")

    assert (response.status_code, response.text) == (500, '{"message": "Internal server error"}')


def test_ten_megabytes_and_a_byte_are_too_long(gateway: Api) -> None:
    """Recorded: koki-develop/lgtm-generator issue 10, for the gateway's own limit and for Lambda's."""
    beyond = gateway.post("/open", headers={"Content-Type": "text/plain"}, data=b"a" * (TEN_MB + 1))
    within = gateway.post("/open", headers={"Content-Type": "text/plain"}, data=b"a" * TEN_MB)

    assert (beyond.status_code, beyond.text) == (413, "HTTP content length exceeded 10485760 bytes.")
    # API Gateway takes it, but a function's event has six megabytes at most
    assert (within.status_code, within.text) == (413, '{"message": "Request Too Long"}')


def test_a_valid_request_is_let_through(gateway: Api) -> None:
    response = gateway.post(
        "/valid", params={"q": "1"}, headers={"x-needed": "y"}, json={"name": "Ada", "tags": [{"label": "x"}]}
    )

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Invalid request body"),
        ({"name": 5}, "Invalid request body"),
        ({"name": "Ada", "age": -1}, "Invalid request body"),
        ({"name": "Ada", "tags": [{"label": ""}]}, "Invalid request body"),
    ],
)
def test_a_body_against_its_model_is_a_bad_request(gateway: Api, body: object, message: str) -> None:
    response = gateway.post("/valid", params={"q": "1"}, headers={"x-needed": "y"}, json=body)

    assert (response.status_code, response.text) == (400, f'{{"message": "{message}"}}')
    assert response.headers["x-amzn-ErrorType"] == "BadRequestException"


def test_missing_parameters_are_all_told(gateway: Api) -> None:
    response = gateway.post("/valid", json={"name": "Ada"})

    assert response.status_code == 400
    words = response.json()["message"]
    assert words.startswith("Missing required request parameters: [")
    assert set(words.split("[")[1].rstrip("]").split(", ")) == {"q", "x-needed"}


def test_the_api_is_at_the_root_of_a_port_of_its_own(engine: Engine, gateway_stack: Stack) -> None:
    import requests

    url = engine.harness.engine.serve_at_root(gateway_stack.api_id, gateway_stack.api_stage)

    event = requests.get(f"{url}/open", timeout=35).json()
    assert (event["path"], event["requestContext"]["path"], event["requestContext"]["stage"]) == (
        "/open",
        "/open",
        "test",
    )


@pytest.mark.parametrize("domain", ["localhost", "localhost.localstack.cloud", "example.test"])
def test_the_api_is_found_by_its_host_name(engine: Engine, gateway_stack: Stack, domain: str) -> None:
    import requests

    host = f"{gateway_stack.api_id}.execute-api.{domain}:{engine.settings.port}"
    response = requests.get(f"{engine.endpoint_url}/test/open", headers={"Host": host}, timeout=35)

    assert response.json()["requestContext"]["domainName"] == host.split(":")[0]
    assert response.json()["requestContext"]["path"] == "/test/open"


def test_a_custom_domain_s_base_path_leads_to_the_stage(gateway_stack: Stack, gateway_aws: Aws, engine: Engine) -> None:
    # API Gateway Developer Guide, "Use API mappings to connect API stages to a custom domain name": the base path is in
    # the event's path, and not in that of the resource
    client, domain = gateway_aws.client("apigateway"), "api.windtunnel.test"
    client.create_domain_name(domainName=domain, endpointConfiguration={"types": ["REGIONAL"]})
    client.create_base_path_mapping(
        domainName=domain, basePath="v1", restApiId=gateway_stack.api_id, stage=gateway_stack.api_stage
    )

    served = requests.get(f"{engine.endpoint_url}/v1/open", headers={"Host": domain}, timeout=10)
    client.delete_base_path_mapping(domainName=domain, basePath="v1")
    gone = requests.get(f"{engine.endpoint_url}/v1/open", headers={"Host": domain}, timeout=10)
    client.delete_domain_name(domainName=domain)

    event = served.json()
    assert (event["path"], event["resource"]) == ("/v1/open", "/open")
    assert event["requestContext"]["path"] == "/v1/open"
    assert (event["requestContext"]["domainName"], event["headers"]["Host"]) == (domain, domain)
    assert gone.status_code != 200
