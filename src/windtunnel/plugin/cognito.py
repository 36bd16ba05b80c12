"""Cognito user pools from moto, which LocalStack carries and does not use, and the keys of their tokens."""

from __future__ import annotations

import hmac
import json
import os
from importlib import resources
from typing import Any

from windtunnel.plugin.edge import TOKEN_HEADER
from windtunnel.plugin.localstack import MotoFallbackDispatcher, Response, Service, aws_provider, cognitoidp_backends

PATH = "/_windtunnel/user-pools/<pool_id>/jwks"


class CognitoIdpProvider:
    """No operation of its own: every call falls back to moto."""

    service = "cognito-idp"


@aws_provider(api="cognito-idp", name="windtunnel")
def cognito_idp() -> Any:
    return Service.for_provider(CognitoIdpProvider(), dispatch_table_factory=MotoFallbackDispatcher)


def user_pool_keys(request: Any, pool_id: str) -> Any:
    """GET: a pool's JWKS, 404 where there is no such pool."""
    token = os.environ.get("WINDTUNNEL_TOKEN", "")
    if not token or not hmac.compare_digest(request.headers.get(TOKEN_HEADER, ""), token):
        return Response("", status=403)
    for regions in list(cognitoidp_backends.values()):
        for backend in list(regions.values()):
            if pool_id in backend.user_pools:
                # moto signs every pool's tokens with one key of its own
                text = resources.files("moto.cognitoidp").joinpath("resources/jwks-public.json").read_text()
                return Response(json.dumps(json.loads(text)), mimetype="application/json")
    return Response("", status=404)
