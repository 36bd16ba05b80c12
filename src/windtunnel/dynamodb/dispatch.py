"""Which function answers which operation. What is not listed is answered with UnknownOperationException."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.operations.batch_execute_statement import batch_execute_statement
from windtunnel.dynamodb.operations.batch_get_item import batch_get_item
from windtunnel.dynamodb.operations.batch_write_item import batch_write_item
from windtunnel.dynamodb.operations.create_backup import create_backup
from windtunnel.dynamodb.operations.create_table import create_table
from windtunnel.dynamodb.operations.delete_backup import delete_backup
from windtunnel.dynamodb.operations.delete_item import delete_item
from windtunnel.dynamodb.operations.delete_resource_policy import delete_resource_policy
from windtunnel.dynamodb.operations.delete_table import delete_table
from windtunnel.dynamodb.operations.describe_backup import describe_backup
from windtunnel.dynamodb.operations.describe_continuous_backups import describe_continuous_backups
from windtunnel.dynamodb.operations.describe_endpoints import describe_endpoints
from windtunnel.dynamodb.operations.describe_limits import describe_limits
from windtunnel.dynamodb.operations.describe_stream import describe_stream
from windtunnel.dynamodb.operations.describe_table import describe_table
from windtunnel.dynamodb.operations.describe_time_to_live import describe_time_to_live
from windtunnel.dynamodb.operations.execute_statement import execute_statement
from windtunnel.dynamodb.operations.execute_transaction import execute_transaction
from windtunnel.dynamodb.operations.get_item import get_item
from windtunnel.dynamodb.operations.get_records import get_records
from windtunnel.dynamodb.operations.get_resource_policy import get_resource_policy
from windtunnel.dynamodb.operations.get_shard_iterator import get_shard_iterator
from windtunnel.dynamodb.operations.list_backups import list_backups
from windtunnel.dynamodb.operations.list_streams import list_streams
from windtunnel.dynamodb.operations.list_tables import list_tables
from windtunnel.dynamodb.operations.list_tags_of_resource import list_tags_of_resource
from windtunnel.dynamodb.operations.put_item import put_item
from windtunnel.dynamodb.operations.put_resource_policy import put_resource_policy
from windtunnel.dynamodb.operations.query import query
from windtunnel.dynamodb.operations.restore_table_from_backup import restore_table_from_backup
from windtunnel.dynamodb.operations.restore_table_to_point_in_time import restore_table_to_point_in_time
from windtunnel.dynamodb.operations.scan import scan
from windtunnel.dynamodb.operations.tag_resource import tag_resource
from windtunnel.dynamodb.operations.transact_get_items import transact_get_items
from windtunnel.dynamodb.operations.transact_write_items import transact_write_items
from windtunnel.dynamodb.operations.untag_resource import untag_resource
from windtunnel.dynamodb.operations.update_continuous_backups import update_continuous_backups
from windtunnel.dynamodb.operations.update_item import update_item
from windtunnel.dynamodb.operations.update_table import update_table
from windtunnel.dynamodb.operations.update_time_to_live import update_time_to_live

Operation = Callable[[Call], Answer]

DYNAMODB: Mapping[str, Operation] = MappingProxyType(
    {
        # items
        "BatchGetItem": batch_get_item,
        "BatchWriteItem": batch_write_item,
        "DeleteItem": delete_item,
        "GetItem": get_item,
        "PutItem": put_item,
        "Query": query,
        "Scan": scan,
        "TransactGetItems": transact_get_items,
        "TransactWriteItems": transact_write_items,
        "UpdateItem": update_item,
        # tables
        "CreateTable": create_table,
        "DeleteTable": delete_table,
        "DescribeEndpoints": describe_endpoints,
        "DescribeLimits": describe_limits,
        "DescribeTable": describe_table,
        "DescribeTimeToLive": describe_time_to_live,
        "ListTables": list_tables,
        "ListTagsOfResource": list_tags_of_resource,
        "TagResource": tag_resource,
        "UntagResource": untag_resource,
        "UpdateTable": update_table,
        "UpdateTimeToLive": update_time_to_live,
        # PartiQL
        "BatchExecuteStatement": batch_execute_statement,
        "ExecuteStatement": execute_statement,
        "ExecuteTransaction": execute_transaction,
        # backups and policies
        "CreateBackup": create_backup,
        "DeleteBackup": delete_backup,
        "DeleteResourcePolicy": delete_resource_policy,
        "DescribeBackup": describe_backup,
        "DescribeContinuousBackups": describe_continuous_backups,
        "GetResourcePolicy": get_resource_policy,
        "ListBackups": list_backups,
        "PutResourcePolicy": put_resource_policy,
        "RestoreTableFromBackup": restore_table_from_backup,
        "RestoreTableToPointInTime": restore_table_to_point_in_time,
        "UpdateContinuousBackups": update_continuous_backups,
    }
)
STREAMS: Mapping[str, Operation] = MappingProxyType(
    {
        "DescribeStream": describe_stream,
        "GetRecords": get_records,
        "GetShardIterator": get_shard_iterator,
        "ListStreams": list_streams,
    }
)

TARGETS: Mapping[bytes, tuple[str, Operation]] = MappingProxyType(
    {f"DynamoDB_20120810.{name}".encode(): (name, operation) for name, operation in DYNAMODB.items()}
    | {f"DynamoDBStreams_20120810.{name}".encode(): (name, operation) for name, operation in STREAMS.items()}
)
"""By the X-Amz-Target header."""
