"""POST /users: 201 with the new user."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from users.cold_start import users_handler
from users.logic import Users


def create_user(request: Request, users: Users) -> Response:
    return Response(201, users.create(request.json_object()).document())


handler = users_handler(create_user)
