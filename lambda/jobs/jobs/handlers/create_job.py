"""POST /jobs: 202 with the job that was accepted."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from jobs.cold_start import jobs_handler
from jobs.logic import Jobs


def create_job(request: Request, jobs: Jobs) -> Response:
    key = request.headers.get("idempotency-key")
    return Response(202, jobs.create(request.json_object(), key).document())


handler = jobs_handler(create_job)
