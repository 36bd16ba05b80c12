"""Sources: "recorded" is what AWS answered to LocalStack's validated tests, named in each test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.apigateway.definition import Method, Stage
from windtunnel.apigateway.errors import MISSING_AUTHENTICATION_TOKEN, GatewayError
from windtunnel.apigateway.routing import HTTP_METHODS, Router

Routed = Callable[..., Router]


@pytest.fixture
def make_router(make_stage: Callable[..., Stage], make_method: Callable[..., Method]) -> Routed:
    def make(*routes: str) -> Router:
        methods = []
        for route in routes:
            http_method, path = route.split(" ")
            methods.append(make_method(http_method=http_method, resource_path=path))
        return Router(make_stage(methods=tuple(methods)))

    return make


def found(router: Router, request: str) -> tuple[str, dict[str, str]] | None:
    http_method, path = request.split(" ")
    try:
        match = router.match(http_method, path)
    except GatewayError:
        return None
    return f"{match.method.http_method} {match.method.resource_path}", dict(match.path_parameters)


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("GET /users/all", ("GET /users/all", {})),
        ("GET /users/1", ("GET /users/{id}", {"id": "1"})),
        ("GET /users/1/posts", ("GET /users/{proxy+}", {"proxy": "1/posts"})),
        ("GET /users/all/posts", ("GET /users/all/posts", {})),
        ("GET /users/all/other", ("GET /users/{proxy+}", {"proxy": "all/other"})),
    ],
)
def test_the_more_specific_resource_wins(make_router: Routed, request_line: str, expected: object) -> None:
    # Developer Guide, "Proxy integrations for REST APIs"
    router = make_router("GET /users/{proxy+}", "GET /users/{id}", "GET /users/all", "GET /users/all/posts")

    assert found(router, request_line) == expected


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("OPTIONS /test", ("OPTIONS /{proxy+}", {"proxy": "test"})),
        ("POST /test", ("POST /test", {})),
        ("OPTIONS /test/any", ("ANY /test/any", {})),
        ("GET /test/any", ("ANY /test/any", {})),
        ("GET /test", None),
    ],
)
def test_a_resource_without_the_method_does_not_hide_the_next_one(
    make_router: Routed, request_line: str, expected: object
) -> None:
    # recorded: test_apigateway_common, TestProxyRouting::test_proxy_routing_with_hardcoded_resource_sibling
    router = make_router("POST /test", "ANY /test/any", "OPTIONS /{proxy+}")

    assert found(router, request_line) == expected


def test_nothing_found_is_a_missing_authentication_token(make_router: Routed) -> None:
    # Developer Guide, "Gateway response types": MISSING_AUTHENTICATION_TOKEN also for an unsupported method or resource
    with pytest.raises(GatewayError) as caught:
        make_router("GET /a").match("GET", "/b")

    assert (caught.value.kind, caught.value.message) == (MISSING_AUTHENTICATION_TOKEN, "Missing Authentication Token")


def test_any_comes_after_the_method_itself_whatever_their_order(make_router: Routed) -> None:
    for routes in (("ANY /a", "GET /a"), ("GET /a", "ANY /a")):
        router = make_router(*routes)

        assert found(router, "GET /a") == ("GET /a", {})
        assert found(router, "HEAD /a") == ("ANY /a", {})


@pytest.mark.parametrize("http_method", ["TRACE", "CONNECT", "get", "PROPFIND"])
def test_any_stands_for_seven_methods_only(make_router: Routed, http_method: str) -> None:
    # API reference, PutMethod: "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, ANY"
    assert found(make_router("ANY /a"), f"{http_method} /a") is None


def test_head_and_options_are_only_where_they_are_defined(make_router: Routed) -> None:
    router = make_router("GET /a")

    assert found(router, "HEAD /a") is None
    assert found(router, "OPTIONS /a") is None


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("GET /proxy-value/", ("ANY /{proxy+}", {"proxy": "proxy-value"})),
        ("GET /proxy-value//double-slash", ("ANY /{proxy+}", {"proxy": "proxy-value//double-slash"})),
        ("GET //proxy-value", ("ANY /{proxy+}", {"proxy": "proxy-value"})),
        ("GET //hardcoded", ("ANY /hardcoded", {})),
        ("GET /hardcoded/", ("ANY /hardcoded", {})),
        (
            "GET /v/api/user/test%2Balias@gmail.com/plus/test+alias@gmail.com",
            ("ANY /{proxy+}", {"proxy": "v/api/user/test%2Balias@gmail.com/plus/test+alias@gmail.com"}),
        ),
    ],
)
def test_slashes_and_percent_encoding(make_router: Routed, request_line: str, expected: object) -> None:
    # recorded: test_apigateway_lambda, test_lambda_aws_proxy_integration
    assert found(make_router("ANY /{proxy+}", "ANY /hardcoded"), request_line) == expected


def test_an_encoded_slash_is_no_slash(make_router: Routed) -> None:
    # serverless/serverless issue 5037: /posts/%40 reaches the function as %40
    assert found(make_router("GET /posts/{id}"), "GET /posts/a%2Fb%40") == ("GET /posts/{id}", {"id": "a%2Fb%40"})


def test_the_root_is_a_resource_of_its_own(make_router: Routed) -> None:
    # Developer Guide, "Proxy integrations for REST APIs": {proxy+} is for what is below its parent
    assert found(make_router("GET /{proxy+}"), "GET /") is None
    assert found(make_router("GET /{id}"), "GET /") is None
    for path in ("/", "//", ""):
        assert found(make_router("GET /", "GET /{proxy+}"), f"GET {path}") == ("GET /", {})


def test_a_parameter_takes_no_empty_segment(make_router: Routed) -> None:
    assert found(make_router("GET /a/{p}/b"), "GET /a//b") is None
    assert found(make_router("GET /a/{proxy+}"), "GET /a/") is None
    assert found(make_router("GET /a/{proxy+}"), "GET /a//b") == ("GET /a/{proxy+}", {"proxy": "/b"})


def test_parameters_of_several_levels(make_router: Routed) -> None:
    router = make_router("GET /{a}/x/{b}/{rest+}", "GET /{a}/x/{b}")

    assert found(router, "GET /1/x/2/3/4") == ("GET /{a}/x/{b}/{rest+}", {"a": "1", "b": "2", "rest": "3/4"})
    assert found(router, "GET /1/x/2") == ("GET /{a}/x/{b}", {"a": "1", "b": "2"})


SEGMENTS = st.sampled_from(["a", "b", "{}", "{+}"])
PATHS = st.lists(SEGMENTS, max_size=4).map(
    # a greedy segment is the last one; names by their place, as AWS has one name for a place
    lambda parts: parts[: parts.index("{+}") + 1] if "{+}" in parts else parts
)
REQUESTS = st.lists(st.sampled_from(["a", "b", "c", "", "%61"]), max_size=5)


@given(
    routes=st.sets(st.tuples(st.sampled_from(["GET", "POST", "ANY"]), PATHS.map(tuple)), max_size=12),
    http_method=st.sampled_from(["GET", "POST", "PUT", "TRACE"]),
    asked=REQUESTS,
)
def test_routing_is_that_of_trying_every_route_in_order(
    routes: set[tuple[str, tuple[str, ...]]], http_method: str, asked: list[str]
) -> None:
    stage: Any = type("Stage", (), {})()
    stage.methods = [FakeMethod(name, spelled(path)) for name, path in sorted(routes)]

    result = found(Router(stage), f"{http_method} /{'/'.join(asked)}")

    assert result == naive(routes, http_method, "/".join(asked).strip("/").split("/"))


class FakeMethod:
    """As much of a Method as routing reads."""

    def __init__(self, http_method: str, resource_path: str) -> None:
        self.http_method, self.resource_path = http_method, resource_path


def spelled(path: tuple[str, ...]) -> str:
    names = {"{}": "{{p{0}}}", "{+}": "{{p{0}+}}"}
    return "/" + "/".join(names.get(part, part).format(index) for index, part in enumerate(path))


def naive(
    routes: set[tuple[str, tuple[str, ...]]], http_method: str, asked: list[str]
) -> tuple[str, dict[str, str]] | None:
    """All routes that fit, then the first by: a segment itself, {p}, {p+} from the left; its own method before ANY."""
    fitting = []
    for name, path in routes:
        if name != http_method and not (name == "ANY" and http_method in HTTP_METHODS):
            continue
        values = fit(path or ("",), asked)
        if values is not None:
            rank = [{"{}": 1, "{+}": 2}.get(part, 0) for part in path]
            fitting.append((rank, name == "ANY", f"{name} {spelled(path)}", values))
    return min(fitting, key=lambda each: each[:2])[2:] if fitting else None


def fit(path: tuple[str, ...], asked: list[str]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for index, part in enumerate(path):
        rest = asked[index:]
        if not rest:
            return None
        if part == "{+}":
            return {**values, f"p{index}": "/".join(rest)} if rest != [""] else None
        if part == "{}" and rest[0]:
            values[f"p{index}"] = rest[0]
        elif part != rest[0]:
            return None
    return values if len(asked) == len(path) else None
