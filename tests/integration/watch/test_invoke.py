"""`windtunnel invoke`, with and without a debugger, and `windtunnel logs`: as a person runs them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from windtunnel.engines.ports import free_port

from .conftest import Dev

SOURCE = """
def handler(event, context):
    name = event.get("name", "nobody")
    print("asked by", name)
    if name == "trouble":
        raise ValueError("no trouble here")
    return {"hello": name, "left": context.get_remaining_time_in_millis()}
"""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory, windtunnel_settings: Any) -> Iterator[Dev]:
    """A stack that is up, not watched."""
    folder = tmp_path_factory.mktemp("invoke")
    (folder / "windtunnel.toml").write_text(
        f'port = {free_port()}\napi_port = {free_port()}\ntemplate = "template.yaml"\nstack = "mine"\n'
    )
    (folder / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n"
        "  Hello:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {CodeUri: hello/, Handler: hello.handler, Runtime: python3.13, Timeout: 3}\n"
    )
    (folder / "hello").mkdir()
    (folder / "hello/hello.py").write_text(SOURCE)
    (folder / ".venv").symlink_to(windtunnel_settings.root / ".venv")
    (folder / ".windtunnel").mkdir()
    for name in ("engine-venv", "runtime", "wheels", "debugger"):
        (folder / ".windtunnel" / name).symlink_to(windtunnel_settings.install_dir / name)
    dev = Dev(folder)
    dev.run("up")
    yield dev
    dev.run("down")


def invoke(dev: Dev, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
    """The exit code, what is on stdout, and on stderr."""
    command = dev.command("invoke", *arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = command.communicate(stdin, timeout=60)
    return command.returncode, out, err.decode()


def test_it_prints_the_raw_answer_and_the_log_beside_it(dev: Dev) -> None:
    event = dev.project / "event.json"
    event.write_text('{"name": "Ada"}')

    code, out, err = invoke(dev, "Hello", "--event", str(event))
    by_name = invoke(dev, dev.name("Hello"), "--event", "-", stdin=b'{"name": "Bob"}')

    assert code == 0
    assert json.loads(out)["hello"] == "Ada"
    assert not out.endswith(b"\n")  # the function's answer, byte for byte
    assert "asked by Ada" in err
    assert "REPORT RequestId" in err
    assert json.loads(by_name[1])["hello"] == "Bob"


def test_a_function_that_fails_ends_it_with_1(dev: Dev) -> None:
    code, out, err = invoke(dev, "Hello", "-e", "-", stdin=b'{"name": "trouble"}')

    assert code == 1
    assert json.loads(out)["errorType"] == "ValueError"
    assert "no trouble here" in err


def test_bad_input_is_said_with_what_to_do(dev: Dev) -> None:
    unknown = invoke(dev, "Helo")
    no_json = invoke(dev, "Hello", "-e", "-", stdin=b'{"name": }')
    no_file = invoke(dev, "Hello", "-e", "nowhere.json")
    no_version = invoke(dev, "Hello", "--qualifier", "7")

    assert unknown[0] == 1
    assert "did you mean 'Hello'?" in unknown[2]
    assert no_json[0] == 2
    assert "standard input:1:10: no JSON" in no_json[2]
    assert "nowhere.json cannot be read" in no_file[2]
    assert "ResourceNotFoundException" in no_version[2]


def test_an_asynchronous_one_is_accepted_and_runs(dev: Dev) -> None:
    code, out, err = invoke(dev, "Hello", "--async", "-e", "-", stdin=b'{"name": "later"}')

    assert (code, out) == (0, b"")
    assert "accepted" in err
    follow_until(dev, "asked by later")


def follow_until(dev: Dev, text: str, *arguments: str) -> str:
    """What `logs -f` tells until it tells this; Ctrl-C then ends it well."""
    output = dev.project / "logs.out"
    with output.open("wb") as stream:
        following = dev.command("logs", "-f", *arguments, stdout=stream)
    deadline = time.monotonic() + 60
    while text not in output.read_text():
        assert following.poll() is None, output.read_text()
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.05)
    following.send_signal(signal.SIGINT)
    assert following.wait(20) == 0
    return output.read_text()


def test_logs_follow_new_streams_over_a_restart_of_the_engine(dev: Dev) -> None:
    output = dev.project / "restart.out"
    with output.open("wb") as stream:
        following = dev.command("logs", "-f", "hello", stdout=stream)
    try:
        invoke(dev, "Hello", "-e", "-", stdin=b'{"name": "one"}')
        wait_for(output, "asked by one")
        dev.settled()
        dev.child("backplane").kill()
        # the edge answers meanwhile, and keeps what is logged until it can be told
        client = dev.harness.client("lambda")
        client.invoke(FunctionName=dev_name(dev), Payload=b'{"name": "two"}')
        wait_for(output, "asked by two")
        events = dev.harness.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{dev_name(dev)}")["events"]
    finally:
        following.send_signal(signal.SIGINT)
        assert following.wait(20) == 0
    told = output.read_text()
    assert told.count("asked by two") == 1
    # what was logged before the kill is still there
    assert [event["message"] for event in events if event["message"].startswith("asked by")][-2:] == [
        "asked by one\n",
        "asked by two\n",
    ]
    assert "\x1b[" not in told  # plain where it is piped


def dev_name(dev: Dev) -> str:
    """The function's name without asking the backplane."""
    publications = (dev.project / ".windtunnel/engine/edge/publications").glob("function*.json")
    return str(json.loads(next(publications).read_text())["name"])


