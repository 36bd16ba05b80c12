from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.expressions.condition import Condition, parse_condition
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.expressions.reserved import RESERVED_WORDS
from windtunnel.dynamodb.values import Item

NAMES = {"#a": "a", "#n": "name", "#m": "m"}
VALUES: dict[str, dict[str, Any]] = {
    ":one": {"N": "1"},
    ":two": {"N": "2.0"},
    ":s": {"S": "abc"},
    ":a": {"S": "a"},
    ":b": {"S": "b"},
    ":bin": {"B": "YWI="},
    ":bool": {"BOOL": True},
    ":null": {"NULL": True},
    ":ss": {"SS": ["b", "a"]},
    ":ns": {"NS": ["1"]},
    ":l": {"L": [{"S": "x"}, {"N": "2.0"}]},
    ":m": {"M": {}},
    ":S": {"S": "S"},
    ":foo": {"S": "foo"},
}
ITEM: Item = {
    "a": {"N": "1"},
    "s": {"S": "abc"},
    "e": {"S": "é😀"},
    "b": {"B": "YWJj"},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "l": {"L": [{"S": "x"}, {"N": "2"}]},
    "m": {"M": {"a": {"S": "x"}, "l": {"L": [{"M": {"q": {"N": "1"}}}]}}},
    "t": {"BOOL": True},
    "z": {"NULL": True},
    "name": {"S": "n"},
}
MANY = " AND ".join(["a = :one"] * 150)


def parsed(text: str) -> Condition:
    return parse_condition(text, Placeholders(NAMES, VALUES))


def mistake(text: str) -> str:
    with pytest.raises(DynamoDBError) as caught:
        parsed(text)
    assert caught.value.code == "ValidationException"
    prefix, _, message = caught.value.message.partition(": ")
    assert prefix == "Invalid ConditionExpression"
    return message


# DynamoDB Local's answers, of which none is known to differ from AWS's.
@pytest.mark.parametrize(
    "text",
    [
        "a = :one",
        ":one = a",
        "#a = :one",
        "a <> :two",
        "a < :two",
        "a <= :one",
        "a >= :one",
        ":two > a",
        "s > :a",
        "s <> a",
        "b < :bin OR b > :bin",
        "a BETWEEN :one AND :two",
        "s BETWEEN :a AND :b",
        "a BETWEEN a.b AND :two OR a = :one",
        "a IN (:s, :one)",
        "l = :l",
        "ss = :ss",
        "z = :null",
        "t = :bool",
        "nothing <> :one",
        "nothing <> s",
        "s <> nothing",
        "nothing <> w",
        "NOT nothing = :one",
        "NOT nothing < :one",
        "NOT nothing IN (:one)",
        "NOT (nothing = w)",
        "NOT a < nothing",
        "NOT t < s",
        "NOT s < a",
        "NOT a < :s",
        "size(s) = :three OR size(ss) = :two",
        "size(e) > :two",
        "size(b) > :two",
        "size(l) = :two",
        "size(m) = :two",
        "size(a) <> :one",
        "NOT size(nothing) = :one",
        "NOT size(a) = size(a)",
        "attribute_exists(a)",
        "attribute_exists(m.l[0].q)",
        "attribute_exists(#m.#a)",
        "attribute_not_exists(nothing)",
        "attribute_not_exists(m.a.b)",
        "attribute_not_exists(l[2])",
        "attribute_not_exists(m.zz.q[0])",
        "attribute_not_exists(s[0])",
        "attribute_type(s, :S)",
        "NOT attribute_type(a, :S)",
        "NOT attribute_type(nothing, :S)",
        "begins_with(s, :a)",
        "begins_with(b, :bin)",
        "NOT begins_with(s, :bin)",
        "NOT begins_with(b, :a)",
        "NOT begins_with(a, :a)",
        "NOT begins_with(nothing, :a)",
        "contains(s, :b)",
        "contains(b, :bin)",
        "contains(ss, :a)",
        "contains(ns, :two)",
        "contains(l, :two)",
        "contains(:l, l[0])",
        "NOT contains(ss, :ss)",
        "NOT contains(m, :a)",
        "NOT contains(a, :one)",
        "NOT contains(nothing, :one)",
        "NOT contains(s, :one)",
        "a = :one AND s = :s OR a = :two",
        "a = :two OR a = :one AND s = :s",
        "NOT a = :two AND s = :s",
        "NOT (a = :two AND s = :s)",
        "(a = :one)",
        "(a) = (:one)",
        "((a = :one) OR a = :two) AND s = :s",
        "a = :one AND s = :s AND t = :bool",
        "a = :two OR s = :a OR t = :bool",
        "a = :one\n\tAND\rs=:s",
        "m . l [ 0 ] . q = :one",
        MANY,
        "NOT " * 298 + "a = :one",
    ],
)
def test_what_holds(text: str) -> None:
    condition = parse_condition(text, Placeholders(NAMES, VALUES | {":three": {"N": "3"}}))

    assert condition.matches(ITEM) is True


