"""Listen on 127.0.0.1 only: the family listens on every address of the machine, whatever GATEWAY_LISTEN says."""

import importlib
from types import SimpleNamespace
from typing import Any

from bench_executor.family import FAMILY

hooks = importlib.import_module(f"{FAMILY}.runtime.hooks")


@hooks.on_runtime_create()  # type: ignore[untyped-decorator]
def bench_address() -> None:
    server = importlib.import_module(f"{FAMILY}.runtime.server.twisted")
    endpoints = server.endpoints

    def local(reactor: Any, port: int, **options: Any) -> Any:
        return endpoints.TCP4ServerEndpoint(reactor, port, **{**options, "interface": "127.0.0.1"})

    server.endpoints = SimpleNamespace(TCP4ServerEndpoint=local, TCP6ServerEndpoint=endpoints.TCP6ServerEndpoint)