def wait_for(path: Path, text: str) -> None:
    deadline = time.monotonic() + 60
    while text not in path.read_text():
        assert time.monotonic() < deadline, path.read_text()
        time.sleep(0.05)


def test_logs_of_one_request_only(dev: Dev) -> None:
    _, _, err = invoke(dev, "Hello", "-e", "-", stdin=b'{"name": "Cleo"}')
    request = err.partition("START RequestId: ")[2].split()[0]
    invoke(dev, "Hello", "-e", "-", stdin=b'{"name": "Dora"}')
    follow_until(dev, "asked by Dora", "--since", "5m")

    told = dev.run("logs", "--request", request[:13], "--since", "5m")

    assert "asked by Cleo" in told
    assert "Dora" not in told
    assert all(f" Hello {request} " in line for line in told.splitlines())


class Debugger:
    """A client of the Debug Adapter Protocol (microsoft.github.io/debug-adapter-protocol): messages in JSON."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._stream = self._socket.makefile("rwb")
        self._number = 0
        self._events: list[dict[str, Any]] = []
        self._answers: dict[int, dict[str, Any]] = {}

    def send(self, command: str, **arguments: Any) -> int:
        self._number += 1
        body = json.dumps({"seq": self._number, "type": "request", "command": command, "arguments": arguments}).encode()
        self._stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._stream.flush()
        return self._number

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.answer(self.send(command, **arguments))

    def answer(self, number: int) -> dict[str, Any]:
        while number not in self._answers:
            self._read()
        told = self._answers.pop(number)
        assert told["success"], told
        return dict(told.get("body") or {})

    def event(self, name: str) -> dict[str, Any]:
        while True:
            for event in self._events:
                if event["event"] == name:
                    self._events.remove(event)
                    return dict(event.get("body") or {})
            self._read()

    def _read(self) -> None:
        length = 0
        while (line := self._stream.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            elif not line:
                raise ConnectionError("the debugger has gone")
        message = json.loads(self._stream.read(length))
        if message["type"] == "event":
            self._events.append(message)
        elif message["type"] == "response":
            self._answers[message["request_seq"]] = message

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()
        self._socket.close()


@contextlib.contextmanager
def debugged(dev: Dev, port: int, event: bytes) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A function that waits for a debugger, and what the command says."""
    said = dev.project / f"debug-{port}.err"
    (dev.project / "debug.json").write_bytes(event)
    with said.open("wb") as stderr:
        command = dev.command("invoke", "Hello", "-e", "debug.json", "--debug", str(port), stderr=stderr)
    try:
        wait_for(said, '"justMyCode"')
        yield command, said
    finally:
        if command.poll() is None:
            command.kill()
            command.wait()
        if command.stdout:
            command.stdout.close()


def test_a_debugger_stops_at_a_breakpoint_and_the_timeout_is_lifted(dev: Dev) -> None:
    port = free_port()
    with debugged(dev, port, b'{"name": "Eve"}') as (command, said), contextlib.ExitStack() as opened:
        text = said.read_text()
        configuration = json.loads(text[text.index("{") : text.rindex("}") + 1])
        debugger = opened.enter_context(contextlib.closing(Debugger(port)))
        debugger.ask("initialize", adapterID="test", clientID="test", pathFormat="path")
        attached = debugger.send("attach", pathMappings=configuration["pathMappings"], justMyCode=False)
        debugger.event("initialized")
        set_ = debugger.ask(
            "setBreakpoints", source={"path": str(dev.project / "hello/hello.py")}, breakpoints=[{"line": 4}]
        )
        debugger.ask("configurationDone")
        debugger.answer(attached)

        stopped = debugger.event("stopped")
        frames = debugger.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"]
        value = debugger.ask("evaluate", expression="name", frameId=frames[0]["id"])["result"]
        # no answer is waited for: the function's process may have ended before it
        debugger.send("continue", threadId=stopped["threadId"])
        out, _ = command.communicate(timeout=30)

    assert configuration["connect"] == {"host": "127.0.0.1", "port": port}
    assert set_["breakpoints"][0]["verified"]
    assert stopped["reason"] == "breakpoint"
    # the source is the one here, not what was unpacked
    assert (frames[0]["source"]["path"], frames[0]["line"]) == (str(dev.project / "hello/hello.py"), 4)
    assert value == "'Eve'"
    assert command.returncode == 0
    answer = json.loads(out)
    assert answer["hello"] == "Eve"
    assert answer["left"] > 3600 * 1000  # the function's own timeout is 3 s
    assert_gone(port)


def test_ctrl_c_ends_a_function_that_waits_for_a_debugger(dev: Dev) -> None:
    port = free_port()
    before = set((dev.project / ".windtunnel/engine/functions").iterdir())
    with debugged(dev, port, b"{}") as (command, _):
        command.send_signal(signal.SIGINT)
        code = command.wait(20)

    assert code == 130
    assert_gone(port)
    deadline = time.monotonic() + 20
    while set((dev.project / ".windtunnel/engine/functions").iterdir()) - before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def assert_gone(port: int) -> None:
    """Nobody listens there any more."""
    deadline = time.monotonic() + 20
    while any(c.laddr and c.laddr.port == port and c.status == "LISTEN" for c in psutil.net_connections("tcp")):
        assert time.monotonic() < deadline, f"port {port} is still listened on"
        time.sleep(0.05)


def test_a_port_that_is_taken_is_said(dev: Dev) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = invoke(dev, "Hello", "--debug", str(port))

    assert code == 1
    assert f"port {port} on 127.0.0.1 is taken by process {os.getpid()}" in err
    assert "--debug 5679" in err
