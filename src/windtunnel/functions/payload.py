"""Whether a payload is JSON, and what AWS says of one that is not.

Lambda's front end is Java: its words are those of the Jackson parser. Recorded answers that the tests cite:
alexcasalboni/aws-lambda-power-tuning issue 148, ballerina-platform/module-ballerina-c2c issue 15, penkow/llama-lambda
issue 2, awsdocs/aws-lambda-developer-guide issue 382.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

EXPECTED = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
SHOWN = 500
"""Bytes of the payload that the message repeats."""
TOKEN = re.compile(r"[A-Za-z_$][\w$]*")


def fault(payload: bytes) -> str:
    """ "" for JSON; else what its parser says, without "Could not parse ..."."""
    try:
        json.loads(payload, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        words = f"Invalid UTF-8 start byte 0x{payload[error.start]:02x}"
        return words + _source(payload, 1, error.start + 1)
    except ValueError as error:
        return _words(payload, getattr(error, "pos", 0))
    return ""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity, which Python takes and JSON has not


def _words(payload: bytes, position: int) -> str:
    text = payload.decode(errors="replace")
    line, column = text.count("\n", 0, position) + 1, position - (text.rfind("\n", 0, position) + 1) + 1
    if position >= len(text):
        return "Unexpected end-of-input" + _source(payload, line, column)
    token = TOKEN.match(text, position)
    if token:
        column += len(token[0]) + 1
        return f"Unrecognized token '{token[0]}': was expecting {EXPECTED}" + _source(payload, line, column)
    words = f"Unexpected character ('{text[position]}' (code {ord(text[position])})): expected a valid value {EXPECTED}"
    return words + _source(payload, line, column + 1)


def _source(payload: bytes, line: int, column: int) -> str:
    shown = payload[:SHOWN].decode(errors="replace")
    cut = f"[truncated {len(payload) - SHOWN} bytes]" if len(payload) > SHOWN else ""
    return f'\n at [Source: (byte[])"{shown}"{cut}; line: {line}, column: {column}]'
