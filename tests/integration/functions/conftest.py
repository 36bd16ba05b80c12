"""Tests that are coroutines run in one loop of their own, which lives until their fixtures are torn down."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from windtunnel.functions.plane import FunctionsPlane, Options
from windtunnel.functions.series import Series
from windtunnel.functions.spawner import Spawner

ACCOUNT, REGION = "000000000000", "eu-west-1"


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    pyfuncitem._request.getfixturevalue("runner").run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture(scope="module")
def spawner() -> Iterator[Spawner]:
    spawner = Spawner()
    yield spawner
    spawner.close()


class Sink:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, str, str, int, str]] = []
        self.metrics: list[tuple[str, dict[str, str], float]] = []

    def write(self, account: str, region: str, group: str, stream: str, timestamp_ms: int, message: str) -> None:
        self.written.append((account, region, group, stream, timestamp_ms, message))

    def add(self, series: Series, value: float) -> None:
        for dimensions in series.dimension_sets:
            self.metrics.append((series.name, dict(dimensions), value))

    @property
    def messages(self) -> list[str]:
        return [line[-1] for line in self.written]


class Lambda:
    """A functions plane, and what is published to it."""

    def __init__(self, folder: Path, runtimes: Path, options: Options) -> None:
        self.sink = Sink()
        self.folder = folder
        self.plane = FunctionsPlane(
            folder=folder / "environments",
            runtimes=runtimes,
            endpoint_url="http://127.0.0.1:1",
            sink=self.sink,
            options=options,
        )
        self._documents: dict[str, dict[str, Any]] = {}
        self._sources = 0

    def version(self, source: str, **changes: Any) -> dict[str, Any]:
        """A version's document, with its code on disk."""
        self._sources += 1
        code = self.folder / f"code-{self._sources}"
        code.mkdir(parents=True)
        (code / "app.py").write_text(source)
        return {
            "state": "Active", "runtime": f"python3.{sys.version_info.minor}", "handler": "app.handler",
            "code": str(code), "layers": None, "timeout": 5, "memory": 128, "variables": {}, "role": "arn",
            "packageType": "Zip", "tracing": "PassThrough", "logGroup": "/aws/lambda/f", "logFormat": "Text",
            "revision": str(self._sources), "ephemeralStorage": 512,
            "credentials": {"accessKeyId": "AK", "secretAccessKey": "SK", "sessionToken": "ST"},
            **changes,
        }  # fmt: skip

    def publish(self, name: str, versions: dict[str, dict[str, Any]], **changes: Any) -> None:
        """Publish a function with these versions."""
        document = {"account": ACCOUNT, "region": REGION, "name": name, "versions": versions, **changes}
        self.plane.apply(f"function/{ACCOUNT}/{REGION}/{name}", document)

    def function(self, source: str, name: str = "f", **changes: Any) -> None:
        """Publish a function with $LATEST only."""
        self.publish(name, {"$LATEST": self.version(source, **changes)})

    def delete(self, name: str) -> None:
        self.plane.apply(f"function/{ACCOUNT}/{REGION}/{name}", None)

    async def call(self, name: str = "f", payload: bytes = b"null", **options: Any) -> Any:
        """Invoke by name or ARN; the Result."""
        target = self.plane.find(name, account=ACCOUNT, region=REGION)
        return await self.plane.invoke(target, payload, **options)


MakeLambda = Callable[..., Lambda]


@pytest.fixture
def make_lambda(runner: asyncio.Runner, runtime_python: Path, tmp_path: Path) -> Iterator[MakeLambda]:
    """Makes a functions plane with options; what it has started is ended, and nothing of it is left."""
    made: list[Lambda] = []

    def make(**options: Any) -> Lambda:
        made.append(Lambda(tmp_path / f"plane-{len(made)}", runtime_python.parents[2], Options(**options)))
        return made[-1]

    yield make
    for one in made:
        runner.run(one.plane.close())
        assert not list((one.folder / "environments").glob("*"))
