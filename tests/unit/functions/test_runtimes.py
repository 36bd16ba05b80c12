"""Which program runs a runtime, and its words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from windtunnel.errors import EngineError
from windtunnel.functions.runtimes import command, extension_names, find_runtime, language_variables
from windtunnel.functions.spec import FunctionSpec
from windtunnel.functions.variables import Places

SPEC = FunctionSpec("f", "1", "eu-west-1", "nodejs22.x", "app.handler", Path("/code"), Path("/layers"), 3.0, 1000)
PLACES = Places(Path("/bin/node"), Path("/runtime"), Path("/code"), Path("/layers"))


@pytest.fixture
def runtimes(tmp_path: Path) -> Path:
    for name, version in (("node", "v20.1.2"), ("nodejs22.x", "v22.3.4")):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin/node").touch()
        (tmp_path / name / "version").write_text(version + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("runtime", "identifier", "exact"),
    [
        ("nodejs22.x", "nodejs:22.3.4", True),
        ("nodejs20.x", "nodejs:20.1.2", True),
        ("nodejs24.x", "nodejs:20.1.2", False),
        ("provided.al2023", "provided.al2023", True),
        ("provided.al2", "provided.al2", True),
    ],
)
def test_a_runtime_has_the_program_of_its_version_or_the_one_that_is_there(
    runtimes: Path, runtime: str, identifier: str, exact: bool
) -> None:
    found = find_runtime(runtimes, runtime)

    assert (found.identifier, found.exact) == (identifier, exact)


@pytest.mark.parametrize("runtime", ["java21", "dotnet8", "ruby3.3", "nodejs", "nodejs14", "go1.x", ""])
def test_a_runtime_that_cannot_be_run_is_named(runtimes: Path, runtime: str) -> None:
    with pytest.raises(EngineError, match=f"the runtime {runtime!r}"):
        find_runtime(runtimes, runtime)


def test_without_a_node_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as error:
        find_runtime(tmp_path, "nodejs22.x")

    assert error.value.hint == "install one, then make setup"


def test_node_has_the_heap_that_aws_gives_it() -> None:
    """5 % and 90 % of the memory, unless the function says otherwise (AWS's own bootstrap of nodejs20.x)."""
    words = command(SPEC, PLACES, "node", {})
    own = command(replace(SPEC, variables={"NODE_OPTIONS": "--max_old_space_size=64"}), PLACES, "node", {})

    assert {"--max-semi-space-size=50", "--max-old-space-size=900"} <= set(words)
    assert not [word for word in own if "space" in word]


@pytest.mark.parametrize(("runtime", "client"), [("nodejs22.x", "node_main.mjs"), ("nodejs24.x", "index.mjs")])
def test_each_generation_has_its_client(runtime: str, client: str) -> None:
    words = command(replace(SPEC, runtime=runtime), PLACES, "node", {})

    assert any(word.endswith(client) for word in words)


def test_node_finds_modules_as_on_aws() -> None:
    # AWS's own bootstrap: NODE_PATH, in this order
    assert language_variables(SPEC, PLACES, "node")["NODE_PATH"].split(":") == [
        "/layers/nodejs/node22/node_modules",
        "/layers/nodejs/node_modules",
        "/runtime/node_modules",
        "/runtime",
        "/code",
    ]


def test_a_bootstrap_of_the_function_comes_before_that_of_a_layer(tmp_path: Path) -> None:
    code, layers = tmp_path / "code", tmp_path / "layers"
    for folder in (code, layers):
        folder.mkdir()
        (folder / "bootstrap").touch()
    spec = replace(SPEC, code=code, layers=layers, runtime="provided.al2023")

    assert list(command(spec, PLACES, "provided", {})) == ["/code/bootstrap"]
    (code / "bootstrap").unlink()
    assert list(command(spec, PLACES, "provided", {})) == ["/layers/bootstrap"]
    (layers / "bootstrap").unlink()
    with pytest.raises(OSError, match="valid bootstrap"):
        command(spec, PLACES, "provided", {})


def test_extensions_are_the_programs_in_the_layers_folder(tmp_path: Path) -> None:
    (tmp_path / "extensions/folder").mkdir(parents=True)
    (tmp_path / "extensions/b").touch()
    (tmp_path / "extensions/a").touch()

    assert extension_names(replace(SPEC, layers=tmp_path)) == ["a", "b"]
    assert extension_names(replace(SPEC, layers=None)) == []
