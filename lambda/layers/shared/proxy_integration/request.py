"""The request in an API Gateway REST API's proxy event."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from proxy_integration import json_body
from proxy_integration.errors import InvalidRequest


@dataclass(frozen=True)
class Request:
    """`path` has the values in the path's braces, `query` the last value of each query parameter.

    `headers` has the last value of each header, by its name in lower case; `api_key_id` is an id, and no key.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: str
    headers: Mapping[str, str] = MappingProxyType({})
    api_key_id: str | None = None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Request:
        """API Gateway says null where there is nothing. Raises InvalidRequest for a body that is not text."""
        return cls(
            path=event["pathParameters"] or {},
            query=event["queryStringParameters"] or {},
            body=_body(event),
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            api_key_id=event["requestContext"].get("identity", {}).get("apiKeyId"),
        )

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object, or InvalidRequest."""
        if not self.body.strip():
            raise InvalidRequest("Request body is empty; a JSON object is expected")
        try:
            value = json_body.parse(self.body)
        except ValueError as error:
            raise InvalidRequest(f"Request body is not valid JSON: {error}") from error
        if not isinstance(value, dict):
            raise InvalidRequest("Request body must be a JSON object")
        return value


def _body(event: Mapping[str, Any]) -> str:
    body: str = event["body"] or ""
    if not event.get("isBase64Encoded"):
        return body
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidRequest("Request body is not UTF-8 text") from error
