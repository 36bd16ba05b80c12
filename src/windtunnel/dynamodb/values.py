"""Attribute values: the wire's own dicts with one key, checked and normalised as DynamoDB does it.

Numbers are brought to canonical text, sets are checked for duplicates, binary stays base64 text. Sources: DynamoDB
Developer Guide, "Naming rules and data types", "Constraints"; messages: answers of AWS recorded in dynalite's tests.
"""

from __future__ import annotations

from typing import Any

type AttributeValue = dict[str, Any]
"""`{"S": "x"}`, `{"N": "1"}`, `{"M": {...}}`: one key, the type."""
type Item = dict[str, AttributeValue]

MAX_NESTING = 32


def check_item(item: dict[str, Any], *, where: str = "Item") -> Item:
    """The item as sent, normalised; raises DynamoDBError with AWS's message."""
    raise NotImplementedError


def check_value(value: dict[str, Any]) -> AttributeValue:
    """One value as sent, normalised; raises DynamoDBError with AWS's message."""
    raise NotImplementedError
