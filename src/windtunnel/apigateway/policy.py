"""IAM policy documents, compiled, and what they say of a request.

Sources: IAM User Guide, "Policy evaluation logic" (a deny wins, then an allow, else it is denied implicitly) and "IAM
JSON policy elements reference".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from windtunnel.apigateway.condition import Condition, Context, conditions
from windtunnel.apigateway.wildcard import Matcher, matcher

Decision = Literal["allow", "explicit deny", "implicit deny"]
Principal = tuple[str, str]
"""A principal's kind and name: ("Service", "apigateway.amazonaws.com"); ("AWS", "*") for somebody anonymous."""


class PolicyError(ValueError):
    """A policy document that is none."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement; of a negated element (NotAction, ...) none of the matchers may match."""

    allows: bool
    actions: tuple[Matcher, ...]
    not_action: bool
    resources: tuple[Matcher, ...]
    not_resource: bool
    principals: frozenset[Principal] | None
    """None: the statement has no principal."""
    not_principal: bool
    conditions: tuple[Condition, ...]

    def applies(self, action: str, resource: str, context: Context, principal: Principal | None) -> bool:
        """Whether it is about this request."""
        return (
            any(match(action) for match in self.actions) != self.not_action
            and any(match(resource) for match in self.resources) != self.not_resource
            and (principal is None or self._names(principal) != self.not_principal)
            and all(condition.holds(context) for condition in self.conditions)
        )

    def _names(self, principal: Principal) -> bool:
        return self.principals is not None and (principal in self.principals or ("AWS", "*") in self.principals)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document, ready to be asked."""

    statements: tuple[Statement, ...]
    conditional: bool
    """Whether any statement has a condition: else nobody needs to make a context."""

    def evaluate(
        self, action: str, resource: str, context: Context | None = None, principal: Principal | None = None
    ) -> Decision:
        """What it says; without a principal the statements' own ones do not matter, as in an identity's policy."""
        allowed = False
        for statement in self.statements:
            if statement.applies(action, resource, context or {}, principal):
                if not statement.allows:
                    return "explicit deny"
                allowed = True
        return "allow" if allowed else "implicit deny"


def compile_policy(document: object) -> Policy:
    """Compile a policy document. Raises PolicyError, which says what of it is wrong."""
    if not isinstance(document, Mapping):
        raise PolicyError(f"a policy document is an object, not {document!r}")
    entries = document.get("Statement")
    statements = tuple(_statement(entry) for entry in (entries if isinstance(entries, list) else [entries]))
    return Policy(statements, any(statement.conditions for statement in statements))


def _statement(entry: object) -> Statement:
    if not isinstance(entry, Mapping):
        raise PolicyError(f"a policy's statement is an object, not {entry!r}")
    effect = entry.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"a statement's Effect is Allow or Deny, not {effect!r}")
    actions, not_action = _either(entry, "Action")
    resources, not_resource = _either(entry, "Resource")
    not_principal = "NotPrincipal" in entry
    principal = entry.get("NotPrincipal" if not_principal else "Principal")
    condition = entry.get("Condition") or {}
    try:
        compiled = conditions(condition)
    except (AttributeError, ValueError) as error:
        raise PolicyError(f"a statement's Condition cannot be read: {condition!r}") from error
    return Statement(
        allows=effect == "Allow",
        # actions are told apart by their letters only, resources by their case as well
        actions=tuple(matcher(action, ignore_case=True) for action in actions),
        not_action=not_action,
        resources=tuple(matcher(resource) for resource in resources),
        not_resource=not_resource,
        principals=None if principal is None else frozenset(_principals(principal)),
        not_principal=not_principal,
        conditions=compiled,
    )


def _either(entry: Mapping[str, Any], name: str) -> tuple[Sequence[str], bool]:
    negated = f"Not{name}" in entry
    return _texts(entry.get(f"Not{name}" if negated else name), name), negated


def _texts(value: object, name: str) -> Sequence[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
        raise PolicyError(f"a statement's {name} is a text or a list of texts, not {value!r}")
    return values


def _principals(element: object) -> list[Principal]:
    if element == "*":
        return [("AWS", "*")]
    if not isinstance(element, Mapping):
        raise PolicyError(f"a statement's Principal is * or an object, not {element!r}")
    return [(kind, name) for kind, names in element.items() for name in _texts(names, "Principal")]
