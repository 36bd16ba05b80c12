"""DynamoDB's numbers: 38 significant digits, magnitudes from 1e-130 up to 9.99...e+125, exact.

On the wire a number is text. Its canonical text is plain decimal notation without superfluous zeros: what DynamoDB
answers with, whatever was sent. Source: DynamoDB Developer Guide, "Naming rules and data types" (Number).
"""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, Rounded

from windtunnel.dynamodb.errors import validation

MAX_DIGITS = 38
MAX_EXPONENT = 125
"""Of the first significant digit: 9.9e125 is there, 1e126 is an overflow."""
MIN_EXPONENT = -130

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_EXPONENT_DIGITS = 10
"""Exponents of more digits than this are out of every range; Decimal itself gives up only at 19."""
_NOT_A_NUMBER = "The parameter cannot be converted to a numeric value"
_OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
_UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
_TOO_PRECISE = "Attempting to store more than 38 significant digits in a Number"


def _exact() -> Context:
    """Wide enough that a sum of two numbers of DynamoDB's is exact: 125 + 130 + 38 digits and a carry."""
    return Context(prec=400, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, Rounded])


def canonical(text: str) -> str:
    """The text DynamoDB keeps for a number as sent; raises its error for what is none, too large, small or precise."""
    if len(text) <= MAX_DIGITS and text.isascii() and text.isdigit() and (text[0] != "0" or text == "0"):
        return text
    return plain(parse(text))


def parse(text: str) -> Decimal:
    """The number that a text means, checked for range and precision."""
    if not text:
        raise validation(_NOT_A_NUMBER)
    if not _NUMBER.fullmatch(text):
        raise validation(f"{_NOT_A_NUMBER}: {text}")
    mantissa, _, exponent = text.lower().partition("e")
    if len(exponent.lstrip("+-0")) > _EXPONENT_DIGITS:
        if not mantissa.strip("+-.0"):
            return Decimal(0)
        raise validation(_UNDERFLOW if exponent[0] == "-" else _OVERFLOW)
    return check(Decimal(text))


def check(number: Decimal) -> Decimal:
    """The number, if DynamoDB can hold it; else its error."""
    if not number:
        return Decimal(0)
    exponent = number.adjusted()
    if exponent > MAX_EXPONENT:
        raise validation(_OVERFLOW)
    if exponent < MIN_EXPONENT:
        raise validation(_UNDERFLOW)
    if significant_digits(number) > MAX_DIGITS:
        raise validation(_TOO_PRECISE)
    return number


def significant_digits(number: Decimal) -> int:
    """Digits from the first to the last that is not zero; 0 for zero."""
    return len("".join(map(str, number.as_tuple().digits)).strip("0"))


def plain(number: Decimal) -> str:
    """Plain decimal notation without superfluous zeros."""
    if not number:
        return "0"
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def add(left: str, right: str) -> str:
    """The sum of two numbers in canonical text; raises where DynamoDB cannot hold it."""
    if len(left) < 19 and len(right) < 19 and "." not in left and "." not in right:
        return str(int(left) + int(right))
    return plain(check(_exact().add(Decimal(left), Decimal(right))))


def subtract(left: str, right: str) -> str:
    """The difference of two numbers in canonical text; raises where DynamoDB cannot hold it."""
    if len(left) < 19 and len(right) < 19 and "." not in left and "." not in right:
        return str(int(left) - int(right))
    return plain(check(_exact().subtract(Decimal(left), Decimal(right))))


def numeric_order(text: str) -> int | Decimal:
    """What to compare numbers in canonical text by; the dear Decimal only where an int will not do."""
    return Decimal(text) if "." in text else int(text)


def key_bytes(text: str) -> bytes:
    """Bytes whose unsigned order is the numeric order. `text`: canonical.

    A byte for the sign (0 negative, 1 zero, 2 positive), a byte for the exponent of the first digit, then two digits a
    byte. A negative number has exponent and digits complemented and 0xff at the end, for the longer one of two that
    begin alike is the smaller.
    """
    if text == "0":
        return b"\x01"
    negative = text[0] == "-"
    whole, _, fraction = (text[1:] if negative else text).partition(".")
    if whole == "0":
        digits = fraction.lstrip("0")
        exponent = len(digits) - len(fraction) - 1
    else:
        digits = (whole + fraction).rstrip("0")
        exponent = len(whole) - 1
    if len(digits) % 2:
        digits += "0"
    packed = bytes([exponent - MIN_EXPONENT, *[int(digits[at : at + 2]) + 1 for at in range(0, len(digits), 2)]])
    if negative:
        return b"\x00" + bytes(255 - byte for byte in packed) + b"\xff"
    return b"\x02" + packed
