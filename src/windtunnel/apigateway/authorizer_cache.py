"""What authorizers said, kept for their time to live.

Source: API reference, "CreateAuthorizer", authorizerResultTtlInSeconds: 0 keeps nothing, 300 where it is not set, 3600
at most. What is kept belongs to one authorizer of one deployed stage and one identity.
"""

from __future__ import annotations

from collections import OrderedDict

from windtunnel.apigateway.definition import Authorizer, Stage

LONGEST = 3_600
Key = tuple[str, ...]


def cache_key(stage: Stage, authorizer: Authorizer, identity: tuple[str, ...]) -> Key:
    """What an authorizer's answer is kept under."""
    return (stage.account, stage.region, stage.api_id, stage.stage_name, stage.deployment_id, authorizer.id, *identity)


class AuthorizerCache[Answer]:
    """Answers by key, `capacity` at most: the ones that were not asked for longest go first."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()

    def get(self, key: Key, now: float) -> Answer | None:
        """What was put and is still valid. `now`: seconds of the clock that put had."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        expires, answer = entry
        if now >= expires:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return answer

    def put(self, key: Key, answer: Answer, ttl: int, now: float) -> None:
        """Keep an answer for `ttl` seconds; 0 and less: not at all."""
        if ttl <= 0:
            return
        self._entries[key] = (now + min(ttl, LONGEST), answer)
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)
