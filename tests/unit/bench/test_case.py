from __future__ import annotations

import pytest

from bench.application import APPLICATIONS
from bench.case import Answer, Case, all_cases, choose, read_case
from bench.errors import BenchError
from bench.peers import SYSTEMS

TEXT = """
group = "G"
title = "T"
connections = 4
method = "POST"
path = "/items"
body = '{"name": "Ada"}'

[answer]
status = 201
body = { name = "Ada" }
"""


def test_a_case_is_read_from_its_file() -> None:
    case = read_case("put-4", TEXT)

    assert case == Case("put-4", "G", "T", 4, "POST", "/items", Answer(201, {"name": "Ada"}), body='{"name": "Ada"}')


@pytest.mark.parametrize(
    "text",
    ["not toml", TEXT.replace("[answer]", "[question]"), TEXT.replace("title", "headline"), "connections = 1"],
    ids=["no toml", "no answer", "unknown key", "missing keys"],
)
def test_a_case_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(BenchError, match="case put-4 cannot be read"):
        read_case("put-4", text)


def test_every_case_in_the_folder_is_of_an_application_and_systems_that_are_there() -> None:
    cases = all_cases()

    assert {"noop-1", "noop-8", "noop-48", "put-8"} <= {case.name for case in cases}
    assert {case.application for case in cases} <= set(APPLICATIONS)
    assert {system for case in cases for system in case.systems} <= set(SYSTEMS)


def test_few_connections_come_first() -> None:
    connections = [case.connections for case in all_cases() if case.group == "API Gateway to Lambda"]

    assert connections == sorted(connections)


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ("", ["noop-1", "noop-8", "put-8", "noop-48"]),
        ("noop-8", ["noop-8"]),
        ("noop-*", ["noop-1", "noop-8", "noop-48"]),
        ("put-8, noop-1", ["noop-1", "put-8"]),
    ],
)
def test_cases_are_chosen_by_pattern(patterns: str, names: list[str]) -> None:
    cases = [case for case in all_cases() if case.group == "API Gateway to Lambda"]

    assert [case.name for case in choose(cases, patterns)] == names


def test_a_pattern_that_fits_nothing_is_an_error(case: Case) -> None:
    with pytest.raises(BenchError, match="no case 'nop'"):
        choose([case], "noop-8,nop")


def test_an_answer_may_have_more_than_is_asked_for() -> None:
    answer = Answer(201, {"name": "Ada"})

    assert answer.mismatch(201, '{"id": "1", "name": "Ada"}') == ""


@pytest.mark.parametrize(
    ("status", "text", "wrong"),
    [
        (200, '{"name": "Ada"}', "status 200 and not 201"),
        (201, "Ada", "a body that is no JSON"),
        (201, '{"name": "Bob"}', "a body that is not"),
        (201, '["name"]', "a body that is not"),
    ],
)
def test_a_wrong_answer_is_told_in_words(status: int, text: str, wrong: str) -> None:
    assert wrong in Answer(201, {"name": "Ada"}).mismatch(status, text)
