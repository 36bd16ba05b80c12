"""GET /users/{userId}: 200 with the user."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from users.cold_start import users_handler
from users.logic import Users


def get_user(request: Request, users: Users) -> Response:
    return Response(200, users.get(request.path["userId"]).document())


handler = users_handler(get_user)
