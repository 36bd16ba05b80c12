"""The states of a runtime, as AWS's Runtime API names them, and the steps between them that it allows.

Source: AWS's runtime interface emulator, core/states.go and core/runtime_state_names.go.
"""

from __future__ import annotations

STARTED = "Started"
INIT_ERROR = "InitError"
READY = "Ready"
"""It has asked for an invocation, and may have one."""
RESPONSE = "InvocationResponse"
ERROR_RESPONSE = "InvocationErrorResponse"
SENT = "RuntimeResponseSentState"

ALLOWED = {
    STARTED: {READY, INIT_ERROR},
    INIT_ERROR: set(),
    READY: {READY, RESPONSE, ERROR_RESPONSE},
    RESPONSE: {SENT},
    ERROR_RESPONSE: {SENT},
    SENT: {READY},
}


def refusal(state: str, wanted: str) -> str:
    """What the Runtime API says of a step; "" where it is allowed."""
    if wanted in ALLOWED[state]:
        return ""
    return f"State transition from {state} to {wanted} failed for runtime. Error: State transition is not allowed"
