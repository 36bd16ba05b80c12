"""AWS::DynamoDB::Table and AWS::DynamoDB::GlobalTable for CloudFormation.

LocalStack 4.14.0's own make a table with a part of what the template says, and change none.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from typing import Any

from windtunnel.plugin.localstack import (
    DynamoDBGlobalTableProvider,
    DynamoDBTableProvider,
    OperationStatus,
    ProgressEvent,
    convert_request_kwargs,
    generate_default_name,
)
from windtunnel.plugin.table_models import (
    create_parameters,
    elsewhere,
    flag,
    point_in_time_recovery,
    resource_policy,
    table_of_global,
    updates,
)

Model = Mapping[str, Any]
REPLACING = ("/properties/KeySchema", "/properties/LocalSecondaryIndexes")
"""Properties of a table that only a new one can have: CloudFormation makes it, and deletes the old one."""
PATIENCE = 600.0
PAUSE = 0.2


def mend_tables() -> None:
    """Put ours in their place."""
    for provider, table_of in ((DynamoDBTableProvider, _itself), (DynamoDBGlobalTableProvider, _of_global)):
        schema = copy.deepcopy(provider.SCHEMA)
        only = schema.setdefault("createOnlyProperties", [])
        only += [name for name in REPLACING if name not in only]
        provider.SCHEMA = schema
        provider.create = _create(table_of)
        provider.update = _update(table_of)
        provider.delete = _delete


def _itself(model: Model, _region: str) -> Model:
    return model


def _of_global(model: Model, region: str) -> Model:
    if others := elsewhere(model, region):
        raise ValueError(f"windtunnel keeps a table in one region, {region}: there are no replicas in {others} yet")
    return table_of_global(model, region)


def _create(table_of: Callable[[Model, str], Model]) -> Callable[[Any, Any], Any]:
    def create(_self: Any, request: Any) -> Any:
        model, client = request.desired_state, request.aws_client_factory.dynamodb
        if not model.get("TableName"):
            model["TableName"] = generate_default_name(request.stack_name, request.logical_resource_id)
        table = table_of(model, request.region_name)
        _call(client, "create_table", create_parameters(table))
        _settle(client, model["TableName"])
        _set_time_to_live(client, model["TableName"], table)
        if point_in_time_recovery(table)["PointInTimeRecoveryEnabled"]:
            _set_recovery(client, model["TableName"], table)
        _set_streaming(client, model["TableName"], table)
        return _done(request, model, client)

    return create


def _update(table_of: Callable[[Model, str], Model]) -> Callable[[Any, Any], Any]:
    def update(_self: Any, request: Any) -> Any:
        client, name = request.aws_client_factory.dynamodb, request.previous_state["TableName"]
        model = {**request.desired_state, "TableName": name}
        table = table_of(model, request.region_name)
        for parameters in updates(_settle(client, name), table):
            _call(client, "update_table", {"TableName": name, **parameters})
            _settle(client, name)
        _set_time_to_live(client, name, table)
        _set_recovery(client, name, table)
        _set_streaming(client, name, table)
        _set_tags(client, request.previous_state, model, table_of, request.region_name)
        _set_policy(client, name, table)
        return _done(request, model, client)

    return update


def _delete(_self: Any, request: Any) -> Any:
    client, name = request.aws_client_factory.dynamodb, request.desired_state["TableName"]
    missing = client.exceptions.ResourceNotFoundException
    deadline = time.monotonic() + PATIENCE
    try:
        client.delete_table(TableName=name)
        while time.monotonic() < deadline:
            client.describe_table(TableName=name)
            time.sleep(PAUSE)
    except missing:
        return ProgressEvent(
            OperationStatus.SUCCESS, resource_model=request.desired_state, custom_context=request.custom_context
        )
    raise TimeoutError(f"waited {PATIENCE} s for table {name} to be gone")


# --- one thing at a time ------------------------------------------------------------------------------------------


def _call(client: Any, method: str, parameters: Model) -> Any:
    """A call whose numbers and booleans may be a template's text."""
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    return getattr(client, method)(**convert_request_kwargs(parameters, shape))


def _settle(client: Any, name: str) -> Model:
    """The table's description when it, and each of its indexes, is active."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        told: Model = client.describe_table(TableName=name)["Table"]
        states = [index["IndexStatus"] for index in told.get("GlobalSecondaryIndexes") or ()]
        if {told["TableStatus"], *states} == {"ACTIVE"}:
            return told
        time.sleep(PAUSE)
    raise TimeoutError(f"waited {PATIENCE} s for table {name} to be active")


def _set_time_to_live(client: Any, name: str, table: Model) -> None:
    wanted = table.get("TimeToLiveSpecification") or {}
    after = wanted.get("AttributeName") if flag(wanted.get("Enabled")) else None
    told = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    before = told.get("AttributeName") if told["TimeToLiveStatus"] == "ENABLED" else None
    if before == after:
        return
    for attribute, enabled in ((before, False), (after, True)):
        if attribute:
            specification = {"AttributeName": attribute, "Enabled": enabled}
            client.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)


def _set_recovery(client: Any, name: str, table: Model) -> None:
    told = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    there = told["PointInTimeRecoveryDescription"]
    wanted = point_in_time_recovery(table)
    enabled = there["PointInTimeRecoveryStatus"] == "ENABLED"
    days = wanted.get("RecoveryPeriodInDays", there.get("RecoveryPeriodInDays"))
    if enabled != wanted["PointInTimeRecoveryEnabled"] or (enabled and days != there.get("RecoveryPeriodInDays")):
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=wanted)


def _set_streaming(client: Any, name: str, table: Model) -> None:
    if wanted := table.get("KinesisStreamSpecification"):
        client.enable_kinesis_streaming_destination(TableName=name, StreamArn=wanted["StreamArn"])


def _set_tags(client: Any, before: Model, model: Model, table_of: Callable[[Model, str], Model], region: str) -> None:
    def tags(of: Model) -> dict[str, str]:
        return {tag["Key"]: str(tag["Value"]) for tag in table_of(of, region).get("Tags") or ()}

    old, new = tags(before), tags(model)
    arn = client.describe_table(TableName=model["TableName"])["Table"]["TableArn"]
    if gone := sorted(old.keys() - new.keys()):
        client.untag_resource(ResourceArn=arn, TagKeys=gone)
    if changed := [{"Key": key, "Value": value} for key, value in new.items() if old.get(key) != value]:
        client.tag_resource(ResourceArn=arn, Tags=changed)


def _set_policy(client: Any, name: str, table: Model) -> None:
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    if policy := resource_policy(table):
        client.put_resource_policy(ResourceArn=arn, Policy=policy)
    else:
        client.delete_resource_policy(ResourceArn=arn)


def _done(request: Any, model: Model, client: Any) -> Any:
    told = client.describe_table(TableName=model["TableName"])["Table"]
    known = {**model, "Arn": told["TableArn"], "TableId": told["TableId"]}
    if told.get("StreamSpecification"):
        known["StreamArn"] = told["LatestStreamArn"]
    else:
        known.pop("StreamArn", None)
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=known, custom_context=request.custom_context)
