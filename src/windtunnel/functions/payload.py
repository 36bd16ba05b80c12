"""Whether a payload is JSON, and what AWS says of one that is not.

Lambda's front end is Java: its words are those of the Jackson parser, which names the place and keeps the source to
itself. Recorded: LocalStack's tests/aws/services/lambda_/test_lambda.snapshot.json,
test_lambda_invoke_payload_encoding_error (2025-11-24); alexcasalboni/aws-lambda-power-tuning issue 148 for tokens.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

EXPECTED = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
TOKEN = re.compile(r"[^\W\d][\w$]*")
PYTHONS = {
    "Expecting property name enclosed in double quotes": "was expecting double-quote to start field name",
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
    "Expecting ',' delimiter": "was expecting comma to separate entries",
    "Illegal trailing comma before end of object": "was expecting double-quote to start field name",
}
"""What Python's parser says, as Jackson says it."""


def fault(payload: bytes) -> str:
    """ "" for JSON; else what its parser says, without "Could not parse ..."."""
    try:
        json.loads(payload.decode(), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        return _not_utf8(payload, error.start)
    except json.JSONDecodeError as error:
        return _words(error.doc, error.pos, error.msg)
    except ValueError as error:
        constant = str(error)  # NaN and Infinity, which Python takes and JSON has not
        return _words(payload.decode(), payload.decode().index(constant), "")
    except RecursionError:
        return "Document nesting depth exceeds the maximum allowed" + _place("", 0)
    return ""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _not_utf8(payload: bytes, start: int) -> str:
    """Jackson reads byte by byte: what is no JSON before the byte that is no UTF-8, it finds first."""
    text = payload.decode(errors="surrogateescape")
    try:
        json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        token = TOKEN.match(text, error.pos)
        if not token or not _escaped(text, token.end()):
            return _words(text, error.pos, error.msg)
    except ValueError:
        pass
    before = payload[:start].decode()
    return f"Invalid UTF-8 start byte 0x{payload[start]:02x}" + _place(f"{before}?", len(before) + 1)


def _escaped(text: str, position: int) -> bool:
    """Whether a byte that is no UTF-8 stands there."""
    return text[position : position + 1] >= "\udc80"


def _words(text: str, position: int, pythons: str) -> str:
    if position >= len(text):
        return "Unexpected end-of-input" + _place(text, len(text))
    token = TOKEN.match(text, position) if pythons not in PYTHONS else None
    if token:
        # it has read the character after the token by then
        return f"Unrecognized token '{token[0]}': was expecting {EXPECTED}" + _place(
            text, min(token.end() + 1, len(text))
        )
    words = PYTHONS.get(pythons) or f"expected a valid value {EXPECTED}"
    return f"Unexpected character ({_character(text[position])}): {words}" + _place(text, position)


def _character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"(CTRL-CHAR, code {code})"
    return f"'{chr(code)}' (code {code})"


def _place(text: str, position: int) -> str:
    line, column = text.count("\n", 0, position) + 1, position - (text.rfind("\n", 0, position) + 1) + 1
    source = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
    return f"\n at [Source: {source}; line: {line}, column: {column}]"
