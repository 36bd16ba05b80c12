"""The functions behind the API that the gateway's end-to-end tests deploy."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

ANSWERS: dict[str, Any] = {
    "no-status": {"body": "ok"},
    "text": "ok",
    "list": [1],
    "body-object": {"statusCode": 200, "body": {"a": 1}},
    "extra-key": {"statusCode": 200, "body": "ok", "surprise": 1},
    "status-text": {"statusCode": "two hundred", "body": "ok"},
    "nothing": None,
    "numeric-text": {"statusCode": "201", "body": "made"},
    "headers": {
        "statusCode": 200,
        "headers": {"X-One": "1", "Date": "yesterday", "x-number": 5},
        "multiValueHeaders": {"X-Many": ["a", "b"]},
        "body": "ok",
    },
    "binary": {
        "statusCode": 200,
        "headers": {"Content-Type": "application/octet-stream"},
        "body": base64.b64encode(bytes(range(256))).decode(),
        "isBase64Encoded": True,
    },
}


def echo(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """The event itself, as JSON."""
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"},
        "body": json.dumps(event),
    }


def answer(event: dict[str, Any], _context: Any) -> Any:
    """The answer that the query asks for, fit or not; "raise" raises."""
    which = (event["queryStringParameters"] or {}).get("which", "")
    if which == "raise":
        raise ValueError("asked to raise")
    return ANSWERS[which]


def sleep(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Late by as many seconds as the query says."""
    time.sleep(float((event["queryStringParameters"] or {}).get("seconds", "0")))
    return {"statusCode": 200, "body": "awake"}


def authorize_token(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """A TOKEN authorizer: the token says what it decides."""
    return _decide(event["authorizationToken"], event["methodArn"])


def authorize_request(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """A REQUEST authorizer: the query says what it decides."""
    return _decide(event["queryStringParameters"]["auth"], event["methodArn"])


def _decide(word: str, method_arn: str) -> dict[str, Any]:
    if word == "unauthorized":
        raise Exception("Unauthorized")
    if word == "broken":
        return {"principalId": "nobody"}
    effect = "Deny" if word == "deny" else "Allow"
    resource = method_arn.replace("/GET/", "/POST/") if word == "elsewhere" else method_arn
    return {
        "principalId": f"user-{word}",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}],
        },
        "context": {"word": word, "number": 7, "flag": True, "called": str(time.time_ns())},
    }
