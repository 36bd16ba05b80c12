"""AWS's error objects: the payload of an invocation that the handler did not answer itself.

Worded as AWS's runtime interface emulator and recorded answers of Lambda word them.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass

MAX_PAYLOAD = 6_291_556
"""Bytes: 6 MB and Lambda's own overhead, the limit of a synchronous response."""
MAX_STREAMED = 200 * 1024 * 1024
"""Bytes of a response that is streamed (AWS Lambda Developer Guide, "Response streaming for Lambda functions")."""


@dataclass(frozen=True)
class Failure:
    """An error that Lambda reports for a function."""

    type: str
    message: str

    @property
    def payload(self) -> bytes:
        """The JSON that the caller gets."""
        return json.dumps({"errorType": self.type, "errorMessage": self.message}).encode()


def timed_out(request_id: str, timeout: float) -> Failure:
    """The function took longer than its timeout (seconds)."""
    return Failure("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds")


def exited(request_id: str, code: int) -> Failure:
    """The runtime's process ended in the middle; `code` as Popen.returncode has it, negative for a signal."""
    if code == 0:
        return Failure("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited without providing a reason")
    reason = f"exit status {code}" if code > 0 else f"signal: {_signal_name(-code)}"
    return Failure("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {reason}")


def gave_up(request_id: str, kind: str, name: str) -> Failure:
    """An extension reported an error, or ended; `kind` is Extension.InitError, .ExitError or .Crash."""
    return Failure(kind, f"RequestId: {request_id} Error: the extension {name} failed: {kind}")


def no_entrypoint(request_id: str, error: Exception) -> Failure:
    """The runtime's program cannot be started, as AWS's init process (written in Go) says it."""
    if not isinstance(error, OSError) or not error.filename:
        return Failure("Runtime.InvalidEntrypoint", f"RequestId: {request_id} Error: {error}")
    words = (error.strerror or "").lower()
    return Failure("Runtime.InvalidEntrypoint", f"RequestId: {request_id} Error: fork/exec {error.filename}: {words}")


def out_of_memory(request_id: str) -> Failure:
    """It was killed for holding more than its MemorySize."""
    return Failure("Runtime.OutOfMemory", exited(request_id, -signal.SIGKILL).message)


def too_large() -> Failure:
    """The handler's answer is over MAX_PAYLOAD."""
    return Failure(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes).",
    )


def error_type(payload: bytes) -> str:
    """The errorType of an error object, for the REPORT line; "" where it has none."""
    try:
        error = json.loads(payload)
    except ValueError:
        return ""
    found = error.get("errorType") if isinstance(error, dict) else None
    return found if isinstance(found, str) else ""


def _signal_name(number: int) -> str:
    # Go's words, which AWS's init process is written in
    names = {signal.SIGKILL: "killed", signal.SIGSEGV: "segmentation fault", signal.SIGABRT: "aborted"}
    try:
        return names.get(signal.Signals(number)) or (signal.strsignal(number) or f"signal {number}").lower()
    except ValueError:
        return f"signal {number}"
