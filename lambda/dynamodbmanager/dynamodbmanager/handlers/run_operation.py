"""POST /dynamodbmanager: 200 with the operation's result, as boto3 returns it."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from dynamodbmanager.cold_start import manager_handler
from dynamodbmanager.logic import Manager


def run_operation(request: Request, manager: Manager) -> Response:
    return Response(200, manager.run(request.json_object()))


handler = manager_handler(run_operation)
