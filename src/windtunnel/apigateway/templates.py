"""Mapping templates (VTL) and mapping expressions.

Sources: API Gateway Developer Guide, "Variables for data transformations for API Gateway", "Mapping template syntax".
VTL itself by the airspeed library.
"""

from __future__ import annotations

import base64
import json
import logging
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import airspeed

from windtunnel.apigateway.context import GETTERS, Lookup
from windtunnel.apigateway.errors import DEFAULT_5XX, GatewayError
from windtunnel.apigateway.event import query_pairs
from windtunnel.apigateway.request import Match, Request

LOG = logging.getLogger(__name__)


class Templates:
    """Templates, parsed once each."""

    def __init__(self) -> None:
        self._parsed: dict[str, Any] = {}

    def render(self, template: str, request: Request, match: Match, body: bytes, lookup: Lookup) -> str:
        """A template's text. One without VTL is its own. Raises GatewayError where it cannot be rendered."""
        if "$" not in template and "#" not in template:
            return template
        if template not in self._parsed:
            self._parsed[template] = airspeed.Template(template)
        variables = {
            "input": _Input(request, match, body),
            "context": _context(lookup),
            "stageVariables": dict(request.stage.variables),
            "util": _Util(),
        }
        try:
            text: str = self._parsed[template].merge(variables)
        except Exception as error:
            raise GatewayError(DEFAULT_5XX, "Internal server error", reason=f"a mapping template: {error}") from error
        return text

    @staticmethod
    def mapped(expression: str, request: Request, match: Match, lookup: Lookup) -> str | None:
        """What a mapping expression stands for: a static value in single quotes, or where to find one."""
        if len(expression) >= 2 and expression.startswith("'") and expression.endswith("'"):
            return expression[1:-1]
        for prefix, find in {
            "method.request.header.": lambda name: request.lowered.get(name.lower()),
            "method.request.querystring.": lambda name: dict(query_pairs(request.query)).get(name),
            "method.request.path.": match.path_parameters.get,
            "context.": lookup,
            "stageVariables.": request.stage.variables.get,
        }.items():
            if expression.startswith(prefix):
                value = find(expression.removeprefix(prefix))
                return None if value is None else str(value)
        return None


def _context(lookup: Lookup) -> dict[str, Any]:
    """$context as nested dicts."""
    values: dict[str, Any] = {"responseOverride": {"header": {}, "status": 0}}
    for name in GETTERS:
        *path, last = name.split(".")
        at = values
        for part in path:
            at = at.setdefault(part, {})
        at[last] = lookup(name)
    return values


class _Input:
    """$input."""

    def __init__(self, request: Request, match: Match, body: bytes) -> None:
        self.body = body.decode("utf-8", "replace")
        self._groups = {
            "path": dict(match.path_parameters),
            "querystring": dict(query_pairs(request.query)),
            "header": dict(request.headers),
        }

    def params(self, name: str | None = None) -> Any:
        """A parameter out of path, query or headers, in this order; all of them without a name."""
        if name is None:
            return self._groups
        for group in ("path", "querystring", "header"):
            if name in self._groups[group]:
                return self._groups[group][name]
        return ""

    def path(self, expression: str) -> Any:
        """What a JSONPath of names and numbers finds in the body."""
        try:
            at: Any = json.loads(self.body or "{}")
        except ValueError:
            return ""
        for part in expression.removeprefix("$").replace("[", ".").replace("]", "").split("."):
            if not part:
                continue
            part = part.strip("'\"")
            if isinstance(at, dict):
                at = at.get(part)
            elif isinstance(at, list) and part.lstrip("-").isdigit() and -len(at) <= int(part) < len(at):
                at = at[int(part)]
            else:
                return ""
        return "" if at is None else at

    def json(self, expression: str) -> str:
        """The same as JSON."""
        return json.dumps(self.path(expression), separators=(",", ":"))


class _Util:
    """$util."""

    # the names are AWS's
    def escapeJavaScript(self, text: Any) -> str:
        return json.dumps(str(text), ensure_ascii=False)[1:-1].replace("'", "\\'")

    def parseJson(self, text: str) -> Any:
        return json.loads(text)

    def urlEncode(self, text: str) -> str:
        return quote_plus(str(text))

    def urlDecode(self, text: str) -> str:
        return unquote_plus(str(text))

    def base64Encode(self, text: str) -> str:
        return base64.b64encode(str(text).encode()).decode()

    def base64Decode(self, text: str) -> str:
        return base64.b64decode(str(text)).decode("utf-8", "replace")