@pytest.mark.parametrize(
    "text",
    [
        "a = :two",
        "a = s",
        "a < :one",
        "a IN (nothing, :two)",
        "a = :one AND a = :two",
        "a = :two OR s = :a OR a = s",
        "a = :two AND s = :s AND t = :bool",
        "NOT a = :one",
        "nothing = w",
        "a BETWEEN :two AND :two",
        "contains(ns, :s)",
        "size(:s) = :one",
        "nothing IN (w)",
        "a > l",
    ],
)
def test_what_does_not_hold(text: str) -> None:
    assert parsed(text).matches(ITEM) is False


# DynamoDB Local's answers; the lists of type names as recorded from AWS in dynalite's tests.
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The expression can not be empty;"),
        ("   ", 'Syntax error; token: "<EOF>", near: "   "'),
        ("a", 'Syntax error; token: "<EOF>", near: "a"'),
        ("a = ", 'Syntax error; token: "<EOF>", near: "= "'),
        ("  = a", 'Syntax error; token: "=", near: "  = a"'),
        ("a == :one", 'Syntax error; token: "=", near: "== :one"'),
        ("a b $", 'Syntax error; token: "b", near: "a b $"'),
        ("a = :one b", 'Syntax error; token: "b", near: ":one b"'),
        ("a != :one", 'Syntax error; token: "!", near: "a !="'),
        ("a = 1", 'Syntax error; token: "1", near: "= 1"'),
        ("a = 'x'", 'Syntax error; token: "\'", near: "= \'x"'),
        ("é = :one", 'Syntax error; token: "é", near: "é ="'),
        ("_a = :one", 'Syntax error; token: "_", near: "_a"'),
        ("# = :one", 'Syntax error; token: "#", near: "# ="'),
        ("a[01] = :one", 'Syntax error; token: "1", near: "01]"'),
        ("a[b] = :one", 'Syntax error; token: "b", near: "[b]"'),
        ("a[1 = :one", 'Syntax error; token: "=", near: "1 = :one"'),
        ("a..b = :one", 'Syntax error; token: ".", near: "..b"'),
        ("a.in = :one", 'Syntax error; token: "in", near: ".in ="'),
        ("set = :one", 'Syntax error; token: "set", near: "set ="'),
        ("(a = :one", 'Syntax error; token: "<EOF>", near: ":one"'),
        ("a = :one)", 'Syntax error; token: ")", near: ":one)"'),
        ("a = :one AND b)", 'Syntax error; token: ")", near: "b)"'),
        ("a = :one OR NOT b = :one)", 'Syntax error; token: ")", near: ":one)"'),
        ("a)", 'Syntax error; token: ")", near: "a)"'),
        ("(a) AND b = :one", 'Syntax error; token: "AND", near: ") AND b"'),
        ("(a = :one) = :one", 'Syntax error; token: "=", near: ") = :one"'),
        ("a = (b = :one)", 'Syntax error; token: "=", near: "b = :one"'),
        ("(NOT) a", 'Syntax error; token: ")", near: "NOT) a"'),
        ("a IN ()", 'Syntax error; token: ")", near: "()"'),
        ("a IN :one", 'Syntax error; token: ":one", near: "IN :one"'),
        ("a BETWEEN :one", 'Syntax error; token: "<EOF>", near: ":one"'),
        ("#a(b)", 'Syntax error; token: "(", near: "#a(b"'),
        ("contains(a b)", 'Syntax error; token: "b", near: "a b)"'),
        ("((a = :one)) b", "The expression has redundant parentheses;"),
        ("((a)) = :one", "The expression has redundant parentheses;"),
        ("a = ((:one))", "The expression has redundant parentheses;"),
        ("NOT ((contains(a, :one)))", "The expression has redundant parentheses;"),
        ("contains(((a)), :one) AND foo(a)", "The expression has redundant parentheses;"),
        ("((a))", 'Syntax error; token: "<EOF>", near: ")"'),
        ("contains(((a)), :one b", 'Syntax error; token: "b", near: ":one b"'),
        ("name = :one AND foo(a)", "Attribute name is a reserved keyword; reserved keyword: name"),
        ("foo(a) AND name = :one", "Invalid function name; function: foo"),
        ("Size(a) = :one", "Invalid function name; function: Size"),
        ("list_append(a, b)", "The function is not allowed in a condition expression; function: list_append"),
        ("size(a)", "The function is not allowed to be used this way in an expression; function: size"),
        (
            "attribute_exists(a) = :one",
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        ("a[99999999999] = :one", "List index is not within the allowable range; index: [99999999999]"),
        (
            ".".join("a" * 33) + " = :nothing",
            "The document path has too many nesting levels; nesting levels: 33",
        ),
        ("a" * 4091 + " = :one", "Expression size has exceeded the maximum allowed size; expression size: 4098"),
        ("é" * 2049, "Expression size has exceeded the maximum allowed size; expression size: 4098"),
        (MANY + " AND a = :one", "The expression contains too many operators; operator count: 301"),
        ("NOT " * 300 + "a = :one", "The expression contains too many operators; operator count: 301"),
        (
            " AND ".join(["attribute_exists(a)"] * 151),
            "The expression contains too many operators; operator count: 301",
        ),
        (
            "size(" * 302 + "a" + ")" * 302 + " = :one",
            "The expression contains too many operators; operator count: 301",
        ),
        (
            MANY + " AND a = a",
            "The first operand must be distinct from the remaining operands for this operator or "
            "function; operator: =, first operand: [a]",
        ),
        ("a.#z = :one", "An expression attribute name used in the document path is not defined; attribute name: #z"),
        ("#z = :one", "An expression attribute name used in the document path is not defined; attribute name: #z"),
        ("a = :z", "An expression attribute value used in expression is not defined; attribute value: :z"),
        (
            "m.l[0] IN (:one, m.l[0])",
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: IN, first operand: [m, l, [0]]",
        ),
        (
            "contains(a, a)",
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: contains, first operand: [a]",
        ),
        (
            "a IN (" + ", ".join([":one"] * 101) + ")",
            "The IN operator is provided with too many operands; number of operands: 101",
        ),
        (
            "a < :ss",
            "Incorrect operand type for operator or function; operator or function: <, operand type: SS",
        ),
        (
            "a BETWEEN a AND :bool",
            "Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: BOOL",
        ),
        (
            "a BETWEEN :one AND :s",
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: "
            "AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:abc}",
        ),
        (
            "a BETWEEN :two AND :one",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound "
            "operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}",
        ),
        (
            "contains(a)",
            "Incorrect number of operands for operator or function; operator or function: contains, "
            "number of operands: 1",
        ),
        (
            "attribute_exists(:one)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "begins_with(a, :one)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "begins_with(a, size(s))",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "size(:bool) = :one",
            "Incorrect operand type for operator or function; operator or function: size, operand type: BOOL",
        ),
        (
            "attribute_type(a, :one)",
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N",
        ),
        (
            "attribute_type(a, b)",
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: "
            "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}",
        ),
        (
            "attribute_type(a, :foo)",
            "Invalid attribute type name found; type: foo, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
    ],
)
def test_a_mistake_is_told_in_dynamodbs_words(text: str, message: str) -> None:
    assert mistake(text) == message


