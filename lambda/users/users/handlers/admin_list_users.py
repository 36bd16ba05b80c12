"""GET /admin/users?limit=&nextToken=&email=: 200 with a page of users, for the administrator's API key alone."""

from __future__ import annotations

import os

from proxy_integration.environment import required
from proxy_integration.errors import Forbidden
from proxy_integration.request import Request
from proxy_integration.response import Response

from users.cold_start import users_handler
from users.logic import Users

(ADMIN_KEY_ID,) = required(os.environ, "ADMIN_KEY_ID")


def admin_list_users(request: Request, users: Users) -> Response:
    # API Gateway has checked that the key is one of the stage's; any of them gets this far
    if request.api_key_id != ADMIN_KEY_ID:
        raise Forbidden("This API key is not an administrator's")
    return Response(200, users.list(request.query).document())


handler = users_handler(admin_list_users)
