"""A place where functions wait for one another, so that it is known that they run at once, however busy the machine."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

SECONDS = 120.0
MEET = "import socket\ndef meet(port):\n  socket.create_connection(('127.0.0.1', port)).recv(1)\n"
"""What a function's source begins with."""


@contextlib.contextmanager
def meeting(count: int) -> Iterator[int]:
    """A port: who calls `meet()` with it goes on once so many have."""
    with socket.create_server(("127.0.0.1", 0), backlog=count) as listener, contextlib.ExitStack() as held:
        listener.settimeout(SECONDS)

        def gather() -> None:
            # the block may end before all have come: then the listener is shut down
            with contextlib.suppress(OSError):
                there = [held.enter_context(listener.accept()[0]) for _ in range(count)]
                for one in there:
                    one.sendall(b"!")

        thread = threading.Thread(target=gather)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
