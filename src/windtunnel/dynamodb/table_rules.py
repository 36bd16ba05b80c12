"""May a table be made as CreateTable asks for it? Pure; raises DynamoDBError in AWS's words and order.

Messages and their order: recorded from AWS by dynalite's suite (test/createTable.js) and in the ack-api-quirks
catalogue of October 2026 (DDB-TABLE-123 to 129).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from windtunnel.dynamodb.errors import invalid_parameter, validation

MAX_LOCAL, MAX_GLOBAL = 5, 20
MAX_UNITS = 1_000_000_000_000
ON_DEMAND = "PAY_PER_REQUEST"
TABLE_CLASSES = ("STANDARD", "STANDARD_INFREQUENT_ACCESS")

type Parameters = Mapping[str, Any]


def check_definition(parameters: Parameters) -> None:
    """All of CreateTable's rules on a request of the right form."""
    on_demand = parameters.get("BillingMode") == ON_DEMAND
    check_throughput(parameters.get("ProvisionedThroughput"), on_demand)
    definitions = [entry["AttributeName"] for entry in parameters["AttributeDefinitions"]]
    _check_names(definitions)
    key_schema = parameters["KeySchema"]
    keys = _names(key_schema)
    if len(keys) > len(definitions):
        raise validation("Invalid KeySchema: Some index key attribute have no definition")
    _check_defined(keys, definitions)
    check_key_schema(key_schema)
    local, over_all = parameters.get("LocalSecondaryIndexes"), parameters.get("GlobalSecondaryIndexes")
    if local is None and over_all is None and len(keys) != len(definitions):
        raise invalid_parameter(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    _check_lists(local, over_all, key_schema)
    indexes = [*(local or ()), *(over_all or ())]
    for index in indexes:
        _check_defined(_names(index["KeySchema"]), definitions)
    _check_used(definitions, keys, indexes)
    names: set[str] = set()
    for index in local or ():
        check_local_index(index, key_schema)
        _check_new_name(index["IndexName"], names)
    if local and len(local) > MAX_LOCAL:
        raise invalid_parameter(f"Number of LocalSecondaryIndexes exceeds per-table limit of {MAX_LOCAL}")
    for index in over_all or ():
        check_global_index(index, on_demand)
        _check_new_name(index["IndexName"], names)
    if over_all and len(over_all) > MAX_GLOBAL:
        raise invalid_parameter(f"GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL}")
    _check_stream(parameters.get("StreamSpecification"))
    _check_on_demand_limits(parameters, on_demand)
    check_table_class(parameters.get("TableClass"))
    check_encryption(parameters.get("SSESpecification"))


def check_throughput(units: Mapping[str, int] | None, on_demand: bool) -> None:
    """A table's ProvisionedThroughput beside its billing mode."""
    if on_demand:
        if units:
            raise invalid_parameter(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        return
    if not units:
        raise invalid_parameter(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    check_bounds(units)


def check_bounds(units: Mapping[str, int]) -> None:
    for name in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if units[name] > MAX_UNITS:
            raise validation(f"Given value {units[name]} for {name} is out of bounds")


def check_key_schema(key_schema: Sequence[Mapping[str, str]]) -> None:
    """One HASH element, then at most one RANGE element, of different names."""
    names = _names(key_schema)
    if len(names) == 2 and names[0] == names[1]:
        raise validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if key_schema[0]["KeyType"] != "HASH":
        raise validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(names) == 2 and key_schema[1]["KeyType"] != "RANGE":
        raise validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def check_local_index(index: Mapping[str, Any], table_schema: Sequence[Mapping[str, str]]) -> None:
    name, key_schema = index["IndexName"], index["KeySchema"]
    check_key_schema(key_schema)
    if len(key_schema) != 2:
        raise invalid_parameter(f"Index KeySchema does not have a range key for index: {name}")
    index_hash, table_hash = key_schema[0]["AttributeName"], table_schema[0]["AttributeName"]
    if index_hash != table_hash:
        raise invalid_parameter(
            "Index KeySchema does not have the same leading hash key as table KeySchema for index: "
            f"{name}. index hash key: {index_hash}, table hash key: {table_hash}"
        )
    check_projection(index["Projection"])


def check_global_index(index: Mapping[str, Any], on_demand: bool) -> None:
    key_schema = index["KeySchema"]
    if len(key_schema) > 2 or [key["KeyType"] for key in key_schema] == ["HASH", "HASH"]:
        # AWS takes up to four of each since November 2025
        raise validation("windtunnel does not support index keys of several HASH or RANGE attributes yet")
    check_key_schema(key_schema)
    check_projection(index["Projection"])
    name, units = index["IndexName"], index.get("ProvisionedThroughput")
    if on_demand and units:
        raise invalid_parameter(
            f"ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        )
    if not on_demand:
        if not units:
            raise invalid_parameter(f"ProvisionedThroughput is not specified for index: {name}")
        check_bounds(units)


def check_projection(projection: Mapping[str, Any]) -> None:
    kind, included = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
    if kind is None:
        raise invalid_parameter("Unknown ProjectionType: null")
    if kind == "INCLUDE" and included is None:
        raise invalid_parameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    if kind != "INCLUDE" and included is not None:
        raise invalid_parameter(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    seen: set[str] = set()
    for name in included or ():
        if name in seen:
            raise invalid_parameter(f"Duplicate element in NonKeyAttributes: {name}")
        seen.add(name)


def check_table_class(table_class: str | None) -> None:
    if table_class is not None and table_class not in TABLE_CLASSES:
        raise validation(
            "Invalid table-class parameter provided. Please try again with a valid table-class value: "
            f"[{', '.join(TABLE_CLASSES)}]."
        )


def check_encryption(specification: Mapping[str, Any] | None) -> None:
    if specification is None:
        return
    kind, key = specification.get("SSEType"), specification.get("KMSMasterKeyId")
    if not specification.get("Enabled"):
        for name, value in (("SSEType", kind), ("KMSMasterKeyId", key)):
            if value is not None:
                raise invalid_parameter(f"{name} can not be specified if Enabled is false")
    if kind == "AES256":
        raise invalid_parameter("SSEType AES256 is not supported")
    if key is not None and kind is None:
        raise invalid_parameter("SSEType KMS is required if KMSMasterKeyId is specified")


# --- within a definition ----------------------------------------------------------------------------------------


def _names(key_schema: Sequence[Mapping[str, str]]) -> list[str]:
    return [element["AttributeName"] for element in key_schema]


def _check_names(definitions: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in definitions:
        if name in seen:
            raise validation(f"Attribute Name is duplicated: {name}")
        seen.add(name)


def _check_defined(keys: Sequence[str], definitions: Sequence[str]) -> None:
    if not set(keys) <= set(definitions):
        raise invalid_parameter(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(keys)}], AttributeDefinitions: [{', '.join(definitions)}]"
        )


def _check_used(definitions: Sequence[str], keys: Sequence[str], indexes: Sequence[Mapping[str, Any]]) -> None:
    used = list(dict.fromkeys([*keys, *(name for index in indexes for name in _names(index["KeySchema"]))]))
    if indexes and len(used) != len(definitions):
        raise invalid_parameter(
            f"Some AttributeDefinitions are not used. AttributeDefinitions: [{', '.join(definitions)}], "
            f"keys used: [{', '.join(used)}]"
        )


def _check_lists(
    local: Sequence[Any] | None, over_all: Sequence[Any] | None, key_schema: Sequence[Mapping[str, str]]
) -> None:
    if local is not None:
        if not local:
            raise invalid_parameter("List of LocalSecondaryIndexes is empty")
        if len(key_schema) != 2:
            raise invalid_parameter(
                "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
            )
    if over_all is not None and not over_all:
        raise invalid_parameter("List of GlobalSecondaryIndexes is empty")


def _check_new_name(name: str, names: set[str]) -> None:
    if name in names:
        raise invalid_parameter(f"Duplicate index name: {name}")
    names.add(name)


def _check_stream(specification: Mapping[str, Any] | None) -> None:
    if specification is None:
        return
    view = specification.get("StreamViewType")
    if specification["StreamEnabled"] and view is None:
        raise invalid_parameter("Table is being created with a stream enabled, UpdateViewType is required")
    if not specification["StreamEnabled"] and view is not None:
        raise invalid_parameter("Table is being created with a stream disabled, UpdateViewType should not be specified")


def _check_on_demand_limits(parameters: Parameters, on_demand: bool) -> None:
    owners = [("", parameters)]
    owners += [(index["IndexName"], index) for index in parameters.get("GlobalSecondaryIndexes") or ()]
    for name, owner in owners:
        for limit, value in (owner.get("OnDemandThroughput") or {}).items():
            if not on_demand:
                of, what = (f" for index: {name}", "") if name else ("", "table ")
                raise invalid_parameter(
                    f"{limit} for OnDemandThroughput{of} cannot be specified when {what}BillingMode is PROVISIONED."
                )
            if value is not None and value < 1 and (value != -1 or name):
                of = f"index : {name}" if name else "table"
                raise invalid_parameter(f"Requested {limit} for OnDemandThroughput for {of} is outside of valid range")
