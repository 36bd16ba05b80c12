from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.dynamodb.errors import DynamoDBError
from windtunnel.dynamodb.expressions.placeholders import Placeholders
from windtunnel.dynamodb.expressions.update import Update, parse_update
from windtunnel.dynamodb.values import Item

NAMES = {"#a": "a", "#n": "name"}
VALUES: dict[str, dict[str, Any]] = {
    ":one": {"N": "1"},
    ":half": {"N": "0.5"},
    ":big": {"N": "9e125"},
    ":s": {"S": "new"},
    ":l": {"L": [{"N": "9"}]},
    ":ss": {"SS": ["a", "c"]},
    ":all": {"SS": ["a", "b"]},
    ":ns": {"NS": ["2", "10"]},
    ":bs": {"BS": ["Yg=="]},
    ":bool": {"BOOL": True},
    ":m": {"M": {}},
}
ITEM: Item = {
    "k": {"S": "key"},
    "n": {"N": "5"},
    "s": {"S": "abc"},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": ["YQ=="]},
    "l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}, {"S": "3"}]},
    "m": {"M": {"a": {"S": "x"}, "l": {"L": [{"M": {"q": {"N": "1"}}}]}}},
}
PATH = "The document path provided in the update expression is invalid for update"
TYPE = "An operand in the update expression has an incorrect data type"
MISSING = "The provided expression refers to an attribute that does not exist in the item"
OVERLAP = (
    "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: {}, path two: {}"
)
CONFLICT = OVERLAP.replace("overlap", "conflict")
WRONG = "Incorrect operand type for operator or function; "
WRONG_NUMBER = "Incorrect number of operands for operator or function; "
REDUNDANT = "The expression has redundant parentheses;"
THIS_WAY = "The function is not allowed to be used this way in an expression; function: list_append"


def parsed(text: str) -> Update:
    return parse_update(text, Placeholders(NAMES, VALUES))


def changes(text: str) -> dict[str, Any]:
    """What the update changes; None for what is gone."""
    before = copy.deepcopy(ITEM)
    after = parsed(text).apply(ITEM).item
    assert before == ITEM
    return {name: after.get(name) for name in {**ITEM, **after} if ITEM.get(name) != after.get(name)}


def texts(*elements: str) -> dict[str, Any]:
    return {"L": [{"S": element} for element in elements]}


