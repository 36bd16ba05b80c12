"""A project of a user's own, and `windtunnel up --watch` in it as a person runs it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest
import requests
from tests.integration.settled import settle

from windtunnel import config
from windtunnel.config import Settings
from windtunnel.engines import EmbeddedEngine
from windtunnel.engines.ports import free_port
from windtunnel.engines.process import read_children
from windtunnel.harness import Harness

SECONDS = 60.0
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.13}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Handler: hello.handler
      Layers: [!Ref Shared]
      Events:
        Get: {Type: Api, Properties: {Path: /hello, Method: get}}
  Other:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: other/, Handler: other.handler}
  Shared:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: shared/}
    Metadata: {BuildMethod: python3.13}
"""
HELLO = """
import socket
from shared import words

def handler(event, context):
    if port := event.get("port"):
        # tells that it runs, and waits until it may go on
        socket.create_connection(("127.0.0.1", port)).recv(1)
    return {"statusCode": 200, "body": "0 " + words.WORD}
"""


class Dev:
    """`windtunnel up --watch`, its output, and requests to what it serves."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.output = project / "watch.out"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.output.open("wb") as output:
            self.process = self.command("up", "--watch", stdout=output)
        self.wait_for("watching ")

    def command(
        self,
        *arguments: str,
        stdout: IO[bytes] | int = subprocess.PIPE,
        stderr: IO[bytes] | int = subprocess.STDOUT,
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        kept = {name: v for name, v in os.environ.items() if not name.startswith(("WINDTUNNEL_", "ENGINE", "AWS_"))}
        return subprocess.Popen(
            [sys.executable, "-m", "windtunnel", *arguments],
            cwd=self.project,
            env={**kept, "COLUMNS": "80", "AWS_EC2_METADATA_DISABLED": "true", "PYTHONUNBUFFERED": "1"},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )

    def run(self, *arguments: str) -> str:
        """A command's output; it must end well."""
        process = self.command(*arguments)
        told = process.communicate(timeout=120)[0].decode()
        assert process.returncode == 0, told
        return told

    @property
    def told(self) -> str:
        return self.output.read_text()

    def wait_for(self, text: str, after: int = 0) -> str:
        """Wait until the watcher says this, in what it said after a place in its output; what it said since then."""
        deadline = time.monotonic() + SECONDS
        while text not in self.told[after:]:
            assert self.process is not None
            assert self.process.poll() is None, self.told
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.told[after:]}"
            time.sleep(0.01)
        return self.told[after:]

    def save(self, name: str, text: str, said: str = "served") -> str:
        """Save a file and wait for what is said of it."""
        mark = len(self.told)
        self.write(name, text)
        return self.wait_for(said, mark)

    def write(self, name: str, text: str) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # as editors do it
        draft = path.with_name(f".{path.name}.swp")
        draft.write_text(text)
        draft.replace(path)

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """What is saved in the block is there at once for the watcher, however long it takes."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def get(self, path: str = "/hello") -> str:
        """What the API answers."""
        outputs = json.loads((self.project / ".windtunnel/outputs.json").read_text())
        answer = requests.get(outputs["api_url"] + path, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.text

    @property
    def harness(self) -> Harness:
        return Harness(config.load(start=self.project, variables={}))

    @property
    def engine(self) -> EmbeddedEngine:
        engine = self.harness.engine
        assert isinstance(engine, EmbeddedEngine)
        return engine

    def name(self, logical_id: str) -> str:
        """A function's name."""
        client = self.harness.client("cloudformation")
        found = client.describe_stack_resource(StackName="mine", LogicalResourceId=logical_id)
        name: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return name

    def child(self, name: str) -> psutil.Process:
        """A process of the engine's."""
        children = read_children(self.project / ".windtunnel/engine/children.json")
        return psutil.Process(next(child.pid for child in children if child.name == name))

    def settled(self) -> None:
        """Until the backplane's state is on disk: it is written a moment after each change."""
        settle(self.engine.endpoint_url)

    def stop(self) -> int:
        """Ctrl-C."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def project(windtunnel_settings: Settings, tmp_path: Path) -> Path:
    """A template, two functions and a layer, with windtunnel's environments."""
    (tmp_path / "windtunnel.toml").write_text(
        f'port = {free_port()}\napi_port = {free_port()}\ntemplate = "template.yaml"\nstack = "mine"\n'
    )
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    for name, text in {
        "hello/hello.py": HELLO,
        "other/other.py": "def handler(event, context):\n    return 'other'\n",
        "shared/shared/words.py": "WORD = 'first'\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    (tmp_path / ".venv").symlink_to(windtunnel_settings.root / ".venv")
    (tmp_path / ".windtunnel").mkdir()
    for name in ("engine-venv", "runtime", "wheels", "debugger"):
        (tmp_path / ".windtunnel" / name).symlink_to(windtunnel_settings.install_dir / name)
    return tmp_path


@pytest.fixture
def dev(project: Path) -> Iterator[Dev]:
    """The project, watched; what was started is ended."""
    dev = Dev(project)
    try:
        dev.start()
        yield dev
    finally:
        if dev.process is not None and dev.process.poll() is None:
            dev.process.kill()
            dev.process.wait()
        dev.command("down", stdout=subprocess.DEVNULL).wait()
