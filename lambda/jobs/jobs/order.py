"""The rules for what clients order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from proxy_integration.errors import FieldError, validation_failed

from jobs.job import Order
from jobs.work import KINDS, RULES

FIELDS = frozenset({"kind", "payload", "group"})
GROUP = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
"""What SQS takes for a message group, less the punctuation that nobody wants in an id."""


def parse_order(document: Mapping[str, Any]) -> Order:
    """The order in a request's body. Raises InvalidRequest with every field that is wrong."""
    kind, payload, group = document.get("kind"), document.get("payload"), document.get("group")
    errors = []
    if not isinstance(kind, str) or kind not in KINDS:
        errors.append(FieldError("kind", f"must be one of {', '.join(KINDS)}"))
    if not isinstance(payload, dict):
        errors.append(FieldError("payload", "must be an object"))
    elif isinstance(kind, str) and kind in RULES and (error := RULES[kind](payload)):
        errors.append(error)
    if group is not None and not (isinstance(group, str) and GROUP.fullmatch(group)):
        errors.append(FieldError("group", "must be 1 to 128 letters, digits, or any of _ . : -"))
    errors += [FieldError(name, "is not known") for name in sorted(document.keys() - FIELDS)]
    if errors:
        raise validation_failed(errors)
    return Order(str(kind), dict(payload or {}), group)
