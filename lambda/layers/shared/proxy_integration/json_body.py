"""JSON as DynamoDB's numbers want it: Decimal instead of float when read, int or float again when written."""

from __future__ import annotations

import base64
import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from boto3.dynamodb.types import Binary

# 10^308 is what a double holds, and so what JSON's readers agree on. The limit also keeps 1e999999999 from becoming an
# int of a billion digits.
MAX_EXPONENT = 308


def parse(text: str) -> Any:
    """The value of a JSON text. Raises ValueError for whatever RFC 8259 does not allow, and says where it is."""
    try:
        value = json.loads(text, parse_float=_decimal, parse_int=_int, parse_constant=_reject_constant)
        if "\\u" in text:
            # half of a surrogate pair can be escaped in JSON, but is no text that can be stored
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        raise ValueError("unpaired surrogate in a string") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def serialise(value: Any) -> str:
    """The JSON text of a value as boto3's DynamoDB resource gives it: a set becomes an array, binary becomes base64."""
    return json.dumps(value, default=_plain)


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("a number is out of range") from error
    if value.adjusted() > MAX_EXPONENT:
        raise ValueError("a number is out of range")
    return value


def _int(text: str) -> int:
    if len(text.lstrip("-")) > MAX_EXPONENT + 1:
        raise ValueError("a number is out of range")
    return int(text)


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case set():
            return sorted(value, key=str)
        case Binary() | bytes():
            binary: Any = value  # boto3's stubs do not know that a Binary gives its bytes
            return base64.b64encode(bytes(binary)).decode()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
