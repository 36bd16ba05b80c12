"""POST /users: 201 with the new user; with an Idempotency-Key, the same user each time."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.typing import LambdaContext
from proxy_integration.environment import required
from proxy_integration.request import Request
from proxy_integration.response import Response

from users.cold_start import CONNECTION, users_handler
from users.etag import etag
from users.idempotency import Idempotency
from users.logic import Users
from users.metrics import UserMetrics

TABLE, NAMESPACE, SERVICE = required(
    os.environ, "IDEMPOTENCY_TABLE", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME"
)
metrics = UserMetrics(NAMESPACE, SERVICE)
answers = Idempotency(DynamoDBPersistenceLayer(table_name=TABLE, boto_config=CONNECTION))


def create_user(request: Request, users: Users) -> Response:
    def create() -> dict[str, Any]:
        user = users.create(request.json_object()).document()
        metrics.created()
        return user

    user = answers.once(request.headers.get("idempotency-key"), request.body, create)
    return Response(201, user, {"ETag": etag(int(user["version"]))})


respond = users_handler(create_user)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    answers.register(context)
    return respond(event, context)