# DynamoDB Local's answers, ReturnValues ALL_NEW.
@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("SET x = :one", {"x": {"N": "1"}}),
        ("set #n = (:one)", {"name": {"N": "1"}}),
        ("SET x = s, s = n, n = s", {"x": {"S": "abc"}, "s": {"N": "5"}, "n": {"S": "abc"}}),
        ("SET n = n + :half", {"n": {"N": "5.5"}}),
        ("SET n = (n - :one)", {"n": {"N": "4"}}),
        ("SET n = (n) - (n)", {"n": {"N": "0"}}),
        ("SET n = ((n) + :one)", {"n": {"N": "6"}}),
        ("SET x = if_not_exists(x, :one)", {"x": {"N": "1"}}),
        ("SET n = if_not_exists(x, n) + if_not_exists(n, :one)", {"n": {"N": "10"}}),
        ("SET n = if_not_exists(n, :one)", {}),
        ("SET l = list_append(l, :l)", {"l": {"L": [*texts("0", "1", "2", "3")["L"], {"N": "9"}]}}),
        ("SET x = list_append(:l, if_not_exists(x, :l))", {"x": {"L": [{"N": "9"}, {"N": "9"}]}}),
        ("SET l[1] = :s", {"l": texts("0", "new", "2", "3")}),
        ("SET l[9] = :s, l[7] = l[0], l[0] = s", {"l": texts("abc", "1", "2", "3", "0", "new")}),
        ("SET m.b = :one", {"m": {"M": {**ITEM["m"]["M"], "b": {"N": "1"}}}}),
        (
            "SET m.l[0].w = :one",
            {"m": {"M": {"a": {"S": "x"}, "l": {"L": [{"M": {"q": {"N": "1"}, "w": {"N": "1"}}}]}}}},
        ),
        ("SET m = m.a", {"m": {"S": "x"}}),
        ("SET x = l[1]", {"x": {"S": "1"}}),
        ("REMOVE s, x", {"s": None}),
        ("REMOVE l[0], l[2], l[9]", {"l": texts("1", "3")}),
        ("REMOVE l[0] SET l[1] = :s, l[9] = :s", {"l": texts("new", "2", "3", "new")}),
        ("REMOVE m.l[0]", {"m": {"M": {"a": {"S": "x"}, "l": {"L": []}}}}),
        ("REMOVE m.zz", {}),
        ("ADD n :half, x :one", {"n": {"N": "5.5"}, "x": {"N": "1"}}),
        (
            "ADD ss :ss, ns :ns, bs :bs, x :ss",
            {
                "ss": {"SS": ["a", "b", "c"]},
                "ns": {"NS": ["1", "2", "10"]},
                "bs": {"BS": ["YQ==", "Yg=="]},
                "x": {"SS": ["a", "c"]},
            },
        ),
        (
            "ADD m.c :one, l[9] :one",
            {
                "m": {"M": {**ITEM["m"]["M"], "c": {"N": "1"}}},
                "l": {"L": [*texts("0", "1", "2", "3")["L"], {"N": "1"}]},
            },
        ),
        ("DELETE ss :ss", {"ss": {"SS": ["b"]}}),
        ("DELETE ss :all", {"ss": None}),
        ("DELETE x :all, m.x :all", {}),
        (
            "SET x = :one REMOVE s ADD n :one DELETE ns :ns",
            {"x": {"N": "1"}, "s": None, "n": {"N": "6"}, "ns": {"NS": ["1"]}},
        ),
    ],
)
def test_an_update_changes(text: str, changed: dict[str, Any]) -> None:
    assert changes(text) == changed


# DynamoDB Local's answers.
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET m.zz.c = :one", PATH),
        ("SET s.a = :one", PATH),
        ("SET m[0] = :one", PATH),
        ("REMOVE x.a", PATH),
        ("REMOVE l.a", PATH),
        ("ADD x.a :one", PATH),
        ("DELETE x.a :all", PATH),
        ("SET x = zz", MISSING),
        ("SET x = m.a.b", MISSING),
        ("SET x = m.zz.b.c", MISSING),
        ("SET x = n + zz", MISSING),
        ("SET x = list_append(zz, l)", MISSING),
        ("SET x = if_not_exists(n, zz)", MISSING),
        ("SET x = s + n", TYPE),
        ("SET x = n + s", TYPE),
        ("SET x = s + zz", TYPE),
        ("SET x = list_append(l, n)", TYPE),
        ("ADD s :one", TYPE),
        ("ADD ss :ns", TYPE),
        ("DELETE s :all", TYPE),
        ("SET x.a = zz", PATH),
        # of several mistakes, one in the order of DynamoDB's hash tables
        ("ADD s :one, zz.c :one", TYPE),
        ("ADD zz.c :one, s :one", TYPE),
        ("ADD d.q :one, s :one", PATH),
        ("ADD s :one, d.q :one", PATH),
        (
            "SET n = n + :big",
            "Attempting to store more than 38 significant digits in a Number",
        ),
        (
            "SET n = :big + :big",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
    ],
)
def test_an_item_can_refuse_an_update(text: str, message: str) -> None:
    update = parsed(text)

    with pytest.raises(DynamoDBError) as caught:
        update.apply(ITEM)

    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


