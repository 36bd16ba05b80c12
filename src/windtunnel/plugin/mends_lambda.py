"""What of LocalStack 4.14.0's Lambda service has to be mended now that the edge has functions' environments.

The edge starts environments, writes their logs and counts their metrics; LocalStack goes on with its queues. Each mend
has a test that fails without it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from windtunnel.plugin.localstack import (
    AssignmentService,
    InitializationType,
    LambdaEnvironment,
    LogHandler,
    RuntimeStatus,
    lambda_version_manager,
)


def mend_lambda() -> None:
    """Every mend of this file."""
    mend_on_demand_environments()
    mend_function_logs()
    mend_function_metrics()


def mend_on_demand_environments() -> None:
    """LocalStack looks for an idle environment, or starts one: credentials from STS, variables, timers. The edge does
    all that. Nor is it an error to be logged, and an environment's end, when the edge refuses an invocation.
    """
    get = AssignmentService.get_environment

    @contextmanager
    @functools.wraps(get)
    def get_environment(self: Any, version_manager_id: str, function_version: Any, kind: Any) -> Iterator[Any]:
        if kind != InitializationType.on_demand:
            with get(self, version_manager_id, function_version, kind) as environment:
                yield environment
            return
        environment = LambdaEnvironment(
            function_version=function_version,
            initialization_type=kind,
            on_timeout=self.on_timeout,
            version_manager_id=version_manager_id,
        )
        environment.status = RuntimeStatus.INVOKING
        yield environment

    AssignmentService.get_environment = get_environment


def mend_function_logs() -> None:
    """LocalStack warns of each invocation that comes without logs, and has a thread a version that waits for some."""

    def store_logs(_self: Any, **_options: Any) -> None:
        """The edge has written them."""

    def start_subscriber(_self: Any) -> None:
        """There are none to wait for."""

    lambda_version_manager.LambdaVersionManager.store_logs = store_logs
    LogHandler.start_subscriber = start_subscriber


def mend_function_metrics() -> None:
    """LocalStack counts Invocations and Errors of what it handed to the edge, which the edge has counted."""

    def record(**_options: Any) -> None:
        """The edge did."""

    lambda_version_manager.record_cw_metric_invocation = record
    lambda_version_manager.record_cw_metric_error = record
