"""A template's parameters and the values they are given."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from windtunnel.deploy.template import Template
from windtunnel.errors import TemplateError


def check_parameters(template: Template, given: Mapping[str, str]) -> None:
    """Raises TemplateError for a value whose parameter the template does not have."""
    declared: Mapping[str, Any] = template.document.get("Parameters") or {}
    for name in given:
        if name not in declared:
            close = difflib.get_close_matches(name, declared, n=1)
            known = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(declared) or 'none'}"
            raise TemplateError(f"{template.path} has no parameter '{name}'", hint=known)


def inherited_parameters(template: Template, outputs: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What an optional part gets from the stacks around it: a parameter named like an output has its value.

    `outputs` are each stack's, the application's first; the first that has the name counts.
    """
    declared: Mapping[str, Any] = template.document.get("Parameters") or {}
    found: dict[str, str] = {}
    for stack in outputs:
        for name in declared:
            if name in stack:
                found.setdefault(name, stack[name])
    return found


def choose_parameters(
    template: Template, given: Mapping[str, str], deployed: Mapping[str, str] | None
) -> tuple[Mapping[str, Any], ...]:
    """Parameters as CloudFormation takes them: what is given, else the template's default, else what the stack has.

    `deployed` is the stack's parameters, None where it is yet to be created. Raises TemplateError for one
    that nothing gives a value.
    """
    declared: Mapping[str, Any] = template.document.get("Parameters") or {}
    chosen: list[Mapping[str, Any]] = []
    for name, declaration in declared.items():
        if name in given:
            chosen.append({"ParameterKey": name, "ParameterValue": given[name]})
        elif isinstance(declaration, dict) and "Default" in declaration:
            continue
        elif deployed is not None and name in deployed:
            chosen.append({"ParameterKey": name, "UsePreviousValue": True})
        else:
            raise TemplateError(
                f"{template.path}: the parameter '{name}' has no default and was given no value",
                hint=f'set it under [parameters] in windtunnel.toml: {name} = "..."',
            )
    return tuple(chosen)


def same_parameters(template: Template, chosen: tuple[Mapping[str, Any], ...], deployed: Mapping[str, str]) -> bool:
    """Whether a stack was deployed with these parameters. Not known for one that AWS hides (NoEcho): then False."""
    declared: Mapping[str, Any] = template.document.get("Parameters") or {}
    values = {entry["ParameterKey"]: entry.get("ParameterValue") for entry in chosen}
    for name, declaration in declared.items():
        if name in values and values[name] is None:
            continue
        wanted = values.get(name, declaration.get("Default") if isinstance(declaration, dict) else None)
        if _as_text(wanted) != deployed.get(name):
            return False
    return True


def _as_text(value: object) -> str:
    """A default as CloudFormation shows it: YAML's true is "true", 5 is "5"."""
    return str(value).lower() if isinstance(value, bool) else str(value)
