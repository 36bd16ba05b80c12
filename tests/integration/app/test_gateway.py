"""What API Gateway does before a function runs: keys, unknown paths, CORS. In AWS's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api

pytestmark = pytest.mark.engine

ROUTES = [
    ("POST", "/users"),
    ("GET", "/users"),
    ("GET", "/users/5"),
    ("PUT", "/users/5"),
    ("DELETE", "/users/5"),
    ("POST", "/dynamodbmanager"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("key", [None, "not-the-key-of-this-stack"])
def test_without_its_key_every_method_is_forbidden(api: Api, method: str, path: str, key: str | None) -> None:
    response = api.request(method, path, json={"operation": "ping"}, api_key=key)

    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})
    assert response.headers["x-amzn-ErrorType"] == "ForbiddenException"


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("PATCH", "/users"), ("GET", "/users/5/pets")])
@pytest.mark.parametrize("with_key", [True, False])
def test_what_the_api_does_not_have_is_a_missing_token(
    api: Api, stack: Stack, method: str, path: str, with_key: bool
) -> None:
    response = api.request(method, path, api_key=stack.api_key if with_key else None)

    assert (response.status_code, response.json()) == (403, {"message": "Missing Authentication Token"})
    assert response.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/users", {"GET", "POST", "OPTIONS"}),
        ("/users/5", {"GET", "PUT", "DELETE", "OPTIONS"}),
        ("/dynamodbmanager", {"POST", "OPTIONS"}),
    ],
)
def test_a_preflight_needs_no_key(api: Api, path: str, methods: set[str]) -> None:
    response = api.options(
        path,
        api_key=None,
        headers={
            "Origin": "https://app.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-api-key",
        },
    )

    allowed = response.headers["Access-Control-Allow-Headers"].lower().split(",")
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert set(response.headers["Access-Control-Allow-Methods"].split(",")) == methods
    assert {"content-type", "x-api-key"} <= set(allowed)
    assert int(response.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/users", 200), ("GET", "/users/5", 404), ("POST", "/users", 400), ("POST", "/dynamodbmanager", 400)],
)
def test_every_answer_of_a_function_is_json_with_cors(api: Api, method: str, path: str, status: int) -> None:
    response = api.request(method, path, headers={"Origin": "https://app.example.com"})

    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/users", "/nothing"], ids=["no key", "no such path"])
def test_api_gateways_own_errors_have_cors(api: Api, path: str) -> None:
    response = api.get(path, api_key=None, headers={"Origin": "https://app.example.com"})

    assert response.status_code == 403
    assert response.headers.get("Access-Control-Allow-Origin") == "*"
