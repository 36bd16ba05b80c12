"""A function's metrics in CloudWatch, namespace AWS/Lambda.

Source: AWS Lambda Developer Guide, "Types of metrics for Lambda functions" (a throttled request counts as Throttles and
as nothing else; Errors has a value for each invocation) and "Dimensions": all functions, the function, and where it was
invoked by an alias or a version its Resource.
"""

from __future__ import annotations

from windtunnel.functions.series import COUNT, MILLISECONDS, Dimensions, MetricSink, Series

NAMESPACE = "AWS/Lambda"


class FunctionMetrics:
    """What the invocations of a function by one qualifier ("" for none) count for."""

    __slots__ = ("_concurrent", "_duration", "_errors", "_invocations", "_sink", "_throttles")

    def __init__(self, sink: MetricSink, account: str, region: str, name: str, qualifier: str) -> None:
        self._sink = sink
        function = ("FunctionName", name)
        sets: tuple[Dimensions, ...] = ((), (function,))
        if qualifier:
            sets = (*sets, (function, ("Resource", f"{name}:{qualifier}")))

        def series(metric: str, unit: str) -> Series:
            return Series(account, region, NAMESPACE, metric, sets, unit)

        self._invocations = series("Invocations", COUNT)
        self._errors = series("Errors", COUNT)
        self._throttles = series("Throttles", COUNT)
        self._duration = series("Duration", MILLISECONDS)
        self._concurrent = Series(account, region, NAMESPACE, "ConcurrentExecutions", ((function,),), COUNT)

    def invoked(self, *, is_error: bool, milliseconds: float, concurrent: int) -> None:
        """An invocation ended; `concurrent` were under way with it when it began."""
        add = self._sink.add
        add(self._invocations, 1)
        add(self._errors, 1 if is_error else 0)
        add(self._duration, round(milliseconds) if milliseconds >= 100 else round(milliseconds, 1))
        add(self._concurrent, concurrent)

    def throttled(self) -> None:
        """A request was refused for want of concurrency."""
        self._sink.add(self._throttles, 1)
