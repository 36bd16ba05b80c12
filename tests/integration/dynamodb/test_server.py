"""The wire: DynamoDB's JSON 1.0 over HTTP. Answers as dynalite (test/connection.js) recorded them from AWS."""

from __future__ import annotations

import http.client
import json
import zlib
from typing import Any
from urllib.parse import urlsplit

import pytest

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=123456789012/20261121/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
)
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Authorization": SIGNED,
}


type Changed = dict[str, str | None]


def ask(
    endpoint: str, body: bytes = b"{}", changed: Changed | None = None, *, method: str = "POST", path: str = "/"
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body; a header of None is left out."""
    sent = {**HEADERS, **(changed or {})}
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
    reply = connection.getresponse()
    answer = reply.read()
    connection.close()
    return reply.status, {name.lower(): value for name, value in reply.getheaders()}, answer


def test_an_answer_has_its_checksum_and_an_id(endpoint: str) -> None:
    status, headers, body = ask(endpoint)

    assert status == 200
    assert json.loads(body) == {"TableNames": []}
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert int(headers["x-amz-crc32"]) == zlib.crc32(body)
    assert len(headers["x-amzn-requestid"]) == 52
    assert headers["x-amzn-requestid"] != ask(endpoint)[1]["x-amzn-requestid"]


SERVICE, VALIDATE, OWN = "com.amazon.coral.service#", "com.amazon.coral.validate#", "com.amazonaws.dynamodb.v20120810#"


@pytest.mark.parametrize(
    ("changed", "body", "type_"),
    [
        ({"X-Amz-Target": "DynamoDB_20120810.Nothing"}, b"{}", f"{SERVICE}UnknownOperationException"),
        ({"X-Amz-Target": None}, b"{}", f"{SERVICE}UnknownOperationException"),
        ({"X-Amz-Target": "DynamoDB_20120810.ImportTable"}, b"{}", f"{SERVICE}UnknownOperationException"),
        ({}, b"{", f"{SERVICE}SerializationException"),
        ({}, b"", f"{SERVICE}SerializationException"),
        ({}, b"[]", f"{SERVICE}SerializationException"),
        ({}, b"\xff", f"{SERVICE}SerializationException"),
        ({}, b'{"Limit": NaN}', f"{SERVICE}SerializationException"),
        ({}, b"[" * 100_000, f"{SERVICE}SerializationException"),
        ({}, b'{"Limit": "x"}', f"{SERVICE}SerializationException"),
        ({"Authorization": None}, b"{}", f"{SERVICE}MissingAuthenticationTokenException"),
        ({"Authorization": "Basic x"}, b"{}", f"{SERVICE}MissingAuthenticationTokenException"),
        ({"Authorization": "AWS4-HMAC-SHA256 x"}, b"{}", f"{SERVICE}IncompleteSignatureException"),
        (
            {"Authorization": SIGNED.replace("/dynamodb/aws4_request", "")},
            b"{}",
            f"{SERVICE}IncompleteSignatureException",
        ),
        ({}, b'{"Limit": 0}', f"{VALIDATE}ValidationException"),
        (
            {"X-Amz-Target": "DynamoDB_20120810.GetItem"},
            b'{"TableName": "nowhere", "Key": {"id": {"S": "1"}}}',
            f"{OWN}ResourceNotFoundException",
        ),
    ],
)
def test_an_error_has_its_type(endpoint: str, changed: Changed, body: bytes, type_: str) -> None:
    status, headers, answer = ask(endpoint, body, changed)

    assert status == 400
    assert json.loads(answer)["__type"] == type_
    assert int(headers["x-amz-crc32"]) == zlib.crc32(answer)


def test_an_unknown_operation_has_no_message(endpoint: str) -> None:
    _, _, body = ask(endpoint, b"{}", {"X-Amz-Target": "DynamoDB_20120810.Nothing"})

    assert json.loads(body) == {"__type": f"{SERVICE}UnknownOperationException"}


@pytest.mark.parametrize(
    ("method", "headers"),
    [("PUT", {}), ("DELETE", {}), ("POST", {"Content-Type": "text/plain"})],
)
def test_what_is_no_call_is_told_so_in_xml(endpoint: str, method: str, headers: Changed) -> None:
    status, _, body = ask(endpoint, b"{}", headers, method=method)

    assert (status, body) == (404, b"<UnknownOperationException/>\n")


def test_a_get_is_told_that_all_is_well(endpoint: str) -> None:
    status, _, body = ask(endpoint, method="GET")

    assert status == 200
    assert body.startswith(b"healthy: ")


def test_a_presigned_request_has_its_caller_in_the_query(endpoint: str, dynamodb: Any, make_table: Any) -> None:
    table = make_table()
    credential = f"{dynamodb._request_signer._credentials.access_key}/20261121/us-east-1/dynamodb/aws4_request"
    query = f"/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential.replace('/', '%2F')}"

    _, _, body = ask(endpoint, b"{}", {"Authorization": None}, path=query)

    assert json.loads(body) == {"TableNames": [table]}


@pytest.mark.parametrize(
    ("credential", "account"),
    [
        ("123456789012", "123456789012"),
        ("AKIAIOSFODNN7EXAMPLE", "000000000000"),
        ("test", "000000000000"),
        ("with/slash", "000000000000"),
        ("12345678901", "000000000000"),
    ],
)
def test_an_access_key_of_12_digits_is_the_account(client_of: Any, credential: str, account: str) -> None:
    client = client_of(account=credential, region="ap-south-1")
    name = f"of-{len(credential)}"

    answer = client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.delete_table(TableName=name)

    assert answer["TableDescription"]["TableArn"] == f"arn:aws:dynamodb:ap-south-1:{account}:table/{name}"


def test_a_body_of_more_than_16_mb_is_too_large(endpoint: str) -> None:
    assert ask(endpoint, b" " * (16 * 1024 * 1024 + 1))[0] == 413


def test_bodies_that_come_in_pieces_are_put_together(endpoint: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    connection.request("POST", "/", iter([b"{", b'"Limit"', b": 1}"]), HEADERS)
    reply = connection.getresponse()

    assert reply.status == 200
    assert json.loads(reply.read())["TableNames"] == []
    connection.close()


def test_a_browser_may_ask_whether_it_may_ask(endpoint: str) -> None:
    status, headers, _ = ask(
        endpoint,
        b"",
        {
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Headers": "x-amz-target",
            "Access-Control-Request-Method": "POST",
        },
        method="OPTIONS",
    )

    assert status == 200
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-headers"] == "x-amz-target"
