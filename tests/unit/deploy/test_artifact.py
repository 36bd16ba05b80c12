from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from windtunnel.deploy.artifact import find_artifacts, relocate
from windtunnel.deploy.template import Template
from windtunnel.errors import TemplateError

MakeTemplate = Callable[[str], Template]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    for name in ("users", "orders", "layer"):
        (tmp_path / name).mkdir()
    (tmp_path / "api.yaml").write_text("openapi: 3.0.1\n")
    (tmp_path / "built.zip").write_bytes(b"PK")


def function(properties: str, kind: str = "AWS::Serverless::Function") -> str:
    return f"Resources:\n  Fn:\n    Type: {kind}\n    Properties: {properties}\n"


def test_a_functions_own_code_is_found_with_what_its_build_needs(template_of: MakeTemplate, tmp_path: Path) -> None:
    template = template_of(function("{CodeUri: users/, Handler: app.main, Runtime: python3.13}"))

    (artifact,) = find_artifacts(template, {})

    assert (artifact.logical_id, artifact.kind, artifact.property) == ("Fn", "function", "CodeUri")
    assert artifact.source == tmp_path / "users"
    assert (artifact.handler, artifact.runtime) == ("app.main", "python3.13")


def test_globals_fill_in_what_a_function_does_not_say(template_of: MakeTemplate, tmp_path: Path) -> None:
    template = template_of(
        "Globals: {Function: {CodeUri: users, Runtime: python3.13, Layers: [!Ref Own, 'arn:aws:lambda:::layer:x:1']}}\n"
        "Resources:\n"
        "  A: {Type: AWS::Serverless::Function, Properties: {Handler: a.h}}\n"
        "  B: {Type: AWS::Serverless::Function, Properties: {Handler: b.h, CodeUri: orders, Layers: [!Ref Own]}}\n"
        "  Own: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}\n"
    )

    a, b, _ = find_artifacts(template, {})

    assert (a.source, b.source) == (tmp_path / "users", tmp_path / "orders")
    assert a.layers == ("Own", None)
    assert b.layers == ("Own", None, "Own")


@pytest.mark.parametrize(
    "properties",
    [
        "{InlineCode: 'x = 1', Handler: index.h, Runtime: python3.13}",
        "{CodeUri: 's3://bucket/key'}",
        "{CodeUri: {Bucket: b, Key: k}}",
        "{CodeUri: !Sub 's3://${B}/k'}",
        "{PackageType: Image, ImageUri: 'x.dkr.ecr.us-east-1.amazonaws.com/y:1'}",
    ],
)
def test_code_that_is_elsewhere_is_left_alone(template_of: MakeTemplate, properties: str) -> None:
    template = template_of(function(properties))

    assert find_artifacts(template, {}) == ()
    assert relocate(template, {}) == template.document


@pytest.mark.parametrize("code", ["{ZipFile: 'x = 1'}", "{S3Bucket: b, S3Key: k}", "{ImageUri: x}"])
def test_lambda_code_that_is_elsewhere_is_left_alone(template_of: MakeTemplate, code: str) -> None:
    assert find_artifacts(template_of(function(f"{{Code: {code}}}", "AWS::Lambda::Function")), {}) == ()


def test_runtime_and_handler_follow_parameters(template_of: MakeTemplate) -> None:
    template = template_of(
        "Parameters: {Runtime: {Type: String, Default: python3.13}, Handler: {Type: String}}\n"
        + function("{CodeUri: users, Runtime: !Ref Runtime, Handler: !Ref Handler}")
    )

    assert [(a.runtime, a.handler) for a in find_artifacts(template, {})] == [("python3.13", "")]
    assert find_artifacts(template, {"Handler": "app.h"})[0].handler == "app.h"


@pytest.mark.parametrize(
    ("type_", "given", "uploaded"),
    [
        ("AWS::Serverless::Function", "{CodeUri: users}", {"CodeUri": "s3://bk/key.zip"}),
        ("AWS::Serverless::LayerVersion", "{ContentUri: layer}", {"ContentUri": "s3://bk/key.zip"}),
        ("AWS::Lambda::Function", "{Code: users}", {"Code": {"S3Bucket": "bk", "S3Key": "key.zip"}}),
        ("AWS::Lambda::LayerVersion", "{Content: built.zip}", {"Content": {"S3Bucket": "bk", "S3Key": "key.zip"}}),
        ("AWS::Serverless::Api", "{DefinitionUri: api.yaml}", {"DefinitionUri": {"Bucket": "bk", "Key": "key.zip"}}),
    ],
)
def test_what_was_uploaded_takes_the_place_of_the_path(
    template_of: MakeTemplate, type_: str, given: str, uploaded: object
) -> None:
    template = template_of(function(given, type_))
    (artifact,) = find_artifacts(template, {})

    document = relocate(template, {artifact.logical_id: ("bk", "key.zip")})

    assert document["Resources"]["Fn"]["Properties"] == uploaded
    assert template.document["Resources"]["Fn"]["Properties"] != uploaded


def test_code_of_globals_moves_to_each_function(template_of: MakeTemplate) -> None:
    template = template_of(
        "Globals: {Function: {CodeUri: users, Timeout: 3}}\nResources:\n  A: {Type: AWS::Serverless::Function}\n"
    )

    document = relocate(template, {"A": ("bk", "k")})

    assert document["Globals"] == {"Function": {"Timeout": 3}}
    assert document["Resources"]["A"]["Properties"] == {"CodeUri": "s3://bk/k"}


def test_a_path_that_is_not_there_is_named_with_its_resource(template_of: MakeTemplate, tmp_path: Path) -> None:
    with pytest.raises(
        TemplateError, match=r"CodeUri of Fn is 'src/nowhere', and there is no .*/src/nowhere"
    ) as caught:
        find_artifacts(template_of(function("{CodeUri: src/nowhere}")), {})

    assert str(tmp_path) in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (function("{Handler: a.b}"), "the function Fn has no code"),
        (function("{CodeUri: api.yaml}"), "neither a folder nor a .zip file"),
        (function("{DefinitionUri: users}", "AWS::Serverless::Api"), "which is not a file"),
        (function("{TemplateURL: child.yaml}", "AWS::CloudFormation::Stack"), "sam build && sam deploy"),
        ("Resources: {'Fn::ForEach::All': [A, [b], {}]}\n", "sam build && sam deploy"),
    ],
)
def test_what_cannot_be_packaged_is_said(template_of: MakeTemplate, text: str, said: str) -> None:
    template = template_of(text)

    with pytest.raises(TemplateError) as caught:
        find_artifacts(template, {})

    assert said in f"{caught.value} {caught.value.hint}"
