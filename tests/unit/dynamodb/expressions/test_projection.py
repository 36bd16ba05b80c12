from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.expressions.projection import Projection, of_attributes, parse_projection
from windtunnel.dynamodb.values import Item

ITEM: Item = {
    "k": {"S": "1"},
    "l": {"L": [{"S": str(number)} for number in range(5)]},
    "m": {"M": {"a": {"S": "x"}, "b": {"L": [{"M": {"q": {"S": "1"}, "w": {"S": "2"}}}, {"S": "z"}]}}},
    "s": {"S": "x"},
}


def parsed(text: str) -> Projection:
    return parse_projection(text, Placeholders({"#k": "k", "#m": "m", "#s": "size"}))


def texts(*elements: str) -> dict[str, Any]:
    return {"L": [{"S": element} for element in elements]}


# DynamoDB Local's answers.
@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("k", {"k": {"S": "1"}}),
        ("#k,s", {"k": {"S": "1"}, "s": {"S": "x"}}),
        ("nothing", {}),
        ("l[2],l[0]", {"l": texts("0", "2")}),
        ("l[3], l[1] , l[4]", {"l": texts("1", "3", "4")}),
        ("l[9]", {}),
        ("m.zz", {}),
        ("s.a", {}),
        ("l[0].a", {}),
        ("l.a", {}),
        ("m[0]", {}),
        ("m.a, m.b[0].q", {"m": {"M": {"a": {"S": "x"}, "b": {"L": [{"M": {"q": {"S": "1"}}}]}}}}),
        ("m.b[0].w, #m.b[0].q", {"m": {"M": {"b": {"L": [{"M": {"w": {"S": "2"}, "q": {"S": "1"}}}]}}}}),
        ("m.b[1], m.b[0].q", {"m": {"M": {"b": {"L": [{"M": {"q": {"S": "1"}}}, {"S": "z"}]}}}}),
        ("m.b", {"m": {"M": {"b": ITEM["m"]["M"]["b"]}}}),
    ],
)
def test_a_projection_chooses(text: str, chosen: Item) -> None:
    assert parsed(text).apply(ITEM) == chosen


# DynamoDB Local's answers.
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The expression can not be empty;"),
        ("k,", 'Syntax error; token: "<EOF>", near: ","'),
        (",k", 'Syntax error; token: ",", near: ",k"'),
        ("k k", 'Syntax error; token: "k", near: "k k"'),
        ("(k)", 'Syntax error; token: "(", near: "(k"'),
        ("size(k)", 'Syntax error; token: "(", near: "size(k"'),
        ("NOT", 'Syntax error; token: "NOT", near: "NOT"'),
        ("name", "Attribute name is a reserved keyword; reserved keyword: name"),
        ("m.#a", "An expression attribute name used in the document path is not defined; attribute name: #a"),
        ("l[99999999999]", "List index is not within the allowable range; index: [99999999999]"),
        (".".join("a" * 33), "The document path has too many nesting levels; nesting levels: 33"),
        (
            "k,k",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [k], path two: [k]",
        ),
        (
            "m.a, m[0]",
            "Two document paths conflict with each other; must remove or rewrite one of these paths; "
            "path one: [m, a], path two: [m, [0]]",
        ),
    ],
)
def test_a_mistake_is_told_in_dynamodbs_words(text: str, message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        parsed(text)

    assert caught.value.message == f"Invalid ProjectionExpression: {message}"


def test_nothing_is_inside_a_key() -> None:
    parsed("k, m.a").check_keys(("k",))

    with pytest.raises(DynamoDBError, match=r"Key attributes must be scalars.*Key: k$"):
        parsed("s, k[0]").check_keys(("k",))


def test_attributes_to_get_are_whole_attributes() -> None:
    assert of_attributes(["s", "m.a"]).apply(ITEM | {"m.a": {"N": "1"}}) == {"s": {"S": "x"}, "m.a": {"N": "1"}}

    with pytest.raises(DynamoDBError, match=r"^Empty attribute name$"):
        of_attributes(["a", ""])
    # dynalite's test/getItem.js, recorded from AWS
    with pytest.raises(DynamoDBError) as caught:
        of_attributes(["b", "a", "a"])
    assert caught.value.message == ("One or more parameter values were invalid: Duplicate value in attribute name: a")


names = st.sampled_from("abcdef")


@given(st.dictionaries(names, st.text().map(lambda text: {"S": text})), st.sets(names, min_size=1))
def test_top_level_names_choose_what_there_is(item: Item, chosen: set[str]) -> None:
    projection = parse_projection(", ".join(sorted(chosen)), Placeholders())

    assert projection.apply(item) == {name: value for name, value in item.items() if name in chosen}
    assert projection.apply(projection.apply(item)) == projection.apply(item)
