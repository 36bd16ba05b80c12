"""Cases for the benchmark's pure parts."""

from __future__ import annotations

import pytest

from bench.case import Answer, Case


@pytest.fixture
def case() -> Case:
    return Case(
        name="noop-8",
        group="API Gateway to Lambda",
        title="keyed GET",
        connections=8,
        method="GET",
        path="/ping",
        answer=Answer(200, {"message": "pong"}),
    )
