"""What the business wants counted, as CloudWatch metrics: lines of the log in the embedded metric format.

CloudWatch makes metrics of them later: no request waits for it, and no permission is needed. The namespace and the
dimension `service` are POWERTOOLS_METRICS_NAMESPACE and POWERTOOLS_SERVICE_NAME.
"""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit, single_metric


class UserMetrics:
    """Counts what happens to users."""

    def __init__(self, namespace: str, service: str) -> None:
        self._namespace = namespace
        self._service = service

    def created(self) -> None:
        """A user has been created."""
        with single_metric("UserCreated", MetricUnit.Count, value=1, namespace=self._namespace) as metric:
            metric.add_dimension("service", self._service)
