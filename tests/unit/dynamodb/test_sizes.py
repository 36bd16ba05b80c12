from __future__ import annotations

from typing import Any

import pytest

from windtunnel.dynamodb import sizes
from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.values import check_value


# The bytes by which DynamoDB Local's room for another attribute shrank (an item may have 400 KB).
@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "a"}, 1),
        ({"S": ""}, 0),
        ({"S": "é"}, 2),
        ({"B": "YWI="}, 2),
        ({"B": ""}, 0),
        ({"N": "0"}, 1),
        ({"N": "1"}, 2),
        ({"N": "12"}, 2),
        ({"N": "123"}, 3),
        ({"N": "-1"}, 3),
        ({"N": "-123"}, 4),
        ({"N": "10"}, 2),
        ({"N": "100"}, 2),
        ({"N": "1000"}, 2),
        ({"N": "0.1"}, 2),
        ({"N": "0.01"}, 2),
        ({"N": "1.5"}, 3),
        ({"N": "12.5"}, 3),
        ({"N": "123.45"}, 4),
        ({"N": "1234.5"}, 4),
        ({"N": "1e100"}, 2),
        ({"N": "1e-100"}, 2),
        ({"N": "-1e125"}, 3),
        ({"N": "1" * 38}, 20),
        ({"N": "-" + "1" * 38}, 21),
        ({"N": "1" * 37}, 20),
        ({"NULL": True}, 1),
        ({"BOOL": True}, 1),
        ({"L": []}, 3),
        ({"L": [{"S": "a"}]}, 5),
        ({"L": [{"L": []}]}, 7),
        ({"M": {}}, 3),
        ({"M": {"a": {"S": "a"}}}, 6),
        ({"M": {"ab": {"S": "a"}, "c": {"N": "1"}}}, 11),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "23"]}, 4),
        ({"BS": ["YQ=="]}, 1),
    ],
)
def test_a_value_has_the_size_that_dynamodb_counts(value: dict[str, Any], size: int) -> None:
    assert sizes.value_size(check_value(value)) == size


def test_an_item_is_counted_with_its_names() -> None:
    assert sizes.item_size({"k": {"S": "pé"}, "ü": {"N": "1"}}) == 1 + 3 + 2 + 2


def test_an_item_of_400_kb_fits_and_one_byte_more_does_not() -> None:
    fits = {"a": {"S": "x" * (400 * 1024 - 1)}}

    assert sizes.check_item_size(fits) == 400 * 1024
    with pytest.raises(DynamoDBError, match=r"^Item size has exceeded the maximum allowed size$"):
        sizes.check_item_size({"ab": fits["a"]})
    # recorded by dynalite, test/updateItem.js
    with pytest.raises(DynamoDBError, match=r"^Item size to update has exceeded the maximum allowed size$"):
        sizes.check_item_size({"ab": fits["a"]}, updating=True)
