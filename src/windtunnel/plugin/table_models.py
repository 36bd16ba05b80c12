"""CloudFormation's models of DynamoDB tables, as DynamoDB's own parameters. Pure.

Sources: the AWS::DynamoDB::Table and AWS::DynamoDB::GlobalTable pages of the CloudFormation User Guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Model = Mapping[str, Any]
Parameters = dict[str, Any]

SAME = (
    "TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput", "LocalSecondaryIndexes",
    "Tags", "TableClass", "DeletionProtectionEnabled", "OnDemandThroughput", "WarmThroughput",
)  # fmt: skip
"""Properties that CreateTable has under the same name."""
OF_INDEX = (
    "IndexName", "KeySchema", "Projection", "ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput",
)  # fmt: skip
UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")
ON_DEMAND = "PAY_PER_REQUEST"
DEFAULT_UNITS = 5
REPLICA = (
    "TableClass", "DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "Tags", "ResourcePolicy",
    "KinesisStreamSpecification",
)  # fmt: skip
"""What a global table says of each of its replicas."""


def create_parameters(model: Model) -> Parameters:
    """CreateTable's for an AWS::DynamoDB::Table."""
    parameters = {name: model[name] for name in SAME if model.get(name) is not None}
    if model.get("GlobalSecondaryIndexes"):
        parameters["GlobalSecondaryIndexes"] = [global_index(index) for index in model["GlobalSecondaryIndexes"]]
    if model.get("SSESpecification"):
        parameters["SSESpecification"] = encryption(model["SSESpecification"])
    if model.get("StreamSpecification"):
        parameters["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": model["StreamSpecification"]["StreamViewType"],
        }
    if policy := resource_policy(model):
        parameters["ResourcePolicy"] = policy
    return parameters


def global_index(index: Model) -> Parameters:
    return {name: index[name] for name in OF_INDEX if index.get(name) is not None}


def encryption(specification: Model) -> Parameters:
    """SSESpecification: the template's SSEEnabled is the API's Enabled."""
    parameters = {name: value for name, value in specification.items() if name != "SSEEnabled" and value is not None}
    return {**parameters, "Enabled": flag(specification.get("SSEEnabled"))}


def flag(value: Any) -> bool:
    """A template's boolean, which may be text."""
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def resource_policy(model: Model) -> str | None:
    policy = (model.get("ResourcePolicy") or {}).get("PolicyDocument")
    return None if policy is None else policy if isinstance(policy, str) else json.dumps(policy)


def point_in_time_recovery(model: Model) -> Parameters:
    """UpdateContinuousBackups' specification."""
    wanted = model.get("PointInTimeRecoverySpecification") or {}
    enabled = flag(wanted.get("PointInTimeRecoveryEnabled"))
    specification: Parameters = {"PointInTimeRecoveryEnabled": enabled}
    if enabled and wanted.get("RecoveryPeriodInDays") is not None:
        specification["RecoveryPeriodInDays"] = int(wanted["RecoveryPeriodInDays"])
    return specification


# --- from one state to another ------------------------------------------------------------------------------------


def updates(there: Model, model: Model) -> Iterator[Parameters]:
    """UpdateTable's parameters, call after call, that make a described table what the template says.

    `there` is DescribeTable's answer. Of indexes, one is made or deleted with a call, as DynamoDB wants it.
    """
    wanted = {index["IndexName"]: global_index(index) for index in model.get("GlobalSecondaryIndexes") or ()}
    existing = {index["IndexName"]: index for index in there.get("GlobalSecondaryIndexes") or ()}
    stays = {name for name, index in wanted.items() if name in existing and _same_index(existing[name], index)}
    for name in existing.keys() - stays:
        yield {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]}
    if billing := _billing(there, model, [(existing[name], wanted[name]) for name in sorted(stays)]):
        yield billing
    for name, index in wanted.items():
        if name not in stays:
            yield {
                "AttributeDefinitions": model["AttributeDefinitions"],
                "GlobalSecondaryIndexUpdates": [{"Create": index}],
            }
    yield from _stream(there, model)
    yield from _rest(there, model)


def _same_index(there: Model, index: Model) -> bool:
    def shape(one: Model) -> Any:
        projection = one["Projection"]
        keys = [(key["AttributeName"], key["KeyType"]) for key in one["KeySchema"]]
        return keys, projection.get("ProjectionType"), sorted(projection.get("NonKeyAttributes") or ())

    return bool(shape(there) == shape(index))


