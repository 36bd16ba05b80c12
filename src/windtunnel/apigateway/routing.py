"""Which method of a stage a request is for.

Sources: API Gateway Developer Guide, "Proxy integrations for REST APIs" (the more specific resource wins), and recorded
answers of AWS in LocalStack's validated tests: TestProxyRouting (OPTIONS /test goes to OPTIONS /{proxy+} where /test
has only POST: a resource without the method does not hide the next one) and test_lambda_aws_proxy_integration (slashes
before and after the path do not count, those in the middle do; nothing is percent-decoded).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from windtunnel.apigateway.definition import Method, Stage
from windtunnel.apigateway.errors import MISSING_AUTHENTICATION_TOKEN, GatewayError
from windtunnel.apigateway.request import Match

ANY = "ANY"
HTTP_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""What ANY stands for: API Gateway has no other methods."""


@dataclass(frozen=True, slots=True)
class _Route:
    """A method, and where in the path its parameters are."""

    method: Method
    parameters: tuple[tuple[str, int], ...]
    greedy: tuple[str, int] | None


@dataclass(slots=True)
class _Node:
    """A segment of the resources' tree."""

    static: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    route: _Route | None = None
    greedy: _Route | None = None
    """Takes all that is left."""


class Router:
    """A stage's methods, indexed when it is deployed: a tree of segments for each HTTP method."""

    def __init__(self, stage: Stage) -> None:
        self._trees: dict[str, _Node] = {}
        self._static: dict[str, dict[str, Match]] = {}
        # ANY goes first, and what is there for the method itself goes over it
        for method in sorted(stage.methods, key=lambda method: method.http_method != ANY):
            for name in HTTP_METHODS if method.http_method == ANY else (method.http_method,):
                self._add(name, method)

    def match(self, http_method: str, path: str) -> Match:
        """The method that a request below the stage is for, `path` as sent. Raises GatewayError where there is none."""
        static = self._static.get(http_method)
        if static is not None:
            known = static.get(path)
            if known is not None:
                return known
            path = path.strip("/")
            known = static.get("/" + path)
            if known is not None:
                return known
            segments = path.split("/")
            route = _find(self._trees[http_method], segments, 0)
            if route is not None:
                values = {name: segments[index] for name, index in route.parameters}
                if route.greedy is not None:
                    values[route.greedy[0]] = "/".join(segments[route.greedy[1] :])
                return Match(route.method, values)
        raise GatewayError(
            MISSING_AUTHENTICATION_TOKEN,
            "Missing Authentication Token",
            reason=f"no resource and method for {http_method} {path}",
        )

    def _add(self, http_method: str, method: Method) -> None:
        node = self._trees.setdefault(http_method, _Node())
        static = self._static.setdefault(http_method, {})
        segments = method.resource_path.strip("/").split("/")
        parameters: list[tuple[str, int]] = []
        for index, segment in enumerate(segments):
            if segment.startswith("{") and segment.endswith("+}"):
                node.greedy = _Route(method, tuple(parameters), (segment[1:-2], index))
                return
            if segment.startswith("{") and segment.endswith("}"):
                parameters.append((segment[1:-1], index))
                if node.parameter is None:
                    node.parameter = _Node()
                node = node.parameter
            else:
                node = node.static.setdefault(segment, _Node())
        if parameters:
            node.route = _Route(method, tuple(parameters), None)
        else:
            # a path without parameters is before all others at each of its levels
            static["/" + "/".join(segments)] = Match(method, {})


def _find(node: _Node, segments: Sequence[str], index: int) -> _Route | None:
    """The first route in AWS's order: at each level the segment itself, then {p}, then {proxy+}."""
    if index == len(segments):
        return node.route
    segment = segments[index]
    child = node.static.get(segment)
    if child is not None:
        route = _find(child, segments, index + 1)
        if route is not None:
            return route
    if node.parameter is not None and segment:
        route = _find(node.parameter, segments, index + 1)
        if route is not None:
            return route
    # the root, "/", has one empty segment, which is nothing to take
    return node.greedy if segment or len(segments) - index > 1 else None
