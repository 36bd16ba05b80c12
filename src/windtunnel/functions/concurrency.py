"""How many invocations may run at once, in one account and region.

Source: AWS Lambda Developer Guide, "Understanding Lambda function scaling", "Configuring reserved concurrency" and
"Configuring provisioned concurrency": 1000 for all functions; what one has reserved is its limit, and is taken from
what the others share; provisioned environments are taken from the one or the other. API_Invoke names the reasons: who
exceeds a reservation is told ReservedFunctionConcurrentInvocationLimitExceeded, else ConcurrentInvocationLimitExceeded.
"""

from __future__ import annotations

from windtunnel.functions.invoke_error import too_many_requests

ACCOUNT_LIMIT = 1000


class Concurrency:
    """The invocations under way on demand, by function name. One that waits for an environment counts, as on AWS."""

    def __init__(self, limit: int = ACCOUNT_LIMIT) -> None:
        self._limit = limit
        self._reserved: dict[str, int] = {}
        self._provisioned: dict[str, int] = {}
        self._busy: dict[str, int] = {}
        self._shared = limit
        """What the functions without a reservation share."""
        self._sharing = 0
        """The invocations under way of those functions."""

    def reserve(self, name: str, reserved: int | None) -> None:
        """Set or take away a function's reservation. What runs already, goes on."""
        _put(self._reserved, name, reserved)
        self._reckon()

    def provide(self, name: str, provisioned: int) -> None:
        """Set how many provisioned environments a function has."""
        _put(self._provisioned, name, provisioned or None)
        self._reckon()

    def enter(self, name: str) -> None:
        """An invocation on demand begins. Raises InvokeError (429) where the limit is reached."""
        busy = self._busy.get(name, 0)
        reserved = self._reserved.get(name)
        if reserved is None:
            if self._sharing >= self._shared:
                raise too_many_requests("ConcurrentInvocationLimitExceeded")
            self._sharing += 1
        elif busy >= reserved - self._provisioned.get(name, 0):
            raise too_many_requests("ReservedFunctionConcurrentInvocationLimitExceeded")
        self._busy[name] = busy + 1

    def busy(self, name: str) -> int:
        """The invocations under way on demand of a function."""
        return self._busy.get(name, 0)

    def leave(self, name: str) -> None:
        """An invocation that entered is over."""
        busy = self._busy[name] - 1
        if busy:
            self._busy[name] = busy
        else:
            del self._busy[name]
        if name not in self._reserved:
            self._sharing -= 1

    def _reckon(self) -> None:
        taken = sum(self._reserved.values())
        taken += sum(count for name, count in self._provisioned.items() if name not in self._reserved)
        self._shared = self._limit - taken
        self._sharing = sum(busy for name, busy in self._busy.items() if name not in self._reserved)


def _put(numbers: dict[str, int], name: str, number: int | None) -> None:
    if number is None:
        numbers.pop(name, None)
    else:
        numbers[name] = number
