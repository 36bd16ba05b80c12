"""Reading a SAM or CloudFormation template: YAML with the short intrinsics (!Ref), or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windtunnel.errors import TemplateError

Document = dict[str, Any]

MAX_INLINE_BYTES = 51_200
"""The longest TemplateBody that CloudFormation takes; a longer template goes by TemplateURL."""


@dataclass(frozen=True)
class Template:
    """A template as AWS would see it: intrinsics in their long form ({"Fn::Sub": ...}), timestamps as text."""

    path: Path
    document: Document

    @property
    def folder(self) -> Path:
        """What paths in the template are relative to."""
        return self.path.parent

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """Resources by logical id."""
        resources: Mapping[str, Mapping[str, Any]] = self.document["Resources"]
        return resources


def read_template(path: Path) -> Template:
    """The template at `path`. Raises TemplateError: missing, unreadable, broken, or without resources."""
    path = path.absolute()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise TemplateError(
            f"no template at {path}", hint="set 'template' in windtunnel.toml, or pass --template"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"the template {path} cannot be read: {error}") from error

    document = parse(text, str(path))
    if not isinstance(document, dict):
        raise TemplateError(f"{path} is no template: its top level is {_kind(document)}, not a mapping")
    _check_resources(document, path)
    return Template(path, document)


def parse(text: str, name: str) -> Any:
    """The value that YAML or JSON text holds. Raises TemplateError with file, line, column and the problem."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            # flow-style YAML starts with a brace too, so YAML has the last word; but then JSON's message is lost
            try:
                return _parse_yaml(text, name)
            except TemplateError:
                raise TemplateError(
                    f"{name}:{error.lineno}:{error.colno}: broken JSON: {error.msg}",
                    detail=_excerpt(text, error.lineno - 1, error.colno - 1),
                ) from error
    return _parse_yaml(text, name)


def to_json(document: Document) -> str:
    """The template as compact JSON, the same text for the same document. Raises TemplateError for what JSON has not."""
    try:
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise TemplateError(f"the template holds something that CloudFormation does not know: {error}") from error


def _parse_yaml(text: str, name: str) -> Any:
    import yaml  # 25 ms that only a deployment needs

    try:
        return yaml.load(text, Loader=_loader())  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        problem = ", ".join(part for part in (error.problem, error.context) if part)
        raise TemplateError(
            f"{where}: broken YAML: {problem}", detail=_excerpt(text, mark.line, mark.column) if mark else ""
        ) from error
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise TemplateError(f"{name}: broken YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise TemplateError(f"{name}: broken YAML: nested too deep, or an anchor that contains itself") from error


def _loader() -> Any:
    """A YAML loader class that reads templates as `sam` does; libyaml's, ten times faster, where it is there."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class TemplateLoader(base):  # type: ignore[misc]
        """One of its own, so that PyYAML's shared loader stays as it is."""

    # `Version: 2012-10-17` is text
    TemplateLoader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    TemplateLoader.add_multi_constructor("!", _intrinsic)
    return TemplateLoader


def _intrinsic(loader: Any, suffix: str, node: Any) -> Document:
    """A short intrinsic in its long form: `!GetAtt A.Arn` becomes {"Fn::GetAtt": ["A", "Arn"]}."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


def _check_resources(document: Document, path: Path) -> None:
    resources = document.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise TemplateError(
            f"{path} has no Resources, so there is nothing to deploy",
            hint="a template has at least one entry under the key 'Resources' (a capital R)",
        )
    for logical_id, resource in resources.items():
        if str(logical_id).startswith("Fn::ForEach"):
            continue
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise TemplateError(f"{path}: the resource {logical_id} has no Type")
        if not isinstance(resource.get("Properties", {}), dict):
            raise TemplateError(f"{path}: the Properties of {logical_id} are {_kind(resource['Properties'])}")
    for section in ("Globals", "Parameters", "Outputs"):
        if not isinstance(document.get(section, {}), dict):
            raise TemplateError(f"{path}: {section} is {_kind(document[section])}, not a mapping")


def _kind(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else f"the value {value!r}"


def _excerpt(text: str, line: int, column: int) -> str:
    """The lines around a place (counted from 0), with a caret below it."""
    lines = [*text.splitlines(), "(the end)"]  # something unclosed is noticed only there
    shown = [f"{number + 1:>5} | {lines[number]}" for number in range(max(0, line - 1), line + 1)]
    return "\n".join([*shown, " " * (8 + column) + "^"])
