"""GET /jobs/{jobId}: 200 with the job as it is now."""

from __future__ import annotations

from proxy_integration.request import Request
from proxy_integration.response import Response

from jobs.cold_start import jobs_handler
from jobs.logic import Jobs


def get_job(request: Request, jobs: Jobs) -> Response:
    return Response(200, jobs.get(request.path["jobId"]).document())


handler = jobs_handler(get_job)
