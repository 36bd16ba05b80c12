"""API Gateway's own errors: the response type of each, its status, its words.

Sources: API Gateway Developer Guide, "Gateway response types for API Gateway"; recorded answers of AWS in LocalStack's
snapshots of its validated tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorKind:
    """One gateway response type. `default` is the type that customises it where it is not customised itself."""

    type: str
    status: int
    exception: str
    """The value of x-amzn-ErrorType."""
    default: str


def _kind(type: str, status: int, exception: str) -> ErrorKind:
    return ErrorKind(type, status, exception, "DEFAULT_4XX" if status < 500 else "DEFAULT_5XX")


ACCESS_DENIED = _kind("ACCESS_DENIED", 403, "AccessDeniedException")
API_CONFIGURATION_ERROR = _kind("API_CONFIGURATION_ERROR", 500, "InternalServerErrorException")
AUTHORIZER_CONFIGURATION_ERROR = _kind("AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException")
AUTHORIZER_FAILURE = _kind("AUTHORIZER_FAILURE", 500, "AuthorizerConfigurationException")
BAD_REQUEST_BODY = _kind("BAD_REQUEST_BODY", 400, "BadRequestException")
BAD_REQUEST_PARAMETERS = _kind("BAD_REQUEST_PARAMETERS", 400, "BadRequestException")
EXPIRED_TOKEN = _kind("EXPIRED_TOKEN", 403, "ExpiredTokenException")
INTEGRATION_FAILURE = _kind("INTEGRATION_FAILURE", 504, "InternalServerErrorException")
INTEGRATION_TIMEOUT = _kind("INTEGRATION_TIMEOUT", 504, "InternalServerErrorException")
INVALID_API_KEY = _kind("INVALID_API_KEY", 403, "ForbiddenException")
INVALID_SIGNATURE = _kind("INVALID_SIGNATURE", 403, "InvalidSignatureException")
MISSING_AUTHENTICATION_TOKEN = _kind("MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException")
QUOTA_EXCEEDED = _kind("QUOTA_EXCEEDED", 429, "LimitExceededException")
REQUEST_TOO_LARGE = _kind("REQUEST_TOO_LARGE", 413, "BadRequestException")
"""Its exception as recorded in koki-develop/lgtm-generator issue 10."""
RESOURCE_NOT_FOUND = _kind("RESOURCE_NOT_FOUND", 404, "NotFoundException")
THROTTLED = _kind("THROTTLED", 429, "TooManyRequestsException")
UNAUTHORIZED = _kind("UNAUTHORIZED", 401, "UnauthorizedException")
UNSUPPORTED_MEDIA_TYPE = _kind("UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException")
DEFAULT_4XX = _kind("DEFAULT_4XX", 400, "BadRequestException")
DEFAULT_5XX = _kind("DEFAULT_5XX", 500, "InternalServerErrorException")
BAD_GATEWAY = ErrorKind("DEFAULT_5XX", 502, "InternalServerErrorException", "DEFAULT_5XX")
"""A handler that raised, or an answer that is no proxy response: the response type is DEFAULT_5XX, the status 502."""


@dataclass(frozen=True, slots=True)
class IntegrationOutcome:
    """How an integration fared, for access logs and metrics."""

    status: int
    """$context.integration.integrationStatus: what the endpoint (Lambda's API, say) answered."""
    latency_ms: float
    request_id: str | None = None
    """$context.integration.requestId; None where the endpoint has none."""
    answered: int | None = None
    """$context.integration.status: what the function itself answered."""
    error: str | None = None
    """$context.integration.error: what came of it where the endpoint gave no answer to pass on."""


class GatewayError(Exception):
    """A request that API Gateway answers itself."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str | None,
        *,
        validation: str = "",
        reason: str = "",
        authorizer: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message or reason)
        self.kind = kind
        self.message = message
        """$context.error.message; AWS's own is null for an authorizer that is broken."""
        self.validation = validation
        """$context.error.validationErrorString, in brackets as AWS has it; else ""."""
        self.reason = reason
        """Why, for windtunnel's own log; never sent."""
        self.authorizer = authorizer
        """$context.authorizer of a request that its authorizer denied; None without one."""
        self.integration: IntegrationOutcome | None = None
        """Where the integration was asked before it came to this."""
