"""A table as the engine sees it: frozen values read off the JSON document that the store keeps of it.

The document has AWS's own shapes. `document["Table"]` is the TableDescription (DescribeTable's answer) but for what is
counted or made up at reading: ItemCount, TableSizeBytes, IndexSizeBytes. Other keys of the document belong to whoever
sets them: "TimeToLive" (TimeToLiveDescription), "ContinuousBackups", "Tags" and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class KeySchema:
    """The key attributes of a table or an index, and their types (S, N or B)."""

    hash: str
    hash_type: str
    range: str | None = None
    range_type: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.hash,) if self.range is None else (self.hash, self.range)

    @property
    def typed(self) -> tuple[tuple[str, str], ...]:
        """Name and type of each, the hash key's first."""
        if self.range is None or self.range_type is None:
            return ((self.hash, self.hash_type),)
        return ((self.hash, self.hash_type), (self.range, self.range_type))

    @property
    def types(self) -> Mapping[str, str]:
        return dict(self.typed)


@dataclass(frozen=True, slots=True)
class Throughput:
    """Provisioned capacity units a second; (0, 0) where they are paid by the request."""

    read: int = 0
    write: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index."""

    name: str
    key: KeySchema
    projection: str
    """ALL, KEYS_ONLY or INCLUDE."""
    included: tuple[str, ...]
    """The non-key attributes of INCLUDE."""
    is_global: bool
    status: str
    throughput: Throughput


@dataclass(frozen=True, slots=True)
class Stream:
    """The stream that a table's changes go to."""

    arn: str
    view_type: str
    """KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `id` is the store's own number of it: a table that is made anew under the same name has another."""

    id: int
    account: str
    region: str
    name: str
    key: KeySchema
    indexes: Mapping[str, Index]
    on_demand: bool
    throughput: Throughput
    stream: Stream | None
    """The stream that is enabled now."""
    history: bool
    """Whether point-in-time recovery keeps what is overwritten."""
    status: str
    document: Mapping[str, Any]
    """Not to be changed in place: copy it, and give the copy to Store.update_table()."""

    @property
    def arn(self) -> str:
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.name}"

    @property
    def local_indexes(self) -> bool:
        return any(not index.is_global for index in self.indexes.values())

    @classmethod
    def of(cls, number: int, account: str, region: str, document: Mapping[str, Any]) -> Table:
        """The typed view of a document."""
        told = document["Table"]
        types = {entry["AttributeName"]: entry["AttributeType"] for entry in told["AttributeDefinitions"]}
        indexes = [
            _index(entry, types, is_global)
            for member, is_global in (("LocalSecondaryIndexes", False), ("GlobalSecondaryIndexes", True))
            for entry in told.get(member) or ()
        ]
        billing = told.get("BillingModeSummary") or {}
        backups = document.get("ContinuousBackups") or {}
        recovery = backups.get("PointInTimeRecoveryDescription") or {}
        return cls(
            id=number,
            account=account,
            region=region,
            name=told["TableName"],
            key=_key_schema(told["KeySchema"], types),
            indexes=MappingProxyType({index.name: index for index in indexes}),
            on_demand=billing.get("BillingMode") == "PAY_PER_REQUEST",
            throughput=_throughput(told),
            stream=_stream(told),
            history=recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
            status=told.get("TableStatus", ACTIVE),
            document=document,
        )


def _key_schema(entries: list[dict[str, str]], types: Mapping[str, str]) -> KeySchema:
    names = {entry["KeyType"]: entry["AttributeName"] for entry in entries}
    range_name = names.get("RANGE")
    return KeySchema(names["HASH"], types[names["HASH"]], range_name, types[range_name] if range_name else None)


def _throughput(told: Mapping[str, Any]) -> Throughput:
    units = told.get("ProvisionedThroughput") or {}
    return Throughput(int(units.get("ReadCapacityUnits") or 0), int(units.get("WriteCapacityUnits") or 0))


def _stream(told: Mapping[str, Any]) -> Stream | None:
    specification = told.get("StreamSpecification") or {}
    if not specification.get("StreamEnabled"):
        return None
    return Stream(told["LatestStreamArn"], specification["StreamViewType"])


def _index(told: Mapping[str, Any], types: Mapping[str, str], is_global: bool) -> Index:
    projection = told["Projection"]
    return Index(
        name=told["IndexName"],
        key=_key_schema(told["KeySchema"], types),
        projection=projection["ProjectionType"],
        included=tuple(projection.get("NonKeyAttributes") or ()),
        is_global=is_global,
        status=told.get("IndexStatus", ACTIVE),
        throughput=_throughput(told),
    )
