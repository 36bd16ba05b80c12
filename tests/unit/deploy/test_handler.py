from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.deploy.archive import Entry, write_archive
from windtunnel.deploy.artifact import Artifact
from windtunnel.deploy.handler import check_handlers
from windtunnel.errors import TemplateError


def function(handler: str, layers: tuple[str | None, ...] = (), runtime: str = "python3.13") -> Artifact:
    return Artifact(
        "Create", "function", "AWS::Serverless::Function", "CodeUri", Path("/src"),
        handler=handler, layers=layers, runtime=runtime,
    )  # fmt: skip


@pytest.fixture
def archives(tmp_path: Path) -> dict[str, Path]:
    contents = {
        "Create": ["app.py", "handlers/__init__.py", "handlers/create_user.py", "package/__init__.py", "native.so"],
        "Layer": ["python/shared/entry.py", "python/lib/python3.13/site-packages/deep.py"],
    }
    for name, files in contents.items():
        write_archive(tmp_path / f"{name}.zip", {file: Entry(b"") for file in files})
    return {name: tmp_path / f"{name}.zip" for name in contents}


@pytest.mark.parametrize(
    "handler",
    ["app.main", "handlers.create_user.handler", "handlers/create_user.handler", "package.main", "native.main"],
)
def test_a_handler_that_is_there_passes(archives: dict[str, Path], handler: str) -> None:
    check_handlers([function(handler)], archives)


def test_a_missing_module_is_named_with_the_one_that_was_meant(archives: dict[str, Path]) -> None:
    with pytest.raises(
        TemplateError, match=r"handler of Create is 'handlers.create_usr.handler'.*no handlers/create_usr.py"
    ) as caught:
        check_handlers([function("handlers.create_usr.handler")], archives)

    assert caught.value.hint == "did you mean 'handlers.create_user.handler'?"


@pytest.mark.parametrize("handler", ["app", "app.", ".main"])
def test_a_handler_without_module_or_function_is_said(archives: dict[str, Path], handler: str) -> None:
    with pytest.raises(TemplateError, match="not of the form"):
        check_handlers([function(handler)], archives)


@pytest.mark.parametrize("handler", ["shared.entry.main", "deep.main"])
def test_a_layer_may_hold_the_handler(archives: dict[str, Path], handler: str) -> None:
    check_handlers([function(handler, layers=("Layer",))], archives)

    with pytest.raises(TemplateError):
        check_handlers([function(handler)], archives)


def test_a_layer_does_not_hide_the_functions_own_code(archives: dict[str, Path]) -> None:
    check_handlers([function("app.main", layers=("Layer",))], archives)


def test_a_layer_that_lacks_it_too_does_not_help(archives: dict[str, Path]) -> None:
    with pytest.raises(TemplateError, match="or its layers"):
        check_handlers([function("nowhere.main", layers=("Layer",))], archives)


def test_a_layer_from_elsewhere_gets_the_benefit_of_the_doubt(archives: dict[str, Path]) -> None:
    check_handlers([function("datadog_lambda.handler.handler", layers=("Layer", None))], archives)


def test_other_runtimes_and_unknown_handlers_are_not_judged(archives: dict[str, Path]) -> None:
    check_handlers([function("index.handler", runtime="nodejs22.x"), function("")], archives)
