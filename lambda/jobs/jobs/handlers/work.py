"""The standard queue's worker."""

from __future__ import annotations

from jobs.cold_start import worker_handler

handler = worker_handler(ordered=False)