@pytest.mark.parametrize("word", sorted(RESERVED_WORDS))
def test_a_reserved_word_is_no_name(word: str) -> None:
    message = mistake(f"attribute_exists(a.{word.lower()})")

    # the grammar's own words are not even words
    assert "reserved keyword" in message or message.startswith("Syntax error")
    assert word.lower() in message


def test_the_reserved_words_are_those_of_the_developer_guide() -> None:
    # "Reserved words in DynamoDB" lists 573
    assert len(RESERVED_WORDS) == 573
    assert {"ABORT", "NAME", "STATUS", "SIZE", "CONVERT", "ZONE"} <= RESERVED_WORDS


def test_a_filter_is_named_in_its_messages() -> None:
    with pytest.raises(DynamoDBError, match=r"^Invalid FilterExpression: The expression can not be empty;$"):
        parse_condition("", Placeholders(), "FilterExpression")


def test_nothing_is_inside_a_key() -> None:
    condition = parsed("m.a = s AND size(a[0]) = :one")

    condition.check_keys(("s",))
    with pytest.raises(DynamoDBError) as caught:
        condition.check_keys(("s", "a"))

    assert caught.value.message == (
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: a"
    )


def test_a_querys_filter_does_not_look_at_the_key() -> None:
    condition = parsed("a = :one AND contains(s, :a)")

    condition.check_filter(("k", "r"))
    with pytest.raises(DynamoDBError) as caught:
        condition.check_filter(("k", "s"))

    assert caught.value.message == (
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: s"
    )


scalars = st.one_of(
    st.integers(-50, 50).map(lambda number: {"N": str(number)}),
    st.text("ab€", max_size=3).map(lambda text: {"S": text}),
    st.binary(max_size=3).map(lambda data: {"B": base64.b64encode(data).decode()}),
)


@given(scalars, scalars)
def test_orders_agree_with_each_other(left: dict[str, str], right: dict[str, str]) -> None:
    holds = {}
    for operator in ("=", "<>", "<", "<=", ">", ">="):
        with_value = parse_condition(f"x {operator} :y", Placeholders(None, {":y": right}))
        with_path = parse_condition(f"x {operator} y", Placeholders())
        holds[operator] = with_value.matches({"x": left})
        assert with_path.matches({"x": left, "y": right}) == holds[operator]

    assert holds["="] != holds["<>"]
    if left.keys() == right.keys():
        assert [holds["<"], holds["="], holds[">"]].count(True) == 1
        assert holds["<="] == (not holds[">"])
        assert holds[">="] == (not holds["<"])
    else:
        assert not any(holds[operator] for operator in ("=", "<", "<=", ">", ">="))
