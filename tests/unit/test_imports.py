"""Imports go down only: DESIGN's direction, read off the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src/windtunnel"

# a module may import those of a lower rank, and its own package
RANK = {
    "errors": 0,
    "access_key": 0,
    "config": 1,
    "files": 1,
    "http": 2,
    "functions": 3,
    "dynamodb": 3,
    "apigateway": 4,
    "edge": 5,
    "plugin": 4,
    "deploy": 2,
    "engines": 6,
    "events": 7,
    "stack": 7,
    "harness": 8,
    "checks": 9,
    "doctor": 9,
    "logs": 9,
    "watch": 9,
    "invoke": 9,
    "console": 10,
    "testing": 10,
    "load": 11,
    "cli": 12,
    "__main__": 13,
}


def modules() -> list[Path]:
    return sorted(SOURCES.rglob("*.py"))


def noun(module: Path) -> str:
    """The first name below windtunnel: the package or module."""
    return module.relative_to(SOURCES).with_suffix("").parts[0]


def imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names if node.module == "windtunnel" else [node.module or ""]


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(SOURCES)))
def test_imports_go_down_only(module: Path) -> None:
    name = noun(module)
    if name == "__init__":
        return

    for target in imported(module):
        head, _, rest = target.partition(".")
        if head != "windtunnel" or not rest or rest.startswith("__"):
            continue
        other = rest.split(".")[0]
        assert other == name or RANK[other] < RANK[name], f"{module} imports {target}"


@pytest.mark.parametrize("name", ["functions", "plugin"])
def test_what_runs_inside_the_engine_imports_nothing_of_the_harness(name: str) -> None:
    # functions run in the edge; what the plugin takes of them brings nothing along that its environment lacks
    allowed = {"functions", "errors", "plugin", "__version__"} if name == "plugin" else {"functions", "errors", "http"}

    targets = [t for module in (SOURCES / name).rglob("*.py") for t in imported(module) if t.startswith("windtunnel.")]

    assert {target.split(".")[1] for target in targets} <= allowed


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        noun(module)
        for module in modules()
        if any(
            isinstance(n, ast.Attribute) and n.attr in {"environ", "getenv"}
            for n in ast.walk(ast.parse(module.read_text()))
        )
        and noun(module) not in {"functions", "plugin"}  # they run in processes of their own, not in this one
    }

    # engines/process.py asks psutil for other processes' environments
    assert readers <= {"config", "engines"}


def test_the_application_is_never_imported() -> None:
    services = {folder.name for folder in (SOURCES.parents[1] / "lambda").iterdir() if folder.is_dir()}

    assert not [t for module in modules() for t in imported(module) if t.split(".")[0] in services]
