"""What the Runtime API answers to a call that it refuses, and what an error body with a cause has for the caller.

Source: AWS's runtime interface emulator, rapi/rendering/render_error.go and rapi/handler.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from windtunnel.functions.failure import MAX_PAYLOAD

CAUSE = b"application/vnd.aws.lambda.error.cause+json"
"""The content type of an error that has what X-Ray is told in its body."""
VALID_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")


class Refusal(NamedTuple):
    """An answer of the Runtime API that is no 2xx."""

    status: int
    type: str
    message: str

    @property
    def body(self) -> bytes:
        return json.dumps({"errorMessage": self.message, "errorType": self.type}).encode()


INVALID_ID = Refusal(400, "InvalidRequestID", "Invalid request ID")
INVALID_MODE = Refusal(400, "InvalidFunctionResponseMode", "Invalid function response mode")
TOO_LARGE = Refusal(413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes).")


def forbidden(kind: str, message: str) -> Refusal:
    """403, as every call in a wrong state."""
    return Refusal(403, kind, message)


def reported_type(header: bytes | None) -> str:
    """The error type that a runtime's header names, as it is reported: one that AWS does not know is no type."""
    text = (header or b"").decode(errors="replace")
    if VALID_TYPE.search(text):
        return text
    if text.startswith("Function."):
        return "Function.Unknown"
    return "Runtime.Unknown"


def without_cause(body: bytes) -> bytes:
    """The error that the caller gets of one that was sent with its cause."""
    try:
        error = json.loads(body)
    except ValueError:
        error = None
    if not isinstance(error, dict):
        return b'"Invalid error body"'
    named = ("errorMessage", "errorType", "stackTrace")
    return json.dumps({name: error[name] for name in named if error.get(name)}).encode()