def _billing(there: Model, model: Model, indexes: Sequence[tuple[Model, Model]]) -> Parameters:
    before = (there.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    mode = model.get("BillingMode") or "PROVISIONED"
    if mode == ON_DEMAND:
        return {} if before == ON_DEMAND else {"BillingMode": ON_DEMAND}
    changes: Parameters = {}
    units = _units(model.get("ProvisionedThroughput"))
    if units and (before == ON_DEMAND or units != _units(there["ProvisionedThroughput"])):
        changes["ProvisionedThroughput"] = units
    if before == ON_DEMAND:
        changes["BillingMode"] = mode
    updated = [
        {"Update": {"IndexName": index["IndexName"], "ProvisionedThroughput": wanted}}
        for now, index in indexes
        if (wanted := _units(index.get("ProvisionedThroughput")))
        and (before == ON_DEMAND or wanted != _units(now["ProvisionedThroughput"]))
    ]
    if updated:
        changes["GlobalSecondaryIndexUpdates"] = updated
    return changes


def _units(throughput: Model | None) -> dict[str, int]:
    return {name: int(throughput[name]) for name in UNITS} if throughput else {}


def _stream(there: Model, model: Model) -> Iterator[Parameters]:
    before = (there.get("StreamSpecification") or {}).get("StreamViewType")
    after = (model.get("StreamSpecification") or {}).get("StreamViewType")
    if before == after:
        return
    if before:
        yield {"StreamSpecification": {"StreamEnabled": False}}
    if after:
        yield {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": after}}


def _rest(there: Model, model: Model) -> Iterator[Parameters]:
    """What is to be the only change of its call."""
    encrypted = flag((model.get("SSESpecification") or {}).get("SSEEnabled"))
    if encrypted != ("SSEDescription" in there):
        yield {"SSESpecification": encryption(model["SSESpecification"]) if encrypted else {"Enabled": False}}
    wanted_class = model.get("TableClass") or "STANDARD"
    if wanted_class != (there.get("TableClassSummary") or {}).get("TableClass", "STANDARD"):
        yield {"TableClass": wanted_class}
    protected = flag(model.get("DeletionProtectionEnabled"))
    if protected != bool(there.get("DeletionProtectionEnabled")):
        yield {"DeletionProtectionEnabled": protected}
    limits = {name: int(value) for name, value in (model.get("OnDemandThroughput") or {}).items()}
    if limits and limits != there.get("OnDemandThroughput"):
        yield {"OnDemandThroughput": limits}


# --- a global table -----------------------------------------------------------------------------------------------


def elsewhere(model: Model, region: str) -> list[str]:
    """The regions of a global table's replicas but this one."""
    return sorted(replica["Region"] for replica in model.get("Replicas") or () if replica["Region"] != region)


def table_of_global(model: Model, region: str) -> Parameters:
    """The AWS::DynamoDB::Table that a global table is in one of its regions."""
    table = {
        name: value
        for name, value in model.items()
        if name not in ("Replicas", "WriteProvisionedThroughputSettings", "WriteOnDemandThroughputSettings")
    }
    replica: Model = next((one for one in model.get("Replicas") or () if one["Region"] == region), {})
    table |= {name: replica[name] for name in REPLICA if replica.get(name) is not None}
    key = (replica.get("SSESpecification") or {}).get("KMSMasterKeyId")
    if key and table.get("SSESpecification"):
        table["SSESpecification"] = {**table["SSESpecification"], "KMSMasterKeyId": key}
    if model.get("BillingMode") != ON_DEMAND:
        table["ProvisionedThroughput"] = _settings(model, replica)
    reads = {index["IndexName"]: index for index in replica.get("GlobalSecondaryIndexes") or ()}
    if model.get("GlobalSecondaryIndexes"):
        table["GlobalSecondaryIndexes"] = [
            _index_of_global(index, reads.get(index["IndexName"], {}), model.get("BillingMode") != ON_DEMAND)
            for index in model["GlobalSecondaryIndexes"]
        ]
    return table


def _index_of_global(index: Model, replica: Model, provisioned: bool) -> Parameters:
    kept = {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
    return {**kept, "ProvisionedThroughput": _settings(index, replica)} if provisioned else kept


def _settings(writes: Model, reads: Model) -> dict[str, int]:
    """Units with which automatic scaling begins."""
    return {
        "ReadCapacityUnits": _unit(reads.get("ReadProvisionedThroughputSettings"), "Read"),
        "WriteCapacityUnits": _unit(writes.get("WriteProvisionedThroughputSettings"), "Write"),
    }


def _unit(settings: Model | None, kind: str) -> int:
    given = settings or {}
    if given.get(f"{kind}CapacityUnits") is not None:
        return int(given[f"{kind}CapacityUnits"])
    scaling = given.get(f"{kind}CapacityAutoScalingSettings") or {}
    return int(scaling.get("SeedCapacity") or scaling.get("MinCapacity") or DEFAULT_UNITS)
