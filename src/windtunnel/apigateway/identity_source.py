"""Where in a request its identity is: the mapping expressions of an authorizer's identity source.

Source: API reference, "CreateAuthorizer": header, query string, stage variable and context expressions, separated by
commas; each of them has to be "present, not null and non-empty".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl

from windtunnel.apigateway.request import Match, Request

Reader = Callable[[Request, Match], str | None]

CONTEXT: dict[str, Reader] = {
    "accountId": lambda request, match: request.stage.account,
    "apiId": lambda request, match: request.stage.api_id,
    "domainName": lambda request, match: request.domain_name,
    "domainPrefix": lambda request, match: request.domain_name.partition(".")[0],
    "extendedRequestId": lambda request, match: request.extended_request_id,
    "httpMethod": lambda request, match: request.http_method,
    "identity.sourceIp": lambda request, match: request.source_ip,
    "identity.userAgent": lambda request, match: request.lowered.get("user-agent"),
    "path": lambda request, match: request.full_path,
    "protocol": lambda request, match: request.protocol,
    "requestId": lambda request, match: request.request_id,
    "resourceId": lambda request, match: match.method.resource_id,
    "resourcePath": lambda request, match: match.method.resource_path,
    "stage": lambda request, match: request.stage.stage_name,
}
"""The $context variables that are known before anybody is authorized."""


class IdentitySource:
    """The expressions of one authorizer, in its order."""

    def __init__(self, expressions: str) -> None:
        self._readers = [_reader(text.strip()) for text in expressions.split(",") if text.strip()]

    def __bool__(self) -> bool:
        return bool(self._readers)

    def values(self, request: Request, match: Match) -> tuple[str, ...] | None:
        """Each expression's value; None where one is absent or empty."""
        values = []
        for read in self._readers:
            value = read(request, match)
            if not value:
                return None
            values.append(value)
        return tuple(values)


class IdentityValidation:
    """An authorizer's identityValidationExpression. None, and the empty one, accept everything.

    As AWS's own sam local has it, the expression has to match from the start, not to the end.
    """

    def __init__(self, expression: str | None) -> None:
        self._match: Callable[[str], object]
        try:
            self._match = re.compile(expression or "").match
        except re.error:  # a regular expression of Java's own: it is not known what it would accept
            self._match = lambda text: None

    def accepts(self, text: str) -> bool:
        """Whether an identity is worth asking about."""
        return self._match(text) is not None


def _reader(expression: str) -> Reader:
    """What reads an expression's value; of one that AWS does not know, nothing."""
    text = expression.removeprefix("$")
    for prefix, make in _KINDS.items():
        if text.startswith(prefix):
            return make(text.removeprefix(prefix))
    return _nothing


def _nothing(request: Request, match: Match) -> str | None:
    return None


def _header(name: str) -> Reader:
    lowered = name.lower()
    return lambda request, match: request.lowered.get(lowered)


def _query(name: str) -> Reader:
    def read(request: Request, match: Match) -> str | None:
        # as everywhere in API Gateway, the last of several counts
        return dict(parse_qsl(request.query, keep_blank_values=True)).get(name) if request.query else None

    return read


def _stage_variable(name: str) -> Reader:
    return lambda request, match: request.stage.variables.get(name)


def _context(name: str) -> Reader:
    return CONTEXT.get(name, _nothing)


_KINDS: dict[str, Callable[[str], Reader]] = {
    "method.request.header.": _header,
    "method.request.multivalueheader.": _header,
    "method.request.querystring.": _query,
    "method.request.multivaluequerystring.": _query,
    "stageVariables.": _stage_variable,
    "context.": _context,
}
