"""GET /users?limit=&nextToken=&email=: 200 with a page of users."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from users.cold_start import users_handler
from users.logic import Users


def list_users(request: Request, users: Users) -> Response:
    return Response(200, users.list(request.query).document())


handler = users_handler(list_users)
