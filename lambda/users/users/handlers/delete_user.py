"""DELETE /users/{userId}: 200 with the user as it was; 412 where If-Match names another version."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from users.cold_start import users_handler
from users.logic import Users


def delete_user(request: Request, users: Users) -> Response:
    return Response(200, users.delete(request.path["userId"], request.headers.get("if-match")).document())


handler = users_handler(delete_user)
