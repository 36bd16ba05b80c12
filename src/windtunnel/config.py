"""Settings: the only reader of the environment and of windtunnel.toml.

A setting's value is the first found of: flag, environment variable, windtunnel.toml, default.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from windtunnel.errors import ConfigError

CONFIG_FILE = "windtunnel.toml"
ENGINES = ("embedded", "localstack", "aws")
HOST = "127.0.0.1"
"""What every server listens on: this machine only. An IP address, because boto3 then uses path-style S3 addresses."""


@dataclass(frozen=True)
class Example:
    """A request that `up` prints as a curl line."""

    title: str
    method: str
    path: str
    body: str | None = None


@dataclass(frozen=True)
class Settings:
    """Everything that can be chosen. Paths are absolute; times are in seconds."""

    root: Path
    """The project: the folder that holds windtunnel.toml."""
    engine: str = "embedded"
    port: int = 4566
    api_port: int = 4567
    """Where the stack's API is at the root."""
    region: str = "us-east-1"
    account: str = "000000000000"
    """The AWS account on an engine of this machine."""
    stack: str = "windtunnel"
    template: Path = Path("infra/sam/template.yaml")
    stacks: tuple[str, ...] = ()
    """The optional parts to deploy with the stack: folders of `stacks/`, beside the template. "all" is every one."""
    start_timeout: float = 60.0
    deploy_timeout: float = 300.0
    state_dir: Path = Path(".windtunnel")
    """Everything that windtunnel writes while it runs."""
    project: str = ""
    """The Compose project of the container engine; named by the checkout's folder where it is empty."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    engine_environment: Mapping[str, str] = field(default_factory=dict)
    dynamodb: Mapping[str, Any] = field(default_factory=dict)
    """How true to life DynamoDB is: dynamodb/true_to_life.py has the names, and checks them."""
    examples: tuple[Example, ...] = ()
    freeze: bool = True
    """Whether functions' environments are stopped between invocations, as on AWS."""
    chosen: frozenset[str] = frozenset()
    """The names of what a flag or the environment set, for this one command: they are not to be second-guessed."""
    application: str = ""
    """Of an optional part: the stack of the application that it is a part of. The application's own has none."""

    @property
    def main(self) -> bool:
        """Whether it is the application's own stack, and no optional part."""
        return not self.application

    @property
    def install_dir(self) -> Path:
        """What scripts/bootstrap made (environments, function runtimes, wheels), shared by a checkout's engines."""
        return self.root / ".windtunnel"

    @property
    def compose_project(self) -> str:
        """The container engine's project, as Compose itself names one by its folder."""
        return self.project or _project_name(self.root.name)

    @property
    def endpoint_url(self) -> str:
        """The address of a local engine."""
        return f"http://{HOST}:{self.port}"

    @property
    def parts(self) -> tuple[Settings, ...]:
        """The settings of each optional part that is asked for. Raises ConfigError for one that is not there."""
        known = find_parts(self.template)
        if unknown := [name for name in self.stacks if name not in {*known, ALL}]:
            there = f"there are {', '.join(known)}" if known else f"there are none in {self.template.parent / PARTS}"
            raise ConfigError(f"stacks names {', '.join(unknown)}, which is no optional part", hint=there)
        names = known if ALL in self.stacks else tuple(name for name in known if name in self.stacks)
        return tuple(self.part(name) for name in names)

    def part(self, name: str) -> Settings:
        """The settings of one optional part, a stack of its own."""
        return replace(
            self,
            stack=f"{self.stack}-{name}",
            template=self.template.parent / PARTS / name / "template.yaml",
            stacks=(),
            examples=(),
            application=self.stack,
        )

    @property
    def relatives(self) -> tuple[str, ...]:
        """Of an optional part: the application's stack and those of the other parts, whose outputs it may use."""
        if self.main:
            return ()
        folder = self.template.parent
        others = (path.parent.name for path in folder.parent.glob("*/template.yaml") if path.parent != folder)
        return (self.application, *(f"{self.application}-{name}" for name in sorted(others)))


PARTS, ALL = "stacks", "all"


def find_parts(template: Path) -> tuple[str, ...]:
    """The optional parts beside a template, by name."""
    return tuple(sorted(path.parent.name for path in (template.parent / PARTS).glob("*/template.yaml")))


@dataclass(frozen=True)
class _Scalar:
    """A setting that has one value: how it is written in the environment, and how text becomes its value."""

    variables: tuple[str, ...]
    parse: Callable[[str], Any]


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError("not a port: 1 to 65535")
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 86_400:
        raise ValueError("not a number of seconds above 0")
    return seconds


def _engine(text: str) -> str:
    if text not in ENGINES:
        close = difflib.get_close_matches(text, ENGINES, n=1)
        meant = f"; did you mean '{close[0]}'?" if close else ""
        raise ValueError(f"no such engine: there are {', '.join(ENGINES)}{meant}")
    return text


def _name(text: str) -> str:
    if not text or not text[0].isalpha() or not all(c.isalnum() or c == "-" for c in text) or len(text) > 128:
        raise ValueError("letters, digits and hyphens, a letter first, 128 at most")
    return text


def _account(text: str) -> str:
    if len(text) != 12 or not text.isdecimal():
        raise ValueError("not an account: twelve digits")
    return text


def _project_name(text: str) -> str:
    """Compose's rule: lower case letters, digits, hyphens and underscores, a letter or digit first."""
    kept = "".join(c for c in text.lower() if c in "abcdefghijklmnopqrstuvwxyz0123456789_-").lstrip("_-")
    return kept or "windtunnel"


