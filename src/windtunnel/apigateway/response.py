"""What a function of a Lambda proxy integration answers, as an HTTP response.

Sources: API Gateway Developer Guide, "Output format of a Lambda function for proxy integration", "API Gateway important
notes" (headers that are remapped or dropped), "Return binary media from a Lambda proxy integration".
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from typing import Any

from windtunnel.apigateway.errors import BAD_GATEWAY, GatewayError
from windtunnel.apigateway.media import is_binary
from windtunnel.apigateway.request import Match, Request
from windtunnel.http.messages import Response

KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
REMAPPED = frozenset(
    {
        "accept", "authorization", "connection", "content-md5", "date", "expect", "host", "max-forwards",
        "proxy-authenticate", "server", "user-agent", "www-authenticate", "content-length", "keep-alive",
        "x-amzn-requestid",
    }
)  # fmt: skip
"""They come out as x-amzn-Remapped-Name."""
DROPPED = frozenset({"transfer-encoding", "te", "trailer", "upgrade", "x-amz-apigw-id"})
JSON_TYPE = (b"Content-Type", b"application/json")


def proxy_response(payload: bytes, request: Request, match: Match) -> Response:
    """The response. Raises GatewayError where the payload is no proxy response."""
    try:
        answer = json.loads(payload)
    except ValueError as error:
        raise _malformed("its answer is not JSON") from error
    if not isinstance(answer, dict):
        raise _malformed("its answer is no JSON object")
    if not answer.keys() <= KEYS:
        raise _malformed(f"its answer has keys of its own: {sorted(answer.keys() - KEYS)}")
    status = _status(answer.get("statusCode"))
    headers = _headers(answer)
    body = _body(answer, request)
    stage = request.stage
    if stage.minimum_compression_size is not None and len(body) >= stage.minimum_compression_size:
        body, headers = _compressed(body, headers, request.lowered.get("accept-encoding", ""))
    headers += (
        (b"x-amzn-RequestId", request.request_id.encode()),
        (b"x-amz-apigw-id", request.extended_request_id.encode()),
        (b"X-Amzn-Trace-Id", request.trace_id.encode("latin-1", "replace")),
    )
    return Response(status, headers, body)


def _malformed(why: str) -> GatewayError:
    return GatewayError(BAD_GATEWAY, "Internal server error", reason=f"malformed Lambda proxy response: {why}")


def _status(value: Any) -> int:
    if value is None:
        return 200
    try:
        status = int("" if isinstance(value, bool) else value)
    except (TypeError, ValueError) as error:
        raise _malformed(f"statusCode {value!r}") from error
    if not 100 <= status <= 599:
        raise _malformed(f"statusCode {status}")
    return status


def _headers(answer: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    single, many = answer.get("headers"), answer.get("multiValueHeaders")
    if single is None and many is None:
        return [JSON_TYPE]
    if not isinstance(single, dict | None) or not isinstance(many, dict | None):
        raise _malformed("headers that are no object")
    pairs: list[tuple[str, Any]] = []
    several = {}
    for name, values in (many or {}).items():
        if not isinstance(values, list):
            raise _malformed(f"multiValueHeaders whose {name} is no list")
        pairs += [(name, value) for value in values]
        several[name.lower()] = values
    for name, value in (single or {}).items():
        if value not in several.get(name.lower(), ()):
            pairs.append((name, value))
    made = [header for name, value in pairs if (header := _header(name, value)) is not None]
    if not any(name.lower() == b"content-type" for name, _ in made):
        made.insert(0, JSON_TYPE)
    return made


def _header(name: str, value: Any) -> tuple[bytes, bytes] | None:
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise _malformed(f"header {name} is no text")
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    lowered = name.lower()
    if lowered in DROPPED or not name:
        return None
    if lowered in REMAPPED:
        name = f"x-amzn-Remapped-{name}"
    if not all(33 <= ord(c) < 127 and c not in '()<>@,;:\\"/[]?={}' for c in name):
        raise _malformed(f"header name {name!r}")
    # a line's end would begin a header, or an answer, of the function's choice
    clean = text.replace("\r", " ").replace("\n", " ").replace("\0", " ").strip()
    return name.encode("ascii"), clean.encode("utf-8", "replace")


def _body(answer: dict[str, Any], request: Request) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if isinstance(body, dict | list):
        raise _malformed("a body that is no text")
    text = body if isinstance(body, str) else json.dumps(body)
    encoded = answer.get("isBase64Encoded")
    if encoded is True or encoded == "true":
        types = request.stage.binary_media_types
        if is_binary(request.lowered.get("accept"), types):
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError) as error:
                raise _malformed("a body that is no base64") from error
    return text.encode("utf-8", "replace")


def _compressed(
    body: bytes, headers: list[tuple[bytes, bytes]], accepted: str
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Compressed as the client accepts it. Source: Developer Guide, "Payload compression for REST APIs"."""
    codings = {part.split(";")[0].strip().lower() for part in accepted.split(",")}
    if any(name.lower() == b"content-encoding" for name, _ in headers):
        return body, headers
    if "gzip" in codings:
        return gzip.compress(body, 6, mtime=0), [*headers, (b"Content-Encoding", b"gzip")]
    if "deflate" in codings:
        return zlib.compress(body), [*headers, (b"Content-Encoding", b"deflate")]
    return body, headers
