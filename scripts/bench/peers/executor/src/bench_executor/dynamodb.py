"""DynamoDB from moto, which LocalStack carries: its own needs Java and a download."""

from typing import Any

from localstack.aws.api.dynamodb import DynamodbApi
from localstack.aws.api.dynamodbstreams import DynamodbstreamsApi
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service, aws_provider


class Dynamodb(DynamodbApi):
    service = "dynamodb"


class Dynamodbstreams(DynamodbstreamsApi):
    service = "dynamodbstreams"


@aws_provider(api="dynamodb", name="bench")
def dynamodb() -> Any:
    return Service.for_provider(Dynamodb(), dispatch_table_factory=MotoFallbackDispatcher)


@aws_provider(api="dynamodbstreams", name="bench")
def dynamodbstreams() -> Any:
    return Service.for_provider(Dynamodbstreams(), dispatch_table_factory=MotoFallbackDispatcher)
