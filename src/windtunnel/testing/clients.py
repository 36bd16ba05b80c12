"""What end-to-end tests talk with: the stack's API over HTTP, and AWS's own clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import requests

KEY_HEADER = "x-api-key"
STACK_KEY = "the stack's own key"


@dataclass(frozen=True)
class Api:
    """The deployed API. Paths begin with a slash and are below the stage; answers are requests' own."""

    base_url: str
    key: str = field(repr=False)
    timeout: float = 35.0
    """Seconds; longer than API Gateway's 29, so that its own answer is what a test sees."""
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        api_key: str | None = STACK_KEY,
        **options: Any,
    ) -> requests.Response:
        """Send a request, with the stack's API key unless `api_key` is another, or None for no key at all."""
        key = self.key if api_key == STACK_KEY else api_key
        sent = {**({KEY_HEADER: key} if key else {}), **(headers or {})}
        return self.session.request(method, self.base_url + path, headers=sent, timeout=self.timeout, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> requests.Response:
        return self.request("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return self.request("DELETE", path, **options)

    def options(self, path: str, **options: Any) -> requests.Response:
        return self.request("OPTIONS", path, **options)


@dataclass(frozen=True)
class Aws:
    """boto3 clients and resources for the engine, made once each."""

    session: boto3.Session
    endpoint_url: str | None
    _made: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """The boto3 client of a service."""
        return self._once("client", service)

    def resource(self, service: str) -> Any:
        """The boto3 resource of a service."""
        return self._once("resource", service)

    def _once(self, kind: str, service: str) -> Any:
        if (kind, service) not in self._made:
            make = getattr(self.session, kind)
            self._made[kind, service] = make(service, endpoint_url=self.endpoint_url)
        return self._made[kind, service]
