"""The same generated operations on items, told to DynamoDB Local and to ours, lead to the same answers and errors.

Without more said, the same 250 sequences each time. `WINDTUNNEL_DIFFERENTIAL=5000` takes so many others, each time new
ones (`--hypothesis-seed=1` repeats them). Where Java or npm is missing, the test skips, but in CI. Differences that are
known, each with its reason and the source that says what AWS answers, are in differential/differences.json.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.integration.dynamodb.differential import local
from tests.integration.dynamodb.differential.answers import Ask, Outcome, expected, outcome
from tests.integration.dynamodb.differential.operations import Sequence, Step, sequences
from tests.integration.dynamodb.differential.tables import SHAPES, Shape

from windtunnel.config import Settings

ASKED = os.environ.get("WINDTUNNEL_DIFFERENTIAL")
EXAMPLES = int(ASKED or "250")
REQUIRED = "CI" in os.environ


@pytest.fixture(scope="session")
def ours(endpoint: str) -> Iterator[Ask]:
    connection = HTTPConnection(endpoint.removeprefix("http://"))
    made = partial(local.ask, connection)
    _make_tables(made)
    yield made
    connection.close()


@pytest.fixture(scope="session")
def theirs(windtunnel_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    try:
        jar = local.install(windtunnel_settings.install_dir / "dynamodb-local")
    except local.Unavailable as missing:
        if REQUIRED:
            raise
        pytest.skip(str(missing))
    with local.running(jar, tmp_path_factory.mktemp("dynamodb-local") / "log") as connection:
        made = partial(local.ask, connection)
        _make_tables(made)
        yield made


def _make_tables(ask: Ask) -> None:
    for shape in SHAPES:
        status, answer = ask("CreateTable", shape.definition())
        assert status == 200, answer


def _empty(ask: Ask, shape: Shape) -> None:
    names = {f"#{name}": name for name in shape.keys}
    scan = {"TableName": shape.name, "ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
    for item in ask("Scan", scan)[1]["Items"]:
        assert ask("DeleteItem", {"TableName": shape.name, "Key": item})[0] == 200


@settings(
    max_examples=EXAMPLES,
    derandomize=ASKED is None,
    deadline=None,
    phases=[each for each in Phase if each is not Phase.explain],
    suppress_health_check=list(HealthCheck),
)
@given(sequence=sequences())
def test_dynamodb_local_answers_as_we_do(ours: Ask, theirs: Ask, sequence: Sequence) -> None:
    for ask in (ours, theirs):
        for shape in set(sequence.shapes):
            _empty(ask, shape)

    for number, step in enumerate(sequence.steps):
        answers = [outcome(ask, step) for ask in (ours, theirs)]

        if answers[0] != answers[1]:
            assert expected(step, *answers), _told(sequence.steps[: number + 1], *answers)
            if any(isinstance(answer, dict) for answer in answers):
                break  # from here the two may hold different items


def _told(steps: list[Step], ours: Outcome, theirs: Outcome) -> str:
    before = "\n".join(f"  {step.operation} {step.parameters}" for step in steps)
    return f"they differ after\n{before}\nours:   {ours}\ntheirs: {theirs}"
