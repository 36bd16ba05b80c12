"""What the watching meets and outlives: an edge that refuses, sources that cannot be read, AWS's clients in trouble."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from windtunnel.config import Settings
from windtunnel.engines import EmbeddedEngine
from windtunnel.engines.process import ProcessRecord, write_record
from windtunnel.engines.waiting import wait_until
from windtunnel.errors import EngineError
from windtunnel.events import Event, Note, NotReloaded, Reloaded, Watching
from windtunnel.harness import Harness
from windtunnel.stack import Stack
from windtunnel.testing.engine import apart
from windtunnel.watch.reload import Reloader
from windtunnel.watch.watch import Watch

SECONDS = 60
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: hello/, Handler: hello.handler, Runtime: python3.13}
"""
SOURCE = "def handler(event, context):\n    return 0\n"
KEY = "function/000000000000/us-east-1/hello"


class Edge(ThreadingHTTPServer):
    """Takes reloads and tells them, as an edge does that has one function. It can be told to refuse."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.served: dict[str, dict[str, str]] = {}
        self.refuse = False
        self.asked = 0

    def forget(self) -> None:
        """What a deploy from elsewhere does to it."""
        self.served = {}

    def await_asked(self, more: int) -> None:
        """Until it was asked so many times more what it serves, as it is every second."""
        begun = self.asked
        wait_until(lambda: self.asked >= begun + more or None, what="the watch to ask", timeout=SECONDS)


class Answer(BaseHTTPRequestHandler):
    server: Edge

    def do_GET(self) -> None:
        self.server.asked += 1
        deployed = {"code": "deployed", "layers": None}
        self._answer(200, {"functions": {KEY: {"deployed": deployed, "reload": self.server.served.get(KEY)}}})

    def do_PUT(self) -> None:
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.refuse:
            self._answer(500, {"message": "not now"})
            return
        self.server.served = document["put"]
        self._answer(200, {"unknown": []})

    def _answer(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        pass


class Deployed(Harness):
    """A stack of one function that is there; deploys do nothing, and CloudFormation can be in trouble."""

    fault: Exception | None = None

    def up(self) -> Stack:
        return self.deploy()

    def deploy(self) -> Stack:
        return Stack("mine", "embedded", "us-east-1", None, "", "", "", "", "", {})

    def client(self, service: str) -> Any:
        del service
        if self.fault:
            raise self.fault
        summary = {
            "LogicalResourceId": "Hello",
            "PhysicalResourceId": "hello",
            "ResourceType": "AWS::Lambda::Function",
            "ResourceStatus": "CREATE_COMPLETE",
        }
        pages = [{"StackResourceSummaries": [summary]}]
        return SimpleNamespace(get_paginator=lambda _name: SimpleNamespace(paginate=lambda **_names: pages))


@pytest.fixture
def edge() -> Iterator[Edge]:
    with Edge() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(windtunnel_settings: Settings, edge: Edge, tmp_path: Path) -> Settings:
    """A project, and an engine's record that names the edge."""
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello/hello.py").write_text(SOURCE)
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    own = apart(windtunnel_settings, tmp_path / "state", engine="embedded")
    own = replace(own, template=tmp_path / "template.yaml", stack="mine", parameters={}, region="us-east-1")
    (own.state_dir / "engine").mkdir(parents=True)
    record = ProcessRecord(0, 0.0, edge.server_address[1], "us-east-1", "", 0, 0, "token")
    write_record(own.state_dir / "engine/process.json", record)
    return own


def reloader(settings: Settings) -> Reloader:
    """One whose function was saved since it was deployed, and is served."""
    harness = Deployed(settings)
    assert isinstance(harness.engine, EmbeddedEngine)
    made = Reloader(harness, harness.engine)
    made.deployed(made.look())
    (settings.template.parent / "hello/hello.py").write_text(SOURCE.replace("0", "1"))
    assert made.reload().functions == ("Hello",)
    return made


class Watched:
    """A watch in a thread: what it says, in order."""

    def __init__(self, harness: Deployed) -> None:
        self.harness = harness
        self.said: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.ended: BaseException | None = None
        self._stop = threading.Event()

    def run(self) -> None:
        try:
            Watch(self.harness, self._hear).run(lambda _stack: None)
        except BaseException as error:  # noqa: BLE001 - a thread's boundary: the test tells it
            self.ended = error
            self.said.put(Note(f"ended: {error!r}"))

    def _hear(self, event: Event) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        self.said.put(event)

    def next[E](self, kind: type[E]) -> E:
        """The next of a kind; nothing else may be said before."""
        event = self.said.get(timeout=SECONDS)
        assert isinstance(event, kind), event
        return event

    def drain(self) -> list[Event]:
        """What was said and not heard yet."""
        return [self.said.get() for _ in range(self.said.qsize())]

    def save(self, text: str, name: str = "hello/hello.py") -> None:
        path = self.harness.settings.template.parent / name
        # in one step, as editors do it
        draft = path.with_name(f".{path.name}.swp")
        draft.write_text(text)
        draft.replace(path)

    def stop(self) -> None:
        self._stop.set()
        self.save("x = 3")


@contextmanager
def watched(settings: Settings) -> Iterator[Watched]:
    """What is watched, and has said so."""
    made = Watched(Deployed(settings))
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        made.next(Watching)
        yield made
    finally:
        made.stop()
        thread.join(SECONDS)
    assert isinstance(made.ended, KeyboardInterrupt), made.ended


def test_what_the_edge_refused_to_serve_again_is_offered_until_it_takes_it(settings: Settings, edge: Edge) -> None:
    mine = reloader(settings)
    edge.forget()
    edge.refuse = True

    with pytest.raises(EngineError, match="refuses PUT reloads"):
        mine.restore()
    edge.refuse = False

    assert mine.restore() == ("Hello",)
    assert KEY in edge.served
    assert mine.restore() == ()


def test_sources_that_cannot_be_read_while_something_is_restored_are_said_once(settings: Settings, edge: Edge) -> None:
    with watched(settings) as watch:
        watch.save(SOURCE.replace("0", "1"))
        watch.next(Reloaded)
        sources = settings.template.parent / "hello"
        sources.rename(sources.with_name("aside"))
        watch.next(NotReloaded)
        # all is said of the folder that went by the time that the watch is idle
        edge.await_asked(1)
        watch.drain()

        edge.forget()
        edge.await_asked(3)
        said = watch.drain()
        sources.with_name("aside").rename(sources)

        assert ["cannot be read" in str(event.error) for event in said if isinstance(event, NotReloaded)] == [True]
        assert len(said) == 1
        assert watch.next(Reloaded).functions == ("Hello",)
        assert KEY in edge.served


@pytest.mark.parametrize("fault", [EndpointConnectionError(endpoint_url="http://e"), OSError("no more files")])
def test_a_deploy_after_which_the_stack_cannot_be_asked_for_ends_no_watching(
    settings: Settings, edge: Edge, fault: Exception
) -> None:
    with watched(settings) as watch:
        watch.harness.fault = fault
        watch.save(TEMPLATE + "# changed\n", "template.yaml")
        said = watch.next(NotReloaded).error
        watch.harness.fault = None

        watch.save(SOURCE.replace("0", "2"))

        assert str(said) == f"{type(fault).__name__}: {fault}"
        assert said.hint
        assert watch.next(Reloaded).functions == ("Hello",)
        assert KEY in edge.served
