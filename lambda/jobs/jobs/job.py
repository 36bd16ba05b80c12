"""A job: what is to be done, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """queued → running → succeeded; a failed attempt is queued again until no attempt is left, and then failed."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class Order:
    """What a client asks for. Jobs of one `group` are done one after the other, in their order."""

    kind: str
    payload: Mapping[str, Any]
    group: str | None = None


@dataclass(frozen=True)
class Job:
    """A job as it is stored and shown. `attempts` are those that were begun."""

    job_id: str
    order: Order
    state: State
    created_at: str
    updated_at: str
    attempts: int = 0
    result: Mapping[str, Any] | None = None
    error: str | None = None

    def document(self) -> dict[str, Any]:
        """The JSON document; what there is none of is not in it."""
        optional = {"group": self.order.group, "result": self.result, "error": self.error}
        return {
            "jobId": self.job_id,
            "kind": self.order.kind,
            "payload": self.order.payload,
            "state": str(self.state),
            "attempts": self.attempts,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            **{name: value for name, value in optional.items() if value is not None},
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Job:
        """A stored job. Raises KeyError or ValueError where it is none."""
        return cls(
            job_id=item["jobId"],
            order=Order(item["kind"], item["payload"], item.get("group")),
            state=State(item["state"]),
            created_at=item["createdAt"],
            updated_at=item["updatedAt"],
            attempts=int(item["attempts"]),
            result=item.get("result"),
            error=item.get("error"),
        )
