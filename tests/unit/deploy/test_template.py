from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from windtunnel.deploy.template import Template, parse, read_template, to_json
from windtunnel.errors import TemplateError

MINIMAL = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref Queue", {"Ref": "Queue"}),
        ("!Condition IsProd", {"Condition": "IsProd"}),
        ("!GetAtt Queue.Arn", {"Fn::GetAtt": ["Queue", "Arn"]}),
        ("!GetAtt Stack.Outputs.Url", {"Fn::GetAtt": ["Stack", "Outputs.Url"]}),
        ("!GetAtt [Queue, Arn]", {"Fn::GetAtt": ["Queue", "Arn"]}),
        ("!Sub '${A}-${B}'", {"Fn::Sub": "${A}-${B}"}),
        ("!Join ['-', [a, !Ref B]]", {"Fn::Join": ["-", ["a", {"Ref": "B"}]]}),
        ("!Sub ['${x}', {x: !Ref B}]", {"Fn::Sub": ["${x}", {"x": {"Ref": "B"}}]}),
        ("!Transform {Name: M, Parameters: {a: !Ref B}}",
         {"Fn::Transform": {"Name": "M", "Parameters": {"a": {"Ref": "B"}}}}),
    ],
)  # fmt: skip
def test_short_intrinsics_are_read_in_their_long_form(short: str, long: object) -> None:
    assert parse(f"value: {short}", "t.yaml") == {"value": long}


def test_dates_stay_text() -> None:
    document = parse("AWSTemplateFormatVersion: 2010-09-09\nVersion: 2012-10-17\n", "t.yaml")

    assert document == {"AWSTemplateFormatVersion": "2010-09-09", "Version": "2012-10-17"}


def test_pyyamls_own_loader_is_left_alone() -> None:
    parse("a: !Ref B\nb: 2012-10-17", "t.yaml")

    assert str(yaml.safe_load("2012-10-17")) == "2012-10-17"
    assert not isinstance(yaml.safe_load("2012-10-17"), str)
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load("!Ref B")


def test_json_and_yaml_that_looks_like_json_are_read() -> None:
    assert parse('{"Ref": "A"}', "t.json") == {"Ref": "A"}
    assert parse("{Ref: A}", "t.yaml") == {"Ref": "A"}


def test_merge_keys_are_merged() -> None:
    assert parse("base: &b {x: 1}\nderived: {<<: *b, y: 2}", "t.yaml")["derived"] == {"x": 1, "y": 2}


def test_text_for_the_same_document_is_the_same(template_of: Callable[[str], Template]) -> None:
    template = template_of(MINIMAL + "    Properties: {QueueName: !Sub 'é-${AWS::StackName}'}\n")

    text = to_json(template.document)

    assert json.loads(text) == template.document
    assert text == to_json(json.loads(text))


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"no template at .*nowhere\.yaml") as caught:
        read_template(tmp_path / "nowhere.yaml")

    assert "--template" in caught.value.hint


def test_a_folder_is_no_template(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="cannot be read"):
        read_template(tmp_path)


def test_bytes_that_are_no_text_are_no_template(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(TemplateError, match="cannot be read"):
        read_template(tmp_path / "t.yaml")


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n   Bad: x\n", ":4:4:", "broken YAML"),
        ("Resources:\n\tQueue: x\n", ":2:1:", "cannot start any token"),
        ("Resources: [a, b\n", ":2:1:", "while parsing a flow sequence"),
        ("a: *nothing\n", ":1:4:", "undefined alias"),
        ('{"Resources": {"a" 1}}', ":1:20:", "broken JSON"),
    ],
)
def test_broken_text_is_told_with_file_line_column_and_problem(text: str, place: str, problem: str) -> None:
    with pytest.raises(TemplateError, match=problem) as caught:
        parse(text, "infra/t.yaml")

    assert f"infra/t.yaml{place}" in str(caught.value)
    assert "^" in caught.value.detail


def test_a_character_that_yaml_does_not_allow_is_an_error() -> None:
    with pytest.raises(TemplateError, match=r"t\.yaml: broken YAML"):
        parse("a: \x00", "t.yaml")


def test_the_broken_line_is_shown_with_a_caret_under_the_place() -> None:
    with pytest.raises(TemplateError) as caught:
        parse("a: 1\nb: *nothing\n", "t.yaml")

    assert caught.value.detail.splitlines() == ["    1 | a: 1", "    2 | b: *nothing", "           ^"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "top level is empty"),
        ("- a\n", "top level is a list"),
        ("just text\n", "top level is the value 'just text'"),
        ("Parameters: {}\n", "has no Resources"),
        ("resources:\n  Queue: {Type: AWS::SQS::Queue}\n", "has no Resources"),
        ("Resources:\n", "has no Resources"),
        ("Resources: {Queue: {}}\n", "Queue has no Type"),
        ("Resources: {Queue: }\n", "Queue has no Type"),
        ("Resources: {Queue: {Type: AWS::SQS::Queue, Properties: [a]}}\n", "Properties of Queue are a list"),
        (MINIMAL + "Globals: [a]\n", "Globals is a list"),
        (MINIMAL + "Parameters: text\n", "Parameters is the value 'text'"),
    ],
)
def test_what_is_no_template_is_said(template_of: Callable[[str], Template], text: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        template_of(text)
