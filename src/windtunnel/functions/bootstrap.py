"""What a Python function's process runs first: the import path as AWS has it, then AWS's runtime interface client.

A zygote's fork calls `run()`. A function that needs an interpreter of its own has it started as `python -P bootstrap.py
OPT BYTECODE LINE`: the folder that stands for /opt ("" for none), where compiled code is kept, and the descriptor of a
connection to the Runtime API.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Mapping
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from typing import Any

YOUNG = 2.0
"""Seconds for which a source file is not trusted: compiled code is found by its age in whole seconds."""


def import_path(task_root: str, opt: str) -> list[str]:
    """What comes first in sys.path: the function, then its layers."""
    if not opt:
        return [task_root]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [task_root, os.path.join(opt, "python", "lib", version, "site-packages"), os.path.join(opt, "python")]  # noqa: PTH118


def keep_bytecode(folders: list[str], bytecode: str) -> None:
    """Keep the compiled code of modules below `folders` in another place: those folders are not to be written to."""

    class Loader(SourceFileLoader):
        def get_code(self, fullname: str) -> Any:
            before, sys.pycache_prefix = sys.pycache_prefix, bytecode
            try:
                return super().get_code(fullname)
            finally:
                sys.pycache_prefix = before

        def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
            if time.time() - os.stat(self.path).st_mtime > YOUNG:  # noqa: PTH116
                super().set_data(path, data, _mode=_mode)

    finder = FileFinder.path_hook(
        (ExtensionFileLoader, EXTENSION_SUFFIXES), (Loader, SOURCE_SUFFIXES), (SourcelessFileLoader, BYTECODE_SUFFIXES)
    )

    def hook(path: str) -> Any:
        if any(path == folder or path.startswith(folder + os.sep) for folder in folders):
            return finder(path)
        raise ImportError(path)

    sys.path_hooks.insert(0, hook)


class Line:
    """The connection to the Runtime API, in one exchange an invocation: an answer goes with the question for the next.

    AWS's own client (libcurl, and a thread for each question) asks in an exchange of its own: that is twice the
    messages, and half of an invocation's time where a processor has to be woken for each.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
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


def runtime_client(address: str, line: Line) -> Any:
    """AWS's client with a line of ours."""
    from awslambdaric.lambda_runtime_client import InvocationRequest, LambdaRuntimeClient

    class Client(LambdaRuntimeClient):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(address)

        def wait_next_invocation(self) -> InvocationRequest:
            body, headers = line.next()
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
            line.answer(invoke_id, "response", body, content_type)

        def post_invocation_error(
            self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: str | None = None
        ) -> None:
            line.answer(invoke_id, "error", error_response_data.encode(), "application/json")

    return Client()


def run(task_root: str, opt: str, bytecode: str, handler: str, descriptor: int) -> None:
    """Become the runtime; `descriptor` is of a connection to the Runtime API."""
    # before the function can set a timeout for all sockets
    line = Line(descriptor)
    # as on AWS: the client first, then the function's path
    from awslambdaric.bootstrap import run
    from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient
    from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

    sys.path[:0] = import_path(task_root, opt)
    keep_bytecode([task_root, *([opt] if opt else [])], bytecode)
    # it is made when the class is, and reads AWS_EXECUTION_ENV
    BaseLambdaRuntimeClient.marshaller = LambdaMarshaller()
    # as AWS's own bootstrap has it; what was before is not for the function to see
    sys.argv = ["/var/runtime/bootstrap.py", handler]
    run(handler, runtime_client(os.environ["AWS_LAMBDA_RUNTIME_API"], line))


def main() -> None:
    opt, bytecode, line = sys.argv[1:]
    os.set_inheritable(int(line), False)
    run(os.environ["LAMBDA_TASK_ROOT"], opt, bytecode, os.environ["_HANDLER"], int(line))


if __name__ == "__main__":
    main()
