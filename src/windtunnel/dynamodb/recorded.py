"""What DynamoDB was seen to do with requests beyond what its published model says, as data.

Sources: error messages recorded from AWS in dynalite's test suite (`REMOTE=1`) and in the ack-api-quirks catalogue
of October 2026; see the tests of validate.py.
"""

from __future__ import annotations

TABLE_NAME = (3, 255, "[a-zA-Z0-9_.-]+")
"""Length and pattern of a table's name where the model allows an ARN as well."""

COMPARISONS = (
    "IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE", "CONTAINS",
)  # fmt: skip

ENUM_ORDER: dict[str, tuple[str, ...]] = {
    "ScalarAttributeType": ("B", "N", "S"),
    "KeyType": ("HASH", "RANGE"),
    "BillingMode": ("PROVISIONED", "PAY_PER_REQUEST"),
    "ProjectionType": ("ALL", "INCLUDE", "KEYS_ONLY"),
    "ReturnConsumedCapacity": ("INDEXES", "TOTAL", "NONE"),
    "ReturnValue": ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
    "ReturnValuesOnConditionCheckFailure": ("ALL_OLD", "NONE"),
    "ReturnItemCollectionMetrics": ("SIZE", "NONE"),
    "ConditionalOperator": ("OR", "AND"),
    "ComparisonOperator": COMPARISONS,
    "Select": ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
    "ShardIteratorType": ("AFTER_SEQUENCE_NUMBER", "LATEST", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"),
}
"""An enumeration's values in the order in which messages list them."""

MEMBER_ORDER: dict[str, tuple[str, ...]] = {
    "CreateTableInput": (
        "AttributeDefinitions", "TableName", "BillingMode", "ProvisionedThroughput", "KeySchema",
        "LocalSecondaryIndexes", "GlobalSecondaryIndexes",
    ),
    "ProvisionedThroughput": ("WriteCapacityUnits", "ReadCapacityUnits"),
    "LocalSecondaryIndex": ("IndexName", "KeySchema", "Projection"),
    "GlobalSecondaryIndex": ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput"),
    "UpdateTableInput": ("TableName", "ProvisionedThroughput", "GlobalSecondaryIndexUpdates"),
    "GetItemInput": ("ReturnConsumedCapacity", "AttributesToGet", "TableName", "Key"),
    "PutItemInput": (
        "ReturnConsumedCapacity", "TableName", "Item", "ConditionalOperator", "Expected", "ReturnValues",
        "ReturnItemCollectionMetrics",
    ),
    "UpdateItemInput": (
        "ReturnConsumedCapacity", "TableName", "ReturnItemCollectionMetrics", "ReturnValues", "Key",
        "ConditionalOperator", "Expected", "AttributeUpdates",
    ),
    "DeleteItemInput": (
        "ReturnConsumedCapacity", "TableName", "ReturnItemCollectionMetrics", "ReturnValues", "Key",
        "ConditionalOperator", "Expected",
    ),
    "QueryInput": (
        "Limit", "ExclusiveStartKey", "KeyConditions", "ReturnConsumedCapacity", "AttributesToGet", "TableName",
        "Select", "IndexName",
    ),
    "ScanInput": (
        "Limit", "TotalSegments", "ReturnConsumedCapacity", "AttributesToGet", "Select", "TableName",
        "ExclusiveStartKey", "Segment", "ScanFilter", "IndexName",
    ),
    "BatchGetItemInput": ("ReturnConsumedCapacity", "RequestItems"),
    "BatchWriteItemInput": ("ReturnConsumedCapacity", "RequestItems", "ReturnItemCollectionMetrics"),
}  # fmt: skip
"""The members whose complaints come first, in their order; the others follow in the model's."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "CreateTableInput": ("AttributeDefinitions", "KeySchema"),
}
"""What the model leaves open for forms of the request that are not served here (a table from vector indexes or from a
replica), and the service asks for in the common form."""

LENGTHS: dict[str, tuple[int | None, int | None]] = {
    "CreateTableInput.KeySchema": (1, 2),
    "LocalSecondaryIndex.KeySchema": (1, 2),
    "GetItemInput.AttributesToGet": (1, 255),
    "QueryInput.AttributesToGet": (1, 255),
    "ScanInput.AttributesToGet": (1, 255),
    "KeysAndAttributes.AttributesToGet": (1, 255),
    # counted by the operation, with a message of its own
    "BatchGetItemInput.RequestItems": (1, None),
    "BatchWriteItemInput.RequestItems": (1, 25),
    # only a value that is used is looked at: an empty list says "no index"
    "Projection.NonKeyAttributes": (1, 20),
}
"""Lengths by place, where they differ from the model's."""

NAME_ASKED_FOR = frozenset(
    {"CreateTable", "UpdateTable", "DeleteTable", "DescribeTable", "UpdateTimeToLive", "DescribeTimeToLive"}
)
"""Operations that miss a table's name in words of their own."""

ITEMS_ASKED_FOR = frozenset({"BatchGetItem", "BatchWriteItem"})
"""The same of a batch's RequestItems, which must not be empty either."""
