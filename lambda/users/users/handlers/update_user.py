"""PUT /users/{userId}: 200 with the user after the change."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from users.cold_start import users_handler
from users.logic import Users


def update_user(request: Request, users: Users) -> Response:
    return Response(200, users.update(request.path["userId"], request.json_object()).document())


handler = users_handler(update_user)
