"""What Lambda's Invoke says when no function is run: AWS's exceptions, with their words.

Sources: AWS Lambda API Reference, Invoke (errors and status codes); the messages as recorded answers of AWS have them,
each named where it is made.
"""

from __future__ import annotations

import json

from windtunnel.errors import WindtunnelError

MAX_REQUEST = 6_291_456
"""Bytes: 6 MB, the limit of a synchronous request (Lambda quotas)."""

MAX_EVENT = 1_048_576
"""Bytes: 1 MB, the limit of an asynchronous request (Lambda quotas)."""


class InvokeError(WindtunnelError):
    """AWS's `type`, HTTP `status`, `message`; `reason` where it is a throttle."""

    def __init__(self, type: str, status: int, message: str, *, reason: str = "", user: str | None = "User") -> None:
        super().__init__(message)
        self.type = type
        self.status = status
        self.message = message
        self.reason = reason
        self.user = user

    @property
    def payload(self) -> bytes:
        """The JSON of the answer. Recorded: {"Reason": "...", "Type": "User", "message": "Rate Exceeded."}."""
        fields = {"Reason": self.reason} if self.reason else {}
        return json.dumps({**fields, "Type": self.user, "message": self.message}).encode()


class NoSuchFunction(InvokeError):
    """There is no such function, version or alias."""

    def __init__(self, arn: str) -> None:
        # recorded: LocalStack's tests/aws/services/lambda_/test_lambda.snapshot.json, test_invoke_exceptions
        super().__init__("ResourceNotFoundException", 404, f"Function not found: {arn}")


def too_many_requests(reason: str) -> InvokeError:
    """A concurrency limit is reached. Recorded: LocalStack's test_lambda.snapshot.json, TestLambdaConcurrency."""
    return InvokeError("TooManyRequestsException", 429, "Rate Exceeded.", reason=reason)


def request_too_large() -> InvokeError:
    """The payload is over MAX_REQUEST.

    API_Invoke calls it RequestTooLargeException; what AWS sends is another name (recorded: awslabs/
    aws-athena-query-federation issue 793, status 413, error code RequestEntityTooLargeException).
    """
    message = f"Request must be smaller than {MAX_REQUEST} bytes for the InvokeFunction operation"
    return InvokeError("RequestEntityTooLargeException", 413, message)


def event_too_large(size: int) -> InvokeError:
    """The payload is over MAX_EVENT.

    Recorded with an earlier limit: ASFHyP3/hyp3 issue 2241, "264496 byte payload is too large for the Event invocation
    type (limit 262144 bytes)".
    """
    message = f"{size} byte payload is too large for the Event invocation type (limit {MAX_EVENT} bytes)"
    return InvokeError("RequestEntityTooLargeException", 413, message)


def not_active(state: str) -> InvokeError:
    """The function is in a state in which it cannot be invoked. Recorded: remotion-dev/remotion issue 1186."""
    message = (
        f"The operation cannot be performed at this time. The function is currently in the following state: {state}"
    )
    return InvokeError("ResourceConflictException", 409, message)


def qualifiers_differ() -> InvokeError:
    """Recorded: EventBridge Scheduler User Guide, on a schedule whose FunctionName and Qualifier differ."""
    message = "The derived qualifier from the function name does not match the specified qualifier."
    return InvokeError("InvalidParameterValueException", 400, message)


def no_json(words: str) -> InvokeError:
    """The payload is no JSON; `words` are its parser's (payload.py)."""
    message = f"Could not parse request body into json: Could not parse payload into json: {words}"
    return InvokeError("InvalidRequestContentException", 400, message)


def bad_client_context() -> InvokeError:
    """Recorded in several SDKs' tests: {"Type": null, "message": "Client context must be ..."}."""
    message = "Client context must be a valid Base64-encoded JSON object."
    return InvokeError("InvalidRequestContentException", 400, message, user=None)
