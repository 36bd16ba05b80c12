"""Scenarios: the classes of a locustfile that can be run, read without running it. `class ReadHeavy` is read-heavy."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from windtunnel.errors import ConfigError, nearest
from windtunnel.load.plan import scenario_class

PROBE_CLASS = "Probe"
"""What measures the emulator, beside each scenario."""


def read_scenarios(path: Path) -> tuple[str, ...]:
    """The names of a locustfile's scenarios. Raises ConfigError where it is not there or is no Python."""
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except FileNotFoundError as error:
        raise ConfigError(f"{path} is not there", hint="scenarios are classes in it: see docs/load.md") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except SyntaxError as error:
        raise ConfigError(f"{path}, line {error.lineno}: {error.msg}", detail=(error.text or "").rstrip()) from error
    except ValueError as error:
        raise ConfigError(f"{path} is no Python: {error}") from error
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    names = {node.name: scenario_name(node.name) for node in classes if _can_be_run(node)}
    return tuple(name for of_class, name in names.items() if scenario_class(name) == of_class)


def scenario_name(of_class: str) -> str:
    """The name of a class's scenario: UsersCrud is users-crud."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", of_class).lower()


def find_scenario(given: str, known: Sequence[str], path: Path) -> str:
    """The scenario that is meant, as it is spelled everywhere: Mixed is mixed, ReadHeavy and read_heavy are read-heavy.

    Raises ConfigError where there is none of that name.
    """
    found = next((name for name in known if _plain(name) == _plain(given)), None)
    if found is None:
        of_class = "".join(word.capitalize() for word in re.split(r"[^0-9A-Za-z]+", given))
        raise ConfigError(
            f"there is no scenario '{given}': {path} has no class {of_class or 'of that name'} to be run",
            hint=nearest(given, known),
        )
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def _can_be_run(node: ast.ClassDef) -> bool:
    """Whether it is a user: neither abstract nor a set of tasks, and not the probe."""
    bases = [ast.unparse(base) for base in node.bases]
    abstract = any(
        isinstance(line, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "abstract" for target in line.targets)
        and isinstance(line.value, ast.Constant)
        and line.value.value is True
        for line in node.body
    )
    return bool(bases) and not abstract and not any("TaskSet" in base for base in bases) and node.name != PROBE_CLASS
