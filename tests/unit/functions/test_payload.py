"""Recorded: test_lambda_invoke_payload_encoding_error in LocalStack's test_lambda.snapshot.json (of AWS, late in 2025);
alexcasalboni/aws-lambda-power-tuning issue 148 (the place of a token, with the source shown then).
"""

from __future__ import annotations

import pytest

from windtunnel.functions.payload import fault

VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def place(column: int, line: int = 1) -> str:
    source = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
    return f"\n at [Source: {source}; line: {line}, column: {column}]"


@pytest.mark.parametrize(
    "payload", [b"{}", b'"x"', b" 1 ", b"null", '{"é": "\\ud83d"}'.encode(), b"[" * 50 + b"]" * 50]
)
def test_json_has_no_fault(payload: bytes) -> None:
    assert fault(payload) == ""


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt", "Invalid UTF-8 start byte 0x87" + place(3)),
        (
            b"\x99\xeb,j\x07\xa1zYh",
            f"Unexpected character ((CTRL-CHAR, code 153)): expected a valid value {VALUES}" + place(1),
        ),
        (b"test data", f"Unrecognized token 'test': was expecting {VALUES}" + place(6)),
        (b"'test'", f"Unexpected character (''' (code 39)): expected a valid value {VALUES}" + place(1)),
    ],
)
def test_a_fault_has_the_recorded_words(payload: bytes, words: str) -> None:
    assert fault(payload) == words


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "Unexpected end-of-input" + place(1)),
        (b'{"a": ', "Unexpected end-of-input" + place(7)),
        (b"NaN", f"Unrecognized token 'NaN': was expecting {VALUES}" + place(4)),
        (b'"\xff"', "Invalid UTF-8 start byte 0xff" + place(3)),
        (b"{a: 1}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name" + place(2)),
        (b'{\n"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value"
         + place(5, 2)),
    ],
)  # fmt: skip
def test_other_faults_are_told_with_their_place(payload: bytes, words: str) -> None:
    assert fault(payload) == words


def test_a_payload_without_a_bottom_is_a_fault() -> None:
    assert "nesting" in fault(b"[" * 1_000_000)
