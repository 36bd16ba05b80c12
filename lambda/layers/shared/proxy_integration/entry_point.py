"""The boundary of a function: events become requests, and whatever is raised becomes an answer, here only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from proxy_integration.errors import (
    ApplicationError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    Unprocessable,
)
from proxy_integration.request import Request
from proxy_integration.response import Response

type Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

STATUS: dict[type[ApplicationError], int] = {
    InvalidRequest: 400,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    PreconditionFailed: 412,
    Unprocessable: 422,
}


def entry_point(respond: Callable[[Request], Response], *, logger: Logger, allow_origin: str) -> Handler:
    """What Lambda calls: runs `respond`, logs one line an answer, and never raises."""

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        reason = None
        try:
            response = respond(Request.from_event(event))
            answer = response.to_proxy(allow_origin)
        except ApplicationError as error:
            reason = error.message
            answer = _refusal(error).to_proxy(allow_origin)
        except Exception as error:
            reason = type(error).__name__
            logger.exception("unexpected error")
            answer = Response(500, {"message": "Internal server error"}).to_proxy(allow_origin)
        logger.info(
            "answered",
            extra={
                "method": event.get("httpMethod"),
                "resource": event.get("resource"),
                "path": event.get("path"),
                "status": answer["statusCode"],
                "reason": reason,
            },
        )
        return answer

    injected: Handler = logger.inject_lambda_context(handle, correlation_id_path=correlation_paths.API_GATEWAY_REST)
    return injected


def _refusal(error: ApplicationError) -> Response:
    body: dict[str, Any] = {"message": error.message}
    if error.errors:
        body["errors"] = [asdict(field) for field in error.errors]
    return Response(STATUS[type(error)], body)
