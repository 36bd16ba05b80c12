"""POST /uploads: 201 with the upload, and the form to send the file by."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from uploads.cold_start import uploads_handler
from uploads.logic import Uploads


def announce_upload(request: Request, uploads: Uploads) -> Response:
    return Response(201, uploads.announce(request.json_object()))


handler = uploads_handler(announce_upload)
