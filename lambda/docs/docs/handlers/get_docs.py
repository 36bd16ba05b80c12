"""GET /docs: the page. GET /docs/openapi.json: the document that it is made of. Both are made at cold start."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from proxy_integration.entry_point import entry_point
from proxy_integration.environment import required
from proxy_integration.request import Request
from proxy_integration.response import Response

from docs.page import page

(ALLOW_ORIGIN,) = required(os.environ, "CORS_ALLOW_ORIGIN")
TEXT = (Path(__file__).parents[1] / "openapi.json").read_text()
PAGE = page(json.loads(TEXT))


@dataclass(frozen=True)
class Document(Response):
    """A response whose body is text already, of a type of its own."""

    content_type: str = "application/json"

    def to_proxy(self, allow_origin: str) -> dict[str, Any]:
        answer = super().to_proxy(allow_origin)
        # the page has no script, loads nothing, and is in nobody's frame
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        headers = {**answer["headers"], "Content-Type": self.content_type, "Content-Security-Policy": policy}
        return {**answer, "headers": headers, "body": self.body}


def get_docs(request: Request) -> Response:
    return Document(200, PAGE, content_type="text/html; charset=utf-8")


def get_openapi(request: Request) -> Response:
    return Document(200, TEXT)


page_handler = entry_point(get_docs, logger=Logger(), allow_origin=ALLOW_ORIGIN)
openapi_handler = entry_point(get_openapi, logger=Logger(), allow_origin=ALLOW_ORIGIN)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return (openapi_handler if event["resource"] == "/docs/openapi.json" else page_handler)(event, context)
