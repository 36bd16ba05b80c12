"""The JSON document that is kept of a table: made from CreateTable's parameters, told by DescribeTable.

Shapes: recorded answers of AWS in LocalStack's snapshots (tests/aws/services/dynamodb) and the ack-api-quirks
catalogue (DDB-TABLE-125, 133, 134, 138).
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from windtunnel.dynamodb.store import Counts, Store
from windtunnel.dynamodb.table import ACTIVE, Table
from windtunnel.dynamodb.table_rules import ON_DEMAND

type Document = dict[str, Any]

ON_DEMAND_WARM = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000}
KMS_KEYS = uuid.UUID("6f1b0d5e-6f6c-4a7c-9a35-2f6f0a0f4d11")
"""The name space of the keys that AWS manages for DynamoDB: one for each account and region."""


def table_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:dynamodb:{region}:{account}:table/{name}"


def moment(now: float) -> float:
    """A time as answers carry it: seconds, to the millisecond."""
    return round(now, 3)


def new_table(parameters: Mapping[str, Any], account: str, region: str, now: float) -> Document:
    """The description of a table that was just made, ACTIVE, without its stream."""
    name = parameters["TableName"]
    on_demand = parameters.get("BillingMode") == ON_DEMAND
    arn = table_arn(account, region, name)
    told: Document = {
        "AttributeDefinitions": sorted_definitions(parameters["AttributeDefinitions"]),
        "TableName": name,
        "KeySchema": key_schema(parameters["KeySchema"]),
        "TableStatus": ACTIVE,
        "CreationDateTime": moment(now),
        "ProvisionedThroughput": throughput(parameters.get("ProvisionedThroughput")),
        "TableArn": arn,
        "TableId": str(uuid.uuid4()),
        "DeletionProtectionEnabled": bool(parameters.get("DeletionProtectionEnabled")),
    }
    if on_demand:
        told["BillingModeSummary"] = {
            "BillingMode": ON_DEMAND,
            "LastUpdateToPayPerRequestDateTime": moment(now),
        }
    if parameters.get("LocalSecondaryIndexes"):
        told["LocalSecondaryIndexes"] = [_local_index(index, arn) for index in parameters["LocalSecondaryIndexes"]]
    if parameters.get("GlobalSecondaryIndexes"):
        told["GlobalSecondaryIndexes"] = [global_index(index, arn) for index in parameters["GlobalSecondaryIndexes"]]
    if parameters.get("OnDemandThroughput"):
        told["OnDemandThroughput"] = dict(parameters["OnDemandThroughput"])
    if parameters.get("WarmThroughput"):
        told["WarmThroughput"] = {**ON_DEMAND_WARM, **parameters["WarmThroughput"], "Status": ACTIVE}
    if parameters.get("TableClass"):
        told["TableClassSummary"] = {"TableClass": parameters["TableClass"]}
    encryption = encryption_description(parameters.get("SSESpecification"), account, region)
    if encryption:
        told["SSEDescription"] = encryption
    return told


def sorted_definitions(definitions: Sequence[Mapping[str, str]]) -> list[Document]:
    kept = [{"AttributeName": entry["AttributeName"], "AttributeType": entry["AttributeType"]} for entry in definitions]
    return sorted(kept, key=lambda entry: entry["AttributeName"])


def key_schema(elements: Sequence[Mapping[str, str]]) -> list[Document]:
    return [{"AttributeName": element["AttributeName"], "KeyType": element["KeyType"]} for element in elements]


def throughput(units: Mapping[str, int] | None) -> Document:
    read, write = (units["ReadCapacityUnits"], units["WriteCapacityUnits"]) if units else (0, 0)
    return {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": read, "WriteCapacityUnits": write}


def _index(index: Mapping[str, Any], arn: str) -> Document:
    projection = {"ProjectionType": index["Projection"]["ProjectionType"]}
    if index["Projection"].get("NonKeyAttributes"):
        projection["NonKeyAttributes"] = sorted(index["Projection"]["NonKeyAttributes"])
    return {
        "IndexName": index["IndexName"],
        "KeySchema": key_schema(index["KeySchema"]),
        "Projection": projection,
        "IndexArn": f"{arn}/index/{index['IndexName']}",
    }


def _local_index(index: Mapping[str, Any], arn: str) -> Document:
    return _index(index, arn)


def global_index(index: Mapping[str, Any], arn: str) -> Document:
    told = _index(index, arn)
    told["IndexStatus"] = ACTIVE
    told["ProvisionedThroughput"] = throughput(index.get("ProvisionedThroughput"))
    for limit in ("OnDemandThroughput", "WarmThroughput"):
        if index.get(limit):
            told[limit] = dict(index[limit])
    return told


def encryption_description(specification: Mapping[str, Any] | None, account: str, region: str) -> Document | None:
    """SSEDescription; None where a key that DynamoDB itself owns encrypts the table, which nobody is told of."""
    if not specification or not specification.get("Enabled"):
        return None
    return {
        "Status": "ENABLED",
        "SSEType": "KMS",
        "KMSMasterKeyArn": _key_arn(specification.get("KMSMasterKeyId"), account, region),
    }


def _key_arn(key: str | None, account: str, region: str) -> str:
    if key and key.startswith("arn:"):
        return key
    if key is None or key == "alias/aws/dynamodb":
        key = str(uuid.uuid5(KMS_KEYS, f"{account}/{region}"))
    return f"arn:aws:kms:{region}:{account}:{key if key.startswith('alias/') else 'key/' + key}"


def prune_definitions(told: Document) -> None:
    """Keep the definitions of attributes that are keys of the table or of an index, as AWS does."""
    schemas = [told["KeySchema"]]
    for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        schemas += [index["KeySchema"] for index in told.get(member) or ()]
    used = {element["AttributeName"] for schema in schemas for element in schema}
    told["AttributeDefinitions"] = [entry for entry in told["AttributeDefinitions"] if entry["AttributeName"] in used]


# --- telling ----------------------------------------------------------------------------------------------------


def describe(store: Store, table: Table, *, warm: bool = False) -> Document:
    """A table's description with its counts; `warm` adds WarmThroughput, which only DescribeTable tells."""
    told = copy.deepcopy(dict(table.document["Table"]))
    _count(told, store.counts(table), "TableSizeBytes")
    for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        for index in told.get(member) or ():
            known = table.indexes.get(index["IndexName"])
            counts = store.counts(table, known) if known else Counts(0, 0)
            _count(index, counts, "IndexSizeBytes")
            if warm and member == "GlobalSecondaryIndexes":
                index["WarmThroughput"] = _warm(index, table.on_demand)
    if warm:
        told["WarmThroughput"] = _warm(told, table.on_demand)
    return told


def _count(told: Document, counts: Counts, size: str) -> None:
    told[size] = counts.bytes
    told["ItemCount"] = counts.items


def _warm(told: Document, on_demand: bool) -> Document:
    if told.get("WarmThroughput"):
        return {"Status": ACTIVE, **told["WarmThroughput"]}
    if on_demand:
        return {**ON_DEMAND_WARM, "Status": ACTIVE}
    units = told["ProvisionedThroughput"]
    return {
        "ReadUnitsPerSecond": units["ReadCapacityUnits"],
        "WriteUnitsPerSecond": units["WriteCapacityUnits"],
        "Status": ACTIVE,
    }
