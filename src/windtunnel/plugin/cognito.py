"""Cognito user pools from moto, which LocalStack carries and does not use, and the keys of their tokens."""

from __future__ import annotations

import functools
import hmac
import json
import os
from types import SimpleNamespace
from typing import Any

from windtunnel.plugin.edge import TOKEN_HEADER
from windtunnel.plugin.localstack import (
    MotoFallbackDispatcher,
    Response,
    Service,
    aws_provider,
    cognitoidp_backends,
    cognitoidp_models,
    handler,
    load_service,
)

PATH = "/_windtunnel/user-pools/<pool_id>/jwks"
SERVICE = "cognito-idp"


def _fall_back(operation: str) -> Any:
    """A method of a provider that leaves an operation to moto."""

    @handler(operation, expand=False)
    def fall_back(self: Any, context: Any, request: Any) -> Any:
        raise NotImplementedError

    fall_back.__name__ = operation
    return fall_back


@aws_provider(api=SERVICE, name="windtunnel")
def cognito_idp() -> Any:
    """LocalStack has no class of the service's operations to inherit from, as for others: so one is made here."""
    methods = {operation: _fall_back(operation) for operation in load_service(SERVICE).operation_names}
    provider = type("CognitoIdpProvider", (), {"service": SERVICE, **methods})
    return Service.for_provider(provider(), dispatch_table_factory=MotoFallbackDispatcher)


def mend_user_pool_keys() -> None:
    """moto signs the tokens of all pools with one key, the same everywhere, which says that its id is "dummy".

    On AWS each pool has keys of its own, told by the `kid` of a token's header (Cognito Developer Guide, "Verifying
    JSON web tokens"). A pool keeps its key as text: an object of the cryptography library cannot be in a snapshot.
    """

    def made(self: Any, _moto_key: Any) -> None:
        key = cognitoidp_models.jwk.RSAKey.generate_key(2048, private=True, auto_kid=True)
        self.__dict__["key_text"] = json.dumps(key.as_dict(private=True))

    cognitoidp_models.CognitoIdpUserPool.json_web_key = property(lambda self: _key(self.key_text), made)
    encode = cognitoidp_models.jwt.encode

    def encode_with_id(header: Any, claims: Any, key: Any, **options: Any) -> Any:
        return encode({**header, "kid": key.kid}, claims, key, **options)

    cognitoidp_models.jwt = SimpleNamespace(encode=encode_with_id, decode=cognitoidp_models.jwt.decode)


@functools.lru_cache(maxsize=256)
def _key(text: str) -> Any:
    return cognitoidp_models.jwk.RSAKey.import_key(json.loads(text))


def user_pool_keys(request: Any, pool_id: str) -> Any:
    """GET: a pool's JWKS, 404 where there is no such pool."""
    token = os.environ.get("WINDTUNNEL_TOKEN", "")
    if not token or not hmac.compare_digest(request.headers.get(TOKEN_HEADER, ""), token):
        return Response("", status=403)
    for regions in list(cognitoidp_backends.values()):
        for backend in list(regions.values()):
            if (pool := backend.user_pools.get(pool_id)) is not None:
                key = {**pool.json_web_key.as_dict(private=False), "alg": "RS256", "use": "sig"}
                return Response(json.dumps({"keys": [key]}), mimetype="application/json")
    return Response("", status=404)
