"""Data access: any of the stack's tables, by boto3's own keyword arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import DecimalException
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError
from proxy_integration.errors import InvalidRequest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

# errors of DynamoDB's that the payload is the cause of
PAYLOAD_ERRORS = frozenset(
    {
        "ConditionalCheckFailedException",
        "ItemCollectionSizeLimitExceededException",
        "SerializationException",
        "ValidationException",
    }
)


class Tables:
    """The tables that a boto3 resource reaches."""

    def __init__(self, resource: DynamoDBServiceResource) -> None:
        self._resource = resource

    def call(self, table_name: str, method: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What the table's method returns, less what is about the HTTP exchange with DynamoDB.

        Raises InvalidRequest where boto3 or DynamoDB does not take the payload, with their reason.
        """
        self._check_form(method, payload)
        call: Callable[..., dict[str, Any]] = getattr(self._resource.Table(table_name), method)
        try:
            result = call(**payload)
        except ParamValidationError as error:
            report = "; ".join(str(error.kwargs["report"]).splitlines())
            raise InvalidRequest(f"Payload not valid for {method}: {report}") from error
        except DecimalException as error:
            raise InvalidRequest(
                f"Payload not valid for {method}: a number has more than DynamoDB's 38 digits, or is out of its range"
            ) from error
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code in PAYLOAD_ERRORS:
                raise InvalidRequest(f"{code}: {message}") from error
            raise
        return {name: value for name, value in result.items() if name != "ResponseMetadata"}

    def _check_form(self, method: str, payload: Mapping[str, Any]) -> None:
        """Check what boto3's resource takes for granted before botocore validates the rest."""
        meta = self._resource.meta.client.meta
        operation = meta.method_to_api_mapping[method]
        shape: Any = meta.service_model.operation_model(operation).input_shape
        for name, value in payload.items():
            member = shape.members.get(name)
            if member is None:
                raise InvalidRequest(f"Payload not valid for {method}: {operation} has no parameter {name!r}")
            if member.type_name == "map" and not isinstance(value, dict):
                raise InvalidRequest(f"Payload not valid for {method}: {name} must be an object")
