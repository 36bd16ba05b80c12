"""The answer of a Lambda proxy integration as the client gets it.

Sources: API Gateway Developer Guide, "Output format of a Lambda function for proxy integration" (the keys; headers and
multiValueHeaders are merged), "Amazon API Gateway important notes" (the table of headers that are remapped or dropped;
the default Content-Type), "Content type conversions in API Gateway"; recorded answers of AWS in LocalStack's validated
tests test_aws_proxy_response_payload_format_validation and test_lambda_aws_proxy_response_format: no key is required,
a key beyond the known ones is 502, "201" is a status, a header's true is "true", null headers are none.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from windtunnel.apigateway.compression import compressed
from windtunnel.apigateway.definition import Stage
from windtunnel.apigateway.errors import API_CONFIGURATION_ERROR, BAD_GATEWAY, GatewayError
from windtunnel.apigateway.media_type import BinaryTypes
from windtunnel.apigateway.request import Match, Request
from windtunnel.http.messages import Response

_KEYS = frozenset({"isBase64Encoded", "statusCode", "headers", "multiValueHeaders", "body"})
_REMAPPED = frozenset({
    "authorization", "connection", "content-length", "content-md5", "date", "max-forwards", "server", "user-agent",
    "www-authenticate", "x-amzn-requestid",
})  # fmt: skip
_DROPPED = frozenset({
    "expect", "host", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade", "via",
    # API Gateway's own
    "x-amz-apigw-id", "x-amzn-trace-id",
})  # fmt: skip
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,9}\s*").fullmatch
_JSON = (b"Content-Type", b"application/json")


def proxy_response(payload: bytes, request: Request, match: Match) -> Response:
    """What a function answered, as an HTTP response. Raises GatewayError where it is no proxy response: 502."""
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        raise _malformed("it is not JSON") from None
    if type(answer) is not dict:
        raise _malformed("it is not an object")
    if not _KEYS.issuperset(answer):
        raise _malformed(f"it has keys beyond the known ones: {', '.join(sorted(answer.keys() - _KEYS))}")
    status = _status(answer.get("statusCode"))
    headers = _headers(answer.get("headers"), answer.get("multiValueHeaders"))
    body = _text(answer.get("body"), "body").encode("utf-8", "replace")
    if _flag(answer.get("isBase64Encoded")) and binary_types(request.stage).match(request.lowered.get("accept")):
        body = decoded(body)
    return finished(request, status, headers, body, traced=True)


def finished(
    request: Request, status: int, headers: list[tuple[bytes, bytes]], body: bytes, *, traced: bool = False
) -> Response:
    """A response with API Gateway's own headers, compressed where the API says so and the client takes it.

    Recorded: X-Amzn-Trace-Id is in the answers of functions, not in those of MOCK integrations and in errors.
    """
    minimum = request.stage.minimum_compression_size
    if minimum is not None and len(body) >= minimum and body:
        headers, body = compressed(request.lowered.get("accept-encoding"), headers, body)
    complete = [*headers] if _has_content_type(headers) else [_JSON, *headers]
    complete.append((b"x-amzn-RequestId", request.request_id.encode()))
    complete.append((b"x-amz-apigw-id", request.extended_request_id.encode()))
    if traced:
        complete.append((b"X-Amzn-Trace-Id", request.trace_id.encode()))
    return Response(status, complete, body)


def method_headers(headers: Mapping[str, list[str]]) -> list[tuple[bytes, bytes]]:
    """Headers of an integration's answer as the client gets them: remapped, dropped, checked.

    Raises GatewayError where a name or a value would end its line: nothing of it reaches the wire.
    """
    lines = []
    for name, values in headers.items():
        wire = _wire_name(name)
        if wire is None:
            raise _malformed(f"{name!r} is no header's name")
        if wire:
            for value in values:
                if _UNSAFE(value):
                    raise _malformed(f"the header {name} has a control character in its value")
                lines.append((wire, value.encode("utf-8", "replace")))
    return lines


def fits_header(name: str, value: str) -> bool:
    """Whether name and value can be a header's line, and no more than that."""
    return _NAME(name) is not None and _UNSAFE(value) is None


def decoded(body: bytes) -> bytes:
    """Base64 decoded. Raises GatewayError: "Gateway response types", API_CONFIGURATION_ERROR."""
    try:
        return base64.b64decode(body)
    except (ValueError, binascii.Error):
        raise GatewayError(
            API_CONFIGURATION_ERROR, "Internal server error", reason="the body is said to be Base64 and is not"
        ) from None


def _headers(single: object, multi: object) -> list[tuple[bytes, bytes]]:
    """Both kinds of headers merged: those of multiValueHeaders decide about the spelling, then comes the other value.

    A pair of name and value that is in both is there once.
    """
    if single is None and multi is None:
        return []
    merged: dict[str, list[str]] = {}
    if multi is not None:
        for name, values in _mapping(multi, "multiValueHeaders").items():
            if type(values) is not list:
                raise _malformed(f"multiValueHeaders has no list for {name}")
            merged[name] = [_text(value, name) for value in values if value is not None]
    spellings = {name.lower(): name for name in merged} if merged else {}
    for name, value in _mapping(single, "headers").items() if single is not None else ():
        if value is not None:
            values = merged.setdefault(spellings.get(name.lower(), name), [])
            text = value if type(value) is str else _text(value, name)
            if text not in values:
                values.append(text)
    return method_headers(merged)


def _status(value: object) -> int:
    # 1xx would not end an exchange: whatever comes after it would be taken for the answer to the next request
    if value is None:
        return 200
    if type(value) is str and _INTEGER(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 200 <= value < 600:
        raise _malformed(f"{value!r} is no status code")
    return int(value)


def _flag(value: object) -> bool:
    if value is None or isinstance(value, bool | int):
        return bool(value)
    if value in ("true", "false"):
        return value == "true"
    raise _malformed("isBase64Encoded is neither true nor false")


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if type(value) is not dict:
        raise _malformed(f"{name} is not an object")
    return value


def _text(value: object, name: str) -> str:
    """A scalar as text, as Java's JSON reader makes it of numbers and booleans (recorded for a header's true)."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise _malformed(f"{name} is not a text")


def _has_content_type(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(len(name) == 12 and name.lower() == b"content-type" for name, _ in headers)


def _malformed(why: str) -> GatewayError:
    return GatewayError(BAD_GATEWAY, "Internal server error", reason=f"malformed Lambda proxy response: {why}")


@lru_cache(maxsize=1024)
def _wire_name(name: str) -> bytes | None:
    """A header's name as the client gets it: empty for a dropped one, None for what is no name."""
    if not _NAME(name):
        return None
    lowered = name.lower()
    if lowered in _DROPPED:
        return b""
    return f"x-amzn-Remapped-{name}".encode() if lowered in _REMAPPED else name.encode()


@lru_cache(maxsize=64)
def _binary(types: tuple[str, ...]) -> BinaryTypes:
    return BinaryTypes(types)


def binary_types(stage: Stage) -> BinaryTypes:
    """An API's binary media types, ready to be asked."""
    return _binary(stage.binary_media_types)