# DynamoDB Local's answers.
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The expression can not be empty;"),
        ("SET", 'Syntax error; token: "<EOF>", near: "SET"'),
        (" ", 'Syntax error; token: "<EOF>", near: " "'),
        ("a = :one", 'Syntax error; token: "a", near: "a ="'),
        ("AND a = :one", 'Syntax error; token: "AND", near: "AND a"'),
        ("SET a :one", 'Syntax error; token: ":one", near: "a :one"'),
        ("SET a = :one,", 'Syntax error; token: "<EOF>", near: ","'),
        ("SET a = :one REMOVE", 'Syntax error; token: "<EOF>", near: "REMOVE"'),
        ("SET a = :one b = :one", 'Syntax error; token: "b", near: ":one b ="'),
        ("SET set = :one", 'Syntax error; token: "set", near: "SET set ="'),
        ("SET (a) = :one", 'Syntax error; token: "(", near: "SET (a"'),
        ("SET a = :one + :one + :one", 'Syntax error; token: "+", near: ":one + :one"'),
        ("SET a = (b + c) - d", 'Syntax error; token: "-", near: ") - d"'),
        ("SET a = b + (c - d)", 'Syntax error; token: "-", near: "c - d"'),
        ("SET a = (b", 'Syntax error; token: "<EOF>", near: "b"'),
        ("SET a = b)", 'Syntax error; token: ")", near: "b)"'),
        ("SET a = list_append(b + :one, :l)", 'Syntax error; token: "+", near: "b + :one"'),
        ("ADD a b", 'Syntax error; token: "b", near: "a b"'),
        ("DELETE a = :ss", 'Syntax error; token: "=", near: "a = :ss"'),
        ("SET a = ((b)) c", REDUNDANT),
        ("SET a = ((b + c))", REDUNDANT),
        ("SET a = b + ((c))", REDUNDANT),
        ("SET name = :one, a = foo(b)", "Attribute name is a reserved keyword; reserved keyword: name"),
        ("SET a = foo(b), name = :one", "Invalid function name; function: foo"),
        ("SET a = size(b)", "The function is not allowed in an update expression; function: size"),
        ("SET a = list_append(list_append(b, c), d)", THIS_WAY),
        ("SET a = b + list_append(c, d)", THIS_WAY),
        ("SET #z = :one SET a = :one", 'The "SET" section can only be used once in an update expression;'),
        (
            "SET a = :one REMOVE b ADD c :one REMOVE d",
            'The "REMOVE" section can only be used once in an update expression;',
        ),
        (
            "SET a = #y REMOVE #z",
            "An expression attribute name used in the document path is not defined; attribute name: #z",
        ),
        ("SET a = :y, b = :z", "An expression attribute value used in expression is not defined; attribute value: :z"),
        ("SET a = :y, b = list_append(:one, :l)", WRONG + "operator or function: list_append, operand type: N"),
        (
            "SET a = :z, " + ".".join("a" * 33) + " = :one",
            "The document path has too many nesting levels; nesting levels: 33",
        ),
        ("SET a = :one, a = :z", OVERLAP.format("[a]", "[a]")),
        ("SET a = :one REMOVE #a.b", OVERLAP.format("[a]", "[a, b]")),
        ("REMOVE a[0][1], a[0]", OVERLAP.format("[a, [0], [1]]", "[a, [0]]")),
        ("SET a.b = :one REMOVE a[1]", CONFLICT.format("[a, b]", "[a, [1]]")),
        ("SET a.b.c = :one, a.b[0] = :one", CONFLICT.format("[a, b, c]", "[a, b, [0]]")),
        # of three, DynamoDB Local names as path two whichever comes first in a hash table, [b] and [a, [1]]
        ("REMOVE a, b, a", OVERLAP.format("[a]", "[a]")),
        ("REMOVE b, a[0], a[1], a[0]", OVERLAP.format("[a, [0]]", "[a, [0]]")),
        ("REMOVE x, x.a, x.b", OVERLAP.format("[x]", "[x, b]")),
        (
            "SET a = if_not_exists(:one, :one)",
            "Operator or function requires a document path; operator or function: if_not_exists",
        ),
        (
            "SET a = if_not_exists(b)",
            WRONG_NUMBER + "operator or function: if_not_exists, number of operands: 1",
        ),
        ("SET a = :one + :s", WRONG + "operator or function: +, operand type: S"),
        ("SET a = :l - b", WRONG + "operator or function: -, operand type: L"),
        ("ADD a :s", WRONG + "operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"),
        ("ADD a :bool", WRONG + "operator: ADD, operand type: BOOLEAN, typeSet: ALLOWED_FOR_ADD_OPERAND"),
        ("DELETE a :one", WRONG + "operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND"),
        (
            "SET "
            + ",".join(f"{first}{second}q=b+b" for first in "bcdefghijklmnopqrst" for second in "bcdefghijklmnopq")[
                :4088
            ].rpartition(",")[0],
            "The expression contains too many operators; operator count: 301",
        ),
    ],
)
def test_a_mistake_is_told_in_dynamodbs_words(text: str, message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        parsed(text)

    assert caught.value.message == f"Invalid UpdateExpression: {message}"


def test_the_key_is_not_updated() -> None:
    update = parsed("SET m.a = k.b, s = :one")

    update.check_keys(("x",))
    for key, message in (
        (
            "s",
            "One or more parameter values were invalid: Cannot update attribute s. This attribute is part of the key",
        ),
        ("k", "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: k"),
    ):
        with pytest.raises(DynamoDBError) as caught:
            update.check_keys((key,))
        assert caught.value.message == message


# Recorded on AWS by ScyllaDB's test/alternator/test_returnvalues.py (nested attributes, places beyond a list's end).
@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("SET s = :s, x = :one", {"s": {"S": "abc"}}, {"s": {"S": "new"}, "x": {"N": "1"}}),
        ("SET m.a = :s", {"m": {"M": {"a": {"S": "x"}}}}, {"m": {"M": {"a": {"S": "new"}}}}),
        ("SET m.x = :s", {}, {"m": {"M": {"x": {"S": "new"}}}}),
        ("SET l[1] = :s", {"l": texts("1")}, {"l": texts("new")}),
        ("SET l[100] = :s", {}, {}),
        ("REMOVE l[1], l[9]", {"l": texts("1")}, {"l": texts("2")}),
        ("REMOVE s", {"s": {"S": "abc"}}, {}),
    ],
)
def test_only_the_named_places_are_answered(text: str, old: Item, new: Item) -> None:
    applied = parsed(text).apply(ITEM)

    assert applied.updated_old(ITEM) == old
    assert applied.updated_new() == new


