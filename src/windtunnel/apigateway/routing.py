"""Which method a request is for: static before {p} before {proxy+} at each level, a method of its own before ANY.

Sources: API Gateway Developer Guide, "Set up a proxy integration with a proxy resource" and "API Gateway important
notes" (a more specific resource is taken before a greedy one).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote

from windtunnel.apigateway.definition import Method, Stage
from windtunnel.apigateway.errors import MISSING_AUTHENTICATION_TOKEN, GatewayError
from windtunnel.apigateway.request import Match

ANY = "ANY"
ANY_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""What ANY stands for."""


@dataclass
class _Node:
    """A level of the tree of paths."""

    static: dict[str, _Node] = field(default_factory=dict)
    parameter: tuple[str, _Node] | None = None
    greedy: tuple[str, _Node] | None = None
    methods: dict[str, Method] = field(default_factory=dict)


class Router:
    """A stage's methods as a tree of path segments."""

    def __init__(self, stage: Stage) -> None:
        self._root = _Node()
        self._static: dict[tuple[str, str], Match] = {}
        """What has no placeholder is found in one step."""
        for method in stage.methods:
            self._add(method)

    def match(self, http_method: str, path: str) -> Match:
        """The method for a path as it was sent. Raises GatewayError where the API has none."""
        found = self._static.get((http_method, path))
        if found is not None:
            return found
        # a slash at the end is no segment of its own
        segments = path.strip("/").split("/") if path.strip("/") else []
        values: dict[str, str] = {}
        method = _descend(self._root, http_method, segments, 0, values)
        if method is None:
            raise GatewayError(MISSING_AUTHENTICATION_TOKEN, "Missing Authentication Token")
        return Match(method, values)

    def _add(self, method: Method) -> None:
        node = self._root
        for segment in [part for part in method.resource_path.split("/") if part]:
            if segment.startswith("{") and segment.endswith("+}"):
                node.greedy = node.greedy or (segment[1:-2], _Node())
                node = node.greedy[1]
            elif segment.startswith("{") and segment.endswith("}"):
                node.parameter = node.parameter or (segment[1:-1], _Node())
                node = node.parameter[1]
            else:
                node = node.static.setdefault(segment, _Node())
        node.methods[method.http_method] = method
        if "{" not in method.resource_path and method.http_method != ANY:
            self._static[method.http_method, method.resource_path] = Match(method, {})


def _descend(node: _Node, http_method: str, segments: list[str], at: int, values: dict[str, str]) -> Method | None:
    """The method below a node; fills in the placeholders' values on the way back."""
    if at == len(segments):
        return _method(node, http_method)
    segment = segments[at]
    below = node.static.get(segment) or node.static.get(unquote(segment))
    if below is not None and (method := _descend(below, http_method, segments, at + 1, values)) is not None:
        return method
    if node.parameter is not None and segment:
        name, below = node.parameter
        if (method := _descend(below, http_method, segments, at + 1, values)) is not None:
            values[name] = unquote(segment)
            return method
    if node.greedy is not None:
        name, below = node.greedy
        if (method := _method(below, http_method)) is not None:
            values[name] = unquote("/".join(segments[at:]))
            return method
    return None


def _method(node: _Node, http_method: str) -> Method | None:
    method = node.methods.get(http_method)
    if method is None and http_method in ANY_METHODS:
        return node.methods.get(ANY)
    return method
