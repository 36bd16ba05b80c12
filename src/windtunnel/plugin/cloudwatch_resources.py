"""CloudWatch's resources in CloudFormation: dashboards, which LocalStack 4.14.0 passes over in silence, and alarms,
which it makes and cannot change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from windtunnel.plugin.localstack import (
    CloudFormationResourceProviderPlugin,
    CloudWatchAlarmProvider,
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    generate_default_name,
)

TYPE = "AWS::CloudWatch::Dashboard"


class DashboardProvider(ResourceProvider):
    """Makes, changes and deletes dashboards by CloudWatch's own API."""

    TYPE = TYPE
    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "typeName": TYPE,
        "properties": {"DashboardName": {}, "DashboardBody": {}},
        "required": ["DashboardBody"],
        "createOnlyProperties": ["/properties/DashboardName"],
        "primaryIdentifier": ["/properties/DashboardName"],
        "handlers": {},
    }

    def create(self, request: Any) -> Any:
        made_up = generate_default_name(request.stack_name, request.logical_resource_id)
        return self._put(request, request.desired_state.get("DashboardName") or made_up)

    def update(self, request: Any) -> Any:
        return self._put(request, request.previous_state["DashboardName"])

    def delete(self, request: Any) -> Any:
        name = request.desired_state["DashboardName"]
        request.aws_client_factory.cloudwatch.delete_dashboards(DashboardNames=[name])
        return _done(request, request.desired_state)

    def _put(self, request: Any, name: str) -> Any:
        body = request.desired_state["DashboardBody"]
        try:
            # PutDashboard refuses what is no JSON; LocalStack takes anything
            json.loads(body)
        except ValueError as error:
            reason = f"The field DashboardBody must be a valid JSON object: {error}"
            return ProgressEvent(OperationStatus.FAILED, resource_model=request.desired_state, message=reason)
        request.aws_client_factory.cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)
        return _done(request, {**request.desired_state, "DashboardName": name})


def _done(request: Any, model: Mapping[str, Any]) -> Any:
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=model, custom_context=request.custom_context)


class DashboardProviderPlugin(CloudFormationResourceProviderPlugin):
    """What LocalStack finds under its entry point group."""

    name = TYPE

    def __init__(self) -> None:
        self.factory: type[DashboardProvider] | None = None

    def load(self, *_arguments: Any, **_options: Any) -> None:
        self.factory = DashboardProvider


def mend_alarm_update() -> None:
    """PutMetricAlarm changes an alarm that is there: "the update completely overwrites the previous configuration"."""

    def update(self: Any, request: Any) -> Any:
        request.desired_state["AlarmName"] = request.previous_state["AlarmName"]
        return self.create(request)

    CloudWatchAlarmProvider.update = update