steps = st.lists(st.sampled_from(["a", "b", 0, 1, 2]), max_size=3)
leaf = st.integers(0, 9).map(lambda number: {"N": str(number)})
documents = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda elements: {"L": elements}),
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2).map(lambda entries: {"M": entries}),
    ),
    max_leaves=8,
)


def written(path: list[str | int]) -> str:
    return "x" + "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in path)


def place(value: Any, path: list[str | int]) -> Any:
    """What the path leads to, None where it leads nowhere, LookupError where it cannot."""
    for step in path:
        content = value.get("M" if isinstance(step, str) else "L") if value is not None else None
        if content is None:
            raise LookupError
        entries = content if isinstance(step, str) else dict(enumerate(content))
        value = entries.get(step)
    return value


@given(documents, steps, leaf)
def test_a_place_is_set_and_removed_and_nothing_else(document: Any, path: list[str | int], value: Any) -> None:
    item: Item = {"x": document, "y": document}
    before = copy.deepcopy(item)
    setting = parse_update(f"SET {written(path)} = :v", Placeholders(None, {":v": value}))
    removing = parse_update(f"REMOVE {written(path)}", Placeholders())

    try:
        found = place(document, path)
    except LookupError:
        for update in (setting, removing):
            with pytest.raises(DynamoDBError, match=PATH):
                update.apply(item)
        return
    after = setting.apply(item)
    gone = removing.apply(item)

    assert item == before
    assert after.item["y"] == gone.item["y"] == document
    assert gone.updated_old(item) == after.updated_old(item)
    if found is None:
        assert gone.item == before
        assert removing.apply(after.item).item == before or isinstance(path[-1], int)
    else:
        assert place(after.item["x"], path) == value
        restored = parse_update(f"SET {written(path)} = :v", Placeholders(None, {":v": found})).apply(after.item)
        assert restored.item == before
    assert after.changed == (("x", *path),)
