"""Which method a request is for.

Sources: API Gateway Developer Guide, "Set up a proxy integration with a proxy resource", "API Gateway important notes";
recorded: LocalStack's TestApiGatewayCommon, where a path or method that is not there is a missing authentication token.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.apigateway.definition import Method, MethodSettings, Stage, Throttle
from windtunnel.apigateway.errors import GatewayError
from windtunnel.apigateway.routing import ANY_METHODS, Router

MakeMethod = Callable[..., Method]
MakeStage = Callable[..., Stage]


@pytest.fixture
def route(make_stage: MakeStage, make_method: MakeMethod) -> Callable[..., Router]:
    def route(*routes: str) -> Router:
        methods = tuple(
            make_method(http_method=route.split()[0], resource_path=route.split()[1], resource_id=route)
            for route in routes
        )
        return Router(make_stage(methods=methods))

    return route


ROUTES = (
    "GET /",
    "GET /users",
    "ANY /users",
    "GET /users/{id}",
    "GET /users/me",
    "POST /users/{id}/pets",
    "GET /files/{proxy+}",
    "GET /files/readme",
    "ANY /any",
)


@pytest.mark.parametrize(
    ("http_method", "path", "found", "values"),
    [
        ("GET", "/", "GET /", {}),
        ("GET", "", "GET /", {}),
        ("GET", "/users", "GET /users", {}),
        # a slash at the end is ignored
        ("GET", "/users/", "GET /users", {}),
        # a method of its own before ANY
        ("POST", "/users", "ANY /users", {}),
        # static before a placeholder
        ("GET", "/users/me", "GET /users/me", {}),
        ("GET", "/users/5", "GET /users/{id}", {"id": "5"}),
        ("GET", "/users/a%20b", "GET /users/{id}", {"id": "a b"}),
        ("POST", "/users/me/pets", "POST /users/{id}/pets", {"id": "me"}),
        ("GET", "/files/readme", "GET /files/readme", {}),
        ("GET", "/files/a/b/c", "GET /files/{proxy+}", {"proxy": "a/b/c"}),
        ("GET", "/files/readme/x", "GET /files/{proxy+}", {"proxy": "readme/x"}),
        *[(method, "/any", "ANY /any", {}) for method in sorted(ANY_METHODS)],
    ],
)
def test_the_most_specific_resource_is_taken(
    route: Callable[..., Router], http_method: str, path: str, found: str, values: dict[str, str]
) -> None:
    match = route(*ROUTES).match(http_method, path)

    assert (match.method.resource_id, dict(match.path_parameters)) == (found, values)


@pytest.mark.parametrize(
    ("http_method", "path"),
    [
        ("GET", "/nothing"),
        ("PUT", "/"),
        ("GET", "/users/5/pets"),
        ("GET", "/files"),
        ("GET", "/users//pets"),
        # HEAD and OPTIONS are there where they are defined, and nowhere else
        ("HEAD", "/users/5"),
        ("OPTIONS", "/users/5"),
        # ANY stands for seven methods
        ("TRACE", "/any"),
    ],
)
def test_what_the_api_does_not_have_is_a_missing_token(
    route: Callable[..., Router], http_method: str, path: str
) -> None:
    with pytest.raises(GatewayError) as caught:
        route(*ROUTES).match(http_method, path)

    assert (caught.value.kind.type, caught.value.kind.status) == ("MISSING_AUTHENTICATION_TOKEN", 403)
    assert caught.value.message == "Missing Authentication Token"


def method(path: str) -> Method:
    """GET on a path, and nothing else to say of it."""
    none = Throttle(None, None)
    return Method(
        resource_id=path, resource_path=path, http_method="GET", authorization="NONE", authorizer=None,
        authorization_scopes=(), api_key_required=False, request_parameters={}, request_models={}, validator=None,
        operation_name=None, integration=None, settings=MethodSettings(throttle=none),
    )  # fmt: skip


def stage(methods: tuple[Method, ...]) -> Stage:
    """A stage with these methods."""
    return Stage(
        account="1", region="r", api_id="a", api_name="n", stage_name="s", deployment_id="d", variables={},
        api_key_source="HEADER", binary_media_types=(), minimum_compression_size=None,
        disable_execute_api_endpoint=False, policy=None, methods=methods, models={}, gateway_responses={},
        access_log=None, tracing=False, throttle=Throttle(None, None),
    )  # fmt: skip


SEGMENT = st.sampled_from(["a", "b", "{p}", "{g+}"])


def rank(path: str) -> tuple[int, ...]:
    """How specific a resource is, level by level."""
    return tuple(2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in path.split("/") if part)


def naive(paths: list[str], asked: list[str]) -> str | None:
    """The first of all resources that fits, the most specific one first, level by level."""
    for path in sorted(paths, key=rank):
        parts = [part for part in path.split("/") if part]
        if parts and parts[-1].endswith("+}"):
            head = parts[:-1]
            fits = len(asked) > len(head) and all(_one(p, a) for p, a in zip(head, asked, strict=False))
        else:
            fits = len(parts) == len(asked) and all(_one(p, a) for p, a in zip(parts, asked, strict=True))
        if fits:
            return path
    return None


def _one(part: str, asked: str) -> bool:
    return part.startswith("{") or part == asked


@given(
    st.lists(st.lists(SEGMENT, min_size=1, max_size=3).filter(lambda s: "{g+}" not in s[:-1]), min_size=1, max_size=6),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4),
)
def test_routing_agrees_with_trying_every_resource(shapes: list[list[str]], asked: list[str]) -> None:
    paths = sorted({"/" + "/".join(shape) for shape in shapes})
    router = Router(stage(tuple(method(path) for path in paths)))

    expected = naive(paths, asked)

    try:
        found = router.match("GET", "/" + "/".join(asked)).method.resource_path
    except GatewayError:
        found = None
    assert found == expected


@given(st.text(min_size=1).filter(lambda text: text.strip("/") and "/" not in text))
def test_a_placeholders_value_is_decoded(text: str) -> None:
    router = Router(stage((method("/users/{id}"),)))

    match = router.match("GET", "/users/" + quote(text, safe="", errors="replace"))

    assert match.path_parameters == {"id": unquote(quote(text, safe="", errors="replace"))}
