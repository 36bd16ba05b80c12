"""windtunnel itself: this checkout's embedded engine, on ports and in a state folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace

import psutil

from bench.errors import BenchError
from bench.figures import OURS
from bench.system import REGION, Running, Site
from windtunnel import __version__
from windtunnel.config import Settings
from windtunnel.engines import make_engine
from windtunnel.engines.ports import free_port
from windtunnel.errors import EngineError
from windtunnel.harness import temporary


@dataclass(frozen=True)
class Windtunnel:
    """A System over the harness."""

    name: str = OURS
    title: str = f"windtunnel {__version__}, this checkout's embedded engine"

    def install(self, site: Site) -> None:
        """Nothing: `make setup` has done it."""

    @contextmanager
    def running(self, site: Site) -> Iterator[Running]:
        state = site.home / "state"
        ports = {f.name: free_port() for f in fields(Settings) if f.name == "port" or f.name.endswith("_port")}
        own = replace(
            site.settings,
            engine="embedded",
            region=REGION,
            state_dir=state,
            chosen=frozenset({"region", *ports}),
            **ports,  # type: ignore[arg-type]
        )
        log = state / "engine/engine.log"
        try:
            # what an earlier run left when it was killed
            make_engine(own).stop(lambda _line: None)
            with temporary(own) as harness:
                status = harness.engine.status()
                if status.pid is None or status.endpoint_url is None:
                    raise BenchError(f"the engine is not up: {status.detail}")
                yield Running(self.name, psutil.Process(status.pid), status.endpoint_url, log)
        except EngineError as error:
            raise BenchError(str(error), hint=error.hint, detail=error.detail) from error


SYSTEM = Windtunnel()
