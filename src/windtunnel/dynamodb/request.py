"""Who calls, and what for: what a request's head says.

Keys are LocalStack's: the account is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs

from windtunnel.access_key import account_of
from windtunnel.dynamodb.errors import DynamoDBError

DEFAULT_REGION = "us-east-1"
JSON_TYPES = frozenset({b"application/x-amz-json-1.0", b"application/json"})
UNCOUNTED = "x-windtunnel-uncounted"
"""A header of requests that only measure, and are no part of what runs here: no metric knows of them."""
PARTS = ("Credential", "Signature", "SignedHeaders")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose tables a request is about."""

    account: str
    region: str


def caller(headers: Mapping[bytes, bytes], target: bytes) -> Caller:
    """The caller by the Authorization header, or by the query of a presigned request. Signatures are not checked.

    Raises MissingAuthenticationTokenException, IncompleteSignatureException: as AWS answers, recorded in dynalite's
    test/connection.js.
    """
    authorization = headers.get(b"authorization")
    if authorization is None:
        if b"X-Amz-Algorithm=" in target:
            query = parse_qs(target.partition(b"?")[2].decode("latin-1"))
            return _scope((query.get("X-Amz-Credential") or [""])[0].encode("latin-1"))
        raise _missing()
    if b"X-Amz-Algorithm=" in target:
        raise DynamoDBError(
            "InvalidSignatureException",
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
        )
    if not authorization.startswith(b"AWS4-"):
        raise _missing()
    start = authorization.find(b"Credential=")
    if start < 0 or b"Signature=" not in authorization or b"SignedHeaders=" not in authorization:
        raise _incomplete(authorization, headers)
    end = authorization.find(b",", start)
    return _scope(authorization[start + 11 : end if end > 0 else len(authorization)].split(b" ", 1)[0])


@lru_cache(maxsize=1000)
def _scope(credential: bytes) -> Caller:
    """keyid/date/region/service/aws4_request"""
    parts = credential.decode("latin-1").strip("/").split("/")
    if len(parts) < 5:
        raise DynamoDBError(
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{'/'.join(parts)}'",
        )
    key, region = "/".join(parts[:-4]), parts[-3]
    return Caller(account_of(key), region or DEFAULT_REGION)


def _missing() -> DynamoDBError:
    return DynamoDBError("MissingAuthenticationTokenException", "Request is missing Authentication Token")


def _incomplete(authorization: bytes, headers: Mapping[bytes, bytes]) -> DynamoDBError:
    text = authorization.decode("latin-1")
    message = "".join(f"Authorization header requires '{part}' parameter. " for part in PARTS if f"{part}=" not in text)
    if b"x-amz-date" not in headers and b"date" not in headers:
        message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
    return DynamoDBError("IncompleteSignatureException", f"{message}Authorization={text}")
