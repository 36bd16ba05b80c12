"""GET /users/{userId}: 200 with the user, and its version as ETag."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from users.cold_start import users_handler
from users.etag import etag
from users.logic import Users


def get_user(request: Request, users: Users) -> Response:
    user = users.get(request.path["userId"])
    return Response(200, user.document(), {"ETag": etag(user.version)})


handler = users_handler(get_user)
