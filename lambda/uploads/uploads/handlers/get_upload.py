"""GET /uploads/{uploadId}: 200 with what is known of the upload."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from uploads.cold_start import uploads_handler
from uploads.logic import Uploads


def get_upload(request: Request, uploads: Uploads) -> Response:
    return Response(200, uploads.get(request.path["uploadId"]))


handler = uploads_handler(get_upload)
