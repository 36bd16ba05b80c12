from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from jobs.job import Order
from jobs.order import parse_order
from proxy_integration.errors import InvalidRequest


@pytest.mark.parametrize("payload", [{"numbers": [1, Decimal("2.5")]}, {"numbers": []}])
def test_an_order_is_taken(payload: dict[str, Any]) -> None:
    document = {"kind": "describe-numbers", "payload": payload, "group": "customer-7"}

    assert parse_order(document) == Order("describe-numbers", payload, "customer-7")


def test_without_a_group_there_is_none() -> None:
    assert parse_order({"kind": "count-words", "payload": {"text": "a"}}).group is None


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({}, ["kind", "payload"]),
        ({"kind": "bake", "payload": {}}, ["kind"]),
        ({"kind": ["count-words"], "payload": []}, ["kind", "payload"]),
        ({"kind": "count-words", "payload": {"text": 5}}, ["payload.text"]),
        ({"kind": "count-words", "payload": {"text": "x" * 50_001}}, ["payload.text"]),
        ({"kind": "describe-numbers", "payload": {"numbers": [True]}}, ["payload.numbers"]),
        ({"kind": "describe-numbers", "payload": {"numbers": [10**12 + 1]}}, ["payload.numbers"]),
        ({"kind": "describe-numbers", "payload": {"numbers": [Decimal("1E-13")]}}, ["payload.numbers"]),
        ({"kind": "describe-numbers", "payload": {"numbers": [1] * 1001}}, ["payload.numbers"]),
        ({"kind": "count-words", "payload": {"text": "a"}, "group": "a b"}, ["group"]),
        (
            {"kind": "count-words", "payload": {"text": "a"}, "group": 7, "more": 1, "also": 2},
            ["group", "also", "more"],
        ),
    ],
)
def test_all_that_is_wrong_is_said_at_once(document: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_order(document)

    assert [error.field for error in raised.value.errors] == fields