def _project(text: str) -> str:
    if _project_name(text) != text:
        raise ValueError("lower case letters, digits, - and _, a letter or digit first")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(_name(name.strip()) for name in text.split(",") if name.strip())


SCALARS: Mapping[str, _Scalar] = MappingProxyType(
    {
        "engine": _Scalar(("WINDTUNNEL_ENGINE", "ENGINE"), _engine),
        "port": _Scalar(("WINDTUNNEL_PORT",), _port),
        "api_port": _Scalar(("WINDTUNNEL_API_PORT",), _port),
        "region": _Scalar(("WINDTUNNEL_REGION",), _name),
        "account": _Scalar(("WINDTUNNEL_ACCOUNT",), _account),
        "project": _Scalar(("WINDTUNNEL_PROJECT",), _project),
        "stack": _Scalar(("WINDTUNNEL_STACK",), _name),
        "template": _Scalar(("WINDTUNNEL_TEMPLATE",), Path),
        "stacks": _Scalar(("WINDTUNNEL_STACKS",), _names),
        "start_timeout": _Scalar(("WINDTUNNEL_START_TIMEOUT",), _seconds),
        "deploy_timeout": _Scalar(("WINDTUNNEL_DEPLOY_TIMEOUT",), _seconds),
        "state_dir": _Scalar(("WINDTUNNEL_STATE_DIR",), Path),
    }
)
TABLES = ("parameters", "engine_environment")


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds windtunnel.toml. Raises ConfigError where there is none."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_FILE).is_file():
            return folder
    raise ConfigError(
        f"no {CONFIG_FILE} in {start} or above it",
        hint="run windtunnel inside its checkout, or in a folder with a windtunnel.toml of its own (it may be empty)",
    )


def load(
    flags: Mapping[str, object] | None = None,
    *,
    start: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Settings:
    """Settings for the project around `start` (the working directory where it is None).

    `flags` maps setting names to values; None means not given. Raises ConfigError, which names the value's source.
    """
    root = find_root((start or Path.cwd()).resolve())
    variables = os.environ if variables is None else variables
    document = _read(root / CONFIG_FILE)

    values: dict[str, Any] = {}
    chosen: set[str] = set()
    for name, scalar in SCALARS.items():
        source, raw = _first(name, scalar, flags or {}, variables, document)
        if raw is None:
            continue
        if source != CONFIG_FILE:
            chosen.add(name)
        try:
            values[name] = scalar.parse(str(raw))
        except ValueError as error:
            raise ConfigError(f"{name} = {raw!r} ({source}): {error}") from error
    for name in TABLES:
        values[name] = MappingProxyType({key: str(value) for key, value in _table(document, name).items()})
    values["dynamodb"] = MappingProxyType(dict(_table(document, "dynamodb")))
    values["examples"] = _examples(document)
    values["freeze"] = _freeze(document)

    settings = Settings(root=root, chosen=frozenset(chosen), **values)
    return replace(
        settings, template=(root / settings.template).resolve(), state_dir=(root / settings.state_dir).resolve()
    )


def environment(flags: Mapping[str, object] | None = None) -> dict[str, str]:
    """This process's environment for a program it starts, with the flags in it, so that both see the same settings."""
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    return {**os.environ, **{SCALARS[name].variables[0]: str(value) for name, value in given.items()}}


def _first(
    name: str,
    scalar: _Scalar,
    flags: Mapping[str, object],
    variables: Mapping[str, str],
    document: Mapping[str, object],
) -> tuple[str, object]:
    """The setting's first value and where it came from; (…, None) where nothing sets it."""
    if flags.get(name) is not None:
        return f"--{name.replace('_', '-')}", flags[name]
    for variable in scalar.variables:
        # an empty variable is what `ENGINE= make up` leaves: not a choice
        if variables.get(variable):
            return variable, variables[variable]
    return CONFIG_FILE, document.get(name)


def _read(path: Path) -> Mapping[str, object]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    known = {*SCALARS, *TABLES, "dynamodb", "examples", "functions"}
    for key in document:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            meant = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(sorted(known))}"
            raise ConfigError(f"{path} sets '{key}', which is no setting", hint=meant)
    return document


def dynamodb_options(start: Path | None = None) -> Mapping[str, Any]:
    """windtunnel.toml's [dynamodb]; nothing where there is no such file, as the engine runs anywhere."""
    try:
        root = find_root((start or Path.cwd()).resolve())
    except ConfigError:
        return {}
    return _table(_read(root / CONFIG_FILE), "dynamodb")


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{CONFIG_FILE}: '{name}' is a table: write [{name}]")
    for key, value in table.items():
        if not isinstance(value, str | int | float):
            raise ConfigError(f"{CONFIG_FILE}: {name}.{key} is text or a number, not {value!r}")
    return table


def _freeze(document: Mapping[str, object]) -> bool:
    table = _table(document, "functions")
    for key in table:
        if key != "freeze":
            raise ConfigError(f"{CONFIG_FILE}: [functions] has no '{key}'", hint="known is freeze")
    freeze = table.get("freeze", True)
    if not isinstance(freeze, bool):
        raise ConfigError(f"{CONFIG_FILE}: functions.freeze is true or false, not {freeze!r}")
    return freeze


def _examples(document: Mapping[str, object]) -> tuple[Example, ...]:
    entries = document.get("examples", [])
    known = {f.name for f in fields(Example)}
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{CONFIG_FILE}: examples are written [[examples]]")
    for entry in entries:
        if not {"title", "method", "path"} <= set(entry) <= known or not all(
            isinstance(v, str) for v in entry.values()
        ):
            raise ConfigError(f"{CONFIG_FILE}: an example has title, method, path and, if it wants, body: {entry!r}")
    return tuple(Example(**entry) for entry in entries)
