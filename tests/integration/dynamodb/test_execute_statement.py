"""ExecuteStatement. Statements and answers: Developer Guide, "PartiQL - a SQL-compatible query language for Amazon
DynamoDB" (its pages on SELECT, INSERT, UPDATE, DELETE, operators and functions); LocalStack's snapshots of AWS
(test_dynamodb_partiql_missing); messages: recorded from AWS by dynamodb-conformance (tests/tier2/partiql,
tests/tier3/error-messages/partiql*.test.ts)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

type Refused = Callable[..., tuple[str, str]]
type MakeTable = Callable[..., str]

RETURNING = "Invalid returning clause: RETURNING {} *. Only RETURNING ALL OLD * is allowed in DELETE statements."
OPERAND = "Incorrect operand type for operator or function; operator or function: {}, operand type: {}"
ITEMS = [
    {"artist": {"S": "Nina"}, "song": {"S": "Baltimore"}, "year": {"N": "1978"}},
    {"artist": {"S": "Nina"}, "song": {"S": "Feeling Good"}, "year": {"N": "1965"}, "tags": {"SS": ["jazz"]}},
    {"artist": {"S": "Nina"}, "song": {"S": "Sinnerman"}, "facts": {"M": {"length": {"N": "622"}}}},
    {"artist": {"S": "Ella"}, "song": {"S": "Misty"}, "awards": {"L": [{"S": "Grammy"}, {"NULL": True}]}},
]


@pytest.fixture
def music(dynamodb: Any, make_table: MakeTable) -> str:
    """A table of songs, by artist and title."""
    schema = [{"AttributeName": "artist", "KeyType": "HASH"}, {"AttributeName": "song", "KeyType": "RANGE"}]
    index = {
        "IndexName": "by-song",
        "KeySchema": [{"AttributeName": "song", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    name = make_table(
        TableName="Music",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("artist", "song")],
        KeySchema=schema,
        GlobalSecondaryIndexes=[index],
    )
    for item in ITEMS:
        dynamodb.put_item(TableName=name, Item=item)
    return name


def run(dynamodb: Any, statement: str, *parameters: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    if parameters:
        more["Parameters"] = list(parameters)
    items: list[dict[str, Any]] = dynamodb.execute_statement(Statement=statement, **more)["Items"]
    return items


def songs(items: list[dict[str, Any]]) -> list[str]:
    return [item["song"]["S"] for item in items]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("artist = 'Nina'", ["Baltimore", "Feeling Good", "Sinnerman"]),
        ("artist = 'Nina' AND song = 'Baltimore'", ["Baltimore"]),
        ("artist = 'Nina' AND song > 'C'", ["Feeling Good", "Sinnerman"]),
        ("artist = 'Nina' AND song BETWEEN 'A' AND 'G'", ["Baltimore", "Feeling Good"]),
        ("artist = 'Nina' AND begins_with(song, 'Feel')", ["Feeling Good"]),
        ("'Nina' = artist AND 'C' < song", ["Feeling Good", "Sinnerman"]),
        ("artist = 'Nina' AND (song = 'Baltimore' OR song = 'Sinnerman')", ["Baltimore", "Sinnerman"]),
        ("artist = 'Nina' AND NOT song = 'Baltimore'", ["Feeling Good", "Sinnerman"]),
        ("artist = 'Nina' AND \"year\" >= 1970", ["Baltimore"]),
        ("artist = 'Nina' AND \"year\" IS MISSING", ["Sinnerman"]),
        ("artist = 'Nina' AND \"year\" IS NOT MISSING", ["Baltimore", "Feeling Good"]),
        ("artist = 'Nina' AND contains(tags, 'jazz')", ["Feeling Good"]),
        ("artist = 'Nina' AND size(song) < 10", ["Baltimore", "Sinnerman"]),
        ("artist = 'Nina' AND facts.length = 622", ["Sinnerman"]),
        ("awards[0] = 'Grammy'", ["Misty"]),
        ("awards[1] IS NULL", ["Misty"]),
        ("song IN ['Misty', 'Baltimore'] AND artist <> 'Nina'", ["Misty"]),
        ("artist IN ['Ella', 'Nina'] AND song < 'N'", ["Misty"]),
        ("attribute_type(tags, 'SS')", ["Feeling Good"]),
        ("\"year\" NOT BETWEEN 1970 AND 1980 AND artist = 'Nina'", ["Feeling Good", "Sinnerman"]),
    ],
)
def test_selects(dynamodb: Any, music: str, where: str, found: list[str]) -> None:
    items = []
    answer = dynamodb.execute_statement(Statement=f'SELECT * FROM "{music}" WHERE {where}')
    items += answer["Items"]
    while "NextToken" in answer:
        answer = dynamodb.execute_statement(
            Statement=f'SELECT * FROM "{music}" WHERE {where}', NextToken=answer["NextToken"]
        )
        items += answer["Items"]

    if where.startswith("artist IN"):
        assert sorted(songs(items)) == ["Baltimore", "Feeling Good", "Misty"]
    else:
        assert songs(items) == found


def test_takes_parameters_and_cuts_items_down(dynamodb: Any, music: str) -> None:
    statement = f"SELECT song, facts.length, awards[0] FROM {music} WHERE artist = ? AND song = ?"

    (nina,) = run(dynamodb, statement, {"S": "Nina"}, {"S": "Sinnerman"})
    (ella,) = run(dynamodb, statement, {"S": "Ella"}, {"S": "Misty"})

    assert nina == {"song": {"S": "Sinnerman"}, "length": {"N": "622"}}
    assert ella == {"song": {"S": "Misty"}, "awards[0]": {"S": "Grammy"}}


def test_orders_by_the_range_key(dynamodb: Any, music: str) -> None:
    found = run(dynamodb, f"select * from {music} where artist = 'Nina' order by song desc")

    assert songs(found) == ["Sinnerman", "Feeling Good", "Baltimore"]


def test_reads_an_index(dynamodb: Any, music: str) -> None:
    (found,) = run(dynamodb, f'SELECT * FROM "{music}"."by-song" WHERE song = \'Misty\'')

    assert found["artist"] == {"S": "Ella"}


def test_reads_by_pages(dynamodb: Any, music: str, refused: Refused) -> None:
    statement = f"SELECT * FROM {music} WHERE artist = 'Nina'"

    first = dynamodb.execute_statement(Statement=statement, Limit=2)
    second = dynamodb.execute_statement(Statement=statement, Limit=2, NextToken=first["NextToken"])

    assert (songs(first["Items"]), songs(second["Items"])) == (["Baltimore", "Feeling Good"], ["Sinnerman"])
    other = f"SELECT * FROM {music} WHERE artist = 'Ella'"
    error = refused(dynamodb.execute_statement, Statement=other, NextToken=first["NextToken"])
    assert error == ("ValidationException", "NextToken does not match request")


def test_inserts_once(dynamodb: Any, music: str, refused: Refused) -> None:
    statement = (
        f"INSERT INTO {music} VALUE {{'artist': 'Billie', 'song': ?, 'n': -1.5, 'l': [1, true], 's': <<'a','b'>>}}"
    )

    assert run(dynamodb, statement, {"S": "Solitude"}) == []

    item = dynamodb.get_item(TableName=music, Key={"artist": {"S": "Billie"}, "song": {"S": "Solitude"}})["Item"]
    assert item["n"] == {"N": "-1.5"}
    assert item["l"] == {"L": [{"N": "1"}, {"BOOL": True}]}
    assert sorted(item["s"]["SS"]) == ["a", "b"]
    error = refused(dynamodb.execute_statement, Statement=statement, Parameters=[{"S": "Solitude"}])
    assert error == ("DuplicateItemException", "Duplicate primary key exists in table")


def test_updates_an_item_that_is_there(dynamodb: Any, music: str, refused: Refused) -> None:
    where = "WHERE artist = 'Nina' AND song = 'Baltimore'"

    (changed,) = run(
        dynamodb,
        f'UPDATE {music} SET "year" = "year" + 1 SET awards = [\'x\'] REMOVE tags {where} RETURNING ALL NEW *',
    )
    (old,) = run(dynamodb, f"UPDATE {music} SET awards = list_append(awards, ['y']) {where} RETURNING MODIFIED OLD *")
    run(dynamodb, f"UPDATE {music} SET kinds = <<'a'>> {where}")
    (sets,) = run(dynamodb, f"UPDATE {music} SET kinds = set_add(kinds, <<'b'>>) {where} RETURNING MODIFIED NEW *")

    assert changed["year"] == {"N": "1979"}
    assert old == {"awards": {"L": [{"S": "x"}]}}
    assert sorted(sets["kinds"]["SS"]) == ["a", "b"]
    missing = f"UPDATE {music} SET a = 1 WHERE artist = 'Nobody' AND song = 'x'"
    error = refused(dynamodb.execute_statement, Statement=missing)
    assert error == ("ConditionalCheckFailedException", "The conditional request failed")


def test_updates_on_a_condition(dynamodb: Any, music: str, refused: Refused) -> None:
    statement = f"UPDATE {music} SET a = 1 WHERE artist = 'Nina' AND song = 'Baltimore' AND \"year\" = 1"

    error = refused(dynamodb.execute_statement, Statement=statement)

    assert error[0] == "ConditionalCheckFailedException"


def test_deletes_one_item(dynamodb: Any, music: str) -> None:
    statement = f"DELETE FROM {music} WHERE artist = 'Nina' AND song = 'Baltimore' RETURNING ALL OLD *"

    (old,) = run(dynamodb, statement)

    assert old == ITEMS[0]
    assert run(dynamodb, statement) == []


@pytest.mark.parametrize("statement", ["DELETE FROM Music WHERE artist = 'Nina'", "UPDATE Music SET a = 1"])
def test_a_write_names_one_item(dynamodb: Any, music: str, refused: Refused, statement: str) -> None:
    error = refused(dynamodb.execute_statement, Statement=statement)

    message = "Where clause does not contain a mandatory equality on all key attributes"
    assert error == ("ValidationException", message)


@pytest.mark.parametrize(
    ("statement", "parameters", "message"),
    [
        ("SELECT * FROM Music WHERE artist = ?", [], "Number of parameters in request and statement don't match."),
        ("SELECT * FROM Music", [{"S": "x"}], "Number of parameters in request and statement don't match."),
        ("SELECT FROM Music WHERE", [], "Statement wasn't well formed, can't be processed: "),
        ("SELECT * FROM Music extra", [], "Statement wasn't well formed, can't be processed: "),
        ("DROP TABLE Music", [], "Statement wasn't well formed, can't be processed: "),
        ("SELECT * FROM Music WHERE artist = 'x", [], "Statement wasn't well formed, can't be processed: "),
        ("SELECT * FROM Music WHERE artist ~ 'x'", [], "Statement wasn't well formed, can't be processed: "),
        ("DELETE FROM Music WHERE artist = 'x' RETURNING ALL NEW *", [], RETURNING.format("ALL NEW")),
        ("DELETE FROM Music WHERE artist = 'x' RETURNING MODIFIED OLD *", [], RETURNING.format("MODIFIED OLD")),
        ("SELECT * FROM Music WHERE artist = 'x' AND a < ?", [{"BOOL": True}], OPERAND.format("<", "BOOL")),
        ("SELECT * FROM nothere WHERE a >= <<1>>", [], OPERAND.format(">=", "NS")),
        ("SELECT * FROM Music WHERE a BETWEEN 1 AND null", [], OPERAND.format("BETWEEN", "NULL")),
        ('SELECT * FROM Music."by-song"."x"', [], "A path may contain at most 2 components in the FROM clause"),
        ('SELECT * FROM ""', [], "Path component cannot be an empty string"),
        ('SELECT * FROM Music."nothere"', [], "The table does not have the specified index"),
        ("SLECT * FROM Music", [], "Statement wasn't well formed, can't be processed: Expected data manipulation"),
        ("UPDATE Music WHERE artist = 'x'", [], "Statement wasn't well formed, can't be processed: "),
    ],
)
def test_refuses_what_is_no_statement(
    dynamodb: Any, music: str, refused: Refused, statement: str, parameters: list[Any], message: str
) -> None:
    more = {"Parameters": parameters} if parameters else {}
    code, told = refused(dynamodb.execute_statement, Statement=statement, **more)

    assert code == "ValidationException"
    assert told.startswith(message)


def test_knows_no_other_table(dynamodb: Any, refused: Refused) -> None:
    error = refused(dynamodb.execute_statement, Statement="SELECT * FROM nothere")

    assert error == ("ResourceNotFoundException", "Requested resource not found")


@pytest.fixture
def indexed(dynamodb: Any, make_table: MakeTable) -> str:
    """A table with indexes that have not every attribute."""
    keys = {"ProjectionType": "KEYS_ONLY"}
    name = make_table(
        TableName="Indexed",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "g", "l")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {"IndexName": "gsi", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": keys}
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "lsi",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}],
                "Projection": keys,
            }
        ],
    )
    item = {"pk": {"S": "p"}, "sk": {"S": "s"}, "g": {"S": "x"}, "l": {"S": "y"}, "other": {"S": "z"}}
    dynamodb.put_item(TableName=name, Item=item)
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "p"}, "sk": {"S": "t"}, "other": {"S": "z"}})
    return name


def test_an_index_answers_with_what_it_has(dynamodb: Any, indexed: str) -> None:
    keys = {"pk": {"S": "p"}, "sk": {"S": "s"}}

    assert run(dynamodb, "SELECT * FROM Indexed.gsi WHERE g = 'x'") == [{**keys, "g": {"S": "x"}}]
    assert run(dynamodb, "SELECT * FROM Indexed.lsi WHERE pk = 'p'") == [{**keys, "l": {"S": "y"}}]
    assert run(dynamodb, "SELECT sk FROM Indexed.gsi WHERE NOT other = 'z'") == [{"sk": {"S": "s"}}]


def test_a_local_index_fetches_what_it_has_not(dynamodb: Any, indexed: str) -> None:
    answer = dynamodb.execute_statement(
        Statement="SELECT other FROM Indexed.lsi WHERE pk = 'p'", ReturnConsumedCapacity="INDEXES"
    )

    assert answer["Items"] == [{"other": {"S": "z"}}]
    assert answer["ConsumedCapacity"]["Table"]["CapacityUnits"] > 0


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "SELECT pk FROM Indexed.gsi WHERE g = 'x' AND other = 'z'",
            "Secondary index gsi does not project one or more filter attributes: [other]",
        ),
        (
            "SELECT pk FROM Indexed.gsi WHERE g IN ['x'] AND other IS NOT MISSING",
            "Secondary index gsi does not project one or more filter attributes: [other]",
        ),
        (
            "SELECT pk FROM Indexed.lsi WHERE pk = 'p' AND NOT begins_with(other, 'z')",
            "Secondary index lsi does not project one or more filter attributes: [other]",
        ),
        ("SELECT other FROM Indexed.gsi WHERE g = 'x'", "Global secondary index gsi does not project [other]"),
    ],
)
def test_an_index_is_not_asked_for_what_it_has_not(
    dynamodb: Any, indexed: str, refused: Refused, statement: str, message: str
) -> None:
    error = refused(dynamodb.execute_statement, Statement=statement)

    assert error == ("ValidationException", f"One or more parameter values were invalid: {message}")


def test_a_global_index_is_not_read_consistently(dynamodb: Any, indexed: str, refused: Refused) -> None:
    error = refused(
        dynamodb.execute_statement, Statement="SELECT * FROM Indexed.gsi WHERE g = 'x'", ConsistentRead=True
    )

    assert error == ("ValidationException", "Strongly consistent read is not supported on Global Secondary Indexes")
