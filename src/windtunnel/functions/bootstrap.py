"""What a Python function's process runs first: the import path as AWS has it, then AWS's runtime interface client.

Started as `python -P bootstrap.py PARENT [OPT]`: the engine's process id, and the folder that stands for /opt.
"""

import os
import socket
import sys
from collections.abc import Mapping
from typing import Any


def die_with(parent: int) -> None:
    """Ask the kernel to end this process when the engine's ends, however that happens. Linux only.

    Elsewhere the broken connection to the Runtime API ends the runtime.
    """
    if sys.platform != "linux":
        return
    import ctypes
    import signal

    set_parent_death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os._exit(1)


def import_path(task_root: str, opt: str | None) -> list[str]:
    """What comes first in sys.path: the function, then its layers."""
    if opt is None:
        return [task_root]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [task_root, os.path.join(opt, "python", "lib", version, "site-packages"), os.path.join(opt, "python")]  # noqa: PTH118


class Line:
    """The connection to the Runtime API, in one exchange an invocation: an answer goes with the question for the next.

    AWS's own client (libcurl, and a thread for each question) asks in an exchange of its own: that is twice the
    messages, and half of an invocation's time where a processor has to be woken for each.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer = b""

    def answer(self, request_id: str, kind: str, body: bytes, content_type: str) -> None:
        """Keep an answer until the next question."""
        self._answer = (
            f"POST /2018-06-01/runtime/invocation/{request_id}/{kind}?next HTTP/1.1\r\nHost: runtime\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def next(self) -> tuple[bytes, Mapping[str, str]]:
        """Answer, ask, and wait for the next invocation: its event and its headers. Raises ConnectionError."""
        answer, self._answer = self._answer, b""
        self._socket.sendall(answer or b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n")
        head, found, body = b"", b"", b""
        while not found:
            head += self._receive()
            head, found, body = head.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers["Content-Length"])
        if length > len(body):
            parts, missing = [body], length - len(body)
            while missing > 0:
                parts.append(self._receive())
                missing -= len(parts[-1])
            body = b"".join(parts)
        if " 200 " not in status:
            raise ConnectionError(f"the Runtime API answered {status}: {body.decode(errors='replace')}")
        return body, headers

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the Runtime API has gone")
        return data


def runtime_client(address: str) -> Any:
    """AWS's client with a line of ours."""
    from awslambdaric.lambda_runtime_client import InvocationRequest, LambdaRuntimeClient

    class Client(LambdaRuntimeClient):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(address)
            self._line: Line | None = None

        def wait_next_invocation(self) -> InvocationRequest:
            if self._line is None:
                self._line = Line(address)
            body, headers = self._line.next()
            return InvocationRequest(
                invoke_id=headers["Lambda-Runtime-Aws-Request-Id"],
                x_amzn_trace_id=headers.get("Lambda-Runtime-Trace-Id"),
                invoked_function_arn=headers["Lambda-Runtime-Invoked-Function-Arn"],
                deadline_time_in_ms=int(headers["Lambda-Runtime-Deadline-Ms"]),
                client_context=headers.get("Lambda-Runtime-Client-Context"),
                cognito_identity=headers.get("Lambda-Runtime-Cognito-Identity"),
                tenant_id=headers.get("Lambda-Runtime-Aws-Tenant-Id"),
                content_type=headers["Content-Type"],
                event_body=body,
                invocation_id=None,
            )

        def post_invocation_result(
            self,
            invoke_id: str,
            result_data: str | bytes,
            content_type: str = "application/json",
            invocation_id: str | None = None,
        ) -> None:
            body = result_data if isinstance(result_data, bytes) else result_data.encode()
            assert self._line is not None
            self._line.answer(invoke_id, "response", body, content_type)

        def post_invocation_error(
            self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: str | None = None
        ) -> None:
            assert self._line is not None
            self._line.answer(invoke_id, "error", error_response_data.encode(), "application/json")

    return Client()


def main() -> None:
    """Become the runtime."""
    die_with(int(sys.argv[1]))
    opt = sys.argv[2] if len(sys.argv) > 2 else None
    sys.path[:0] = import_path(os.environ["LAMBDA_TASK_ROOT"], opt)
    handler = os.environ["_HANDLER"]
    from awslambdaric.bootstrap import run

    # as AWS's own bootstrap has it; what follows is not for the function to see
    sys.argv = ["/var/runtime/bootstrap.py", handler]
    run(handler, runtime_client(os.environ["AWS_LAMBDA_RUNTIME_API"]))


if __name__ == "__main__":
    main()
