"""PUT /users/{userId}: 200 with the user after the change; 412 where If-Match names another version."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from users.cold_start import users_handler
from users.etag import etag
from users.logic import Users


def update_user(request: Request, users: Users) -> Response:
    user = users.update(request.path["userId"], request.json_object(), request.headers.get("if-match"))
    return Response(200, user.document(), {"ETag": etag(user.version)})


handler = users_handler(update_user)
