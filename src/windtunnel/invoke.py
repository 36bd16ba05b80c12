"""`windtunnel invoke`: one invocation of a deployed function, through the real plane, or under a debugger."""

from __future__ import annotations

import base64
import contextlib
import difflib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from windtunnel.config import HOST
from windtunnel.deploy.artifact import Artifact, find_artifacts
from windtunnel.deploy.stack import list_resources
from windtunnel.deploy.template import read_template
from windtunnel.engines import EmbeddedEngine
from windtunnel.engines.orders import ACCOUNT
from windtunnel.engines.ports import port_holder, require_bindable
from windtunnel.errors import ConfigError, EngineError, TemplateError, WindtunnelError
from windtunnel.harness import Harness

FUNCTIONS = ("AWS::Lambda::Function", "AWS::Serverless::Function")
OPT = "/opt"
LONGEST = 910.0
"""Seconds that an answer may take: a function has 15 minutes."""


@dataclass(frozen=True)
class Invoked:
    """What an invocation came to."""

    payload: bytes
    error: str
    """"Unhandled" where the function failed, else ""."""
    log: str
    """The last 4 KB of its log."""
    accepted: bool = False
    """An asynchronous one that is yet to be run."""


@dataclass(frozen=True)
class Function:
    """A deployed function of the stack."""

    logical_id: str
    name: str


def read_event(given: str | None, stdin: Callable[[], bytes]) -> bytes:
    """The event of a file, or of standard input for "-"; {} where none is given. Raises ConfigError for no JSON."""
    if given is None:
        return b"{}"
    try:
        content = stdin() if given == "-" else Path(given).read_bytes()
    except OSError as error:
        raise ConfigError(f"the event {given} cannot be read: {error.strerror}") from error
    where = "standard input" if given == "-" else given
    try:
        json.loads(content)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where} is no JSON: it is no UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"{where}:{error.lineno}:{error.colno}: no JSON: {error.msg}") from error
    return content


def find_function(harness: Harness, asked: str) -> Function:
    """A function of the stack by its logical id or name; else one of that name or ARN. Raises WindtunnelError."""
    found = []
    try:
        for resource in list_resources(harness.client("cloudformation"), harness.settings.stack):
            if resource.type in FUNCTIONS:
                found.append(Function(resource.logical_id, resource.physical_id))
                if asked in (resource.logical_id, resource.physical_id):
                    return found[-1]
    except ClientError:
        found = []  # no such stack: the function may be there all the same
    try:
        told = harness.client("lambda").get_function_configuration(FunctionName=asked)
        return Function("", str(told["FunctionName"]))
    except ClientError:
        names = [function.logical_id for function in found]
        close = difflib.get_close_matches(asked, [*names, *(function.name for function in found)], n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(names) or 'none: make up'}"
        raise WindtunnelError(f"no function {asked!r} in stack {harness.settings.stack}", hint=hint) from None


def invoke(harness: Harness, function: Function, event: bytes, *, qualifier: str, wait: bool) -> Invoked:
    """Invoke as any AWS client does. Raises WindtunnelError for what Lambda refuses."""
    config = Config(read_timeout=LONGEST, retries={"total_max_attempts": 1}, parameter_validation=True)
    client: Any = harness.engine.session().client("lambda", endpoint_url=harness.engine.endpoint_url, config=config)
    arguments = {"FunctionName": function.name, "Payload": event}
    if qualifier:
        arguments["Qualifier"] = qualifier
    if wait:
        arguments |= {"InvocationType": "RequestResponse", "LogType": "Tail"}
    else:
        arguments["InvocationType"] = "Event"
    try:
        answer = client.invoke(**arguments)
        payload = answer["Payload"].read()
    except (ClientError, BotoCoreError) as error:
        raise WindtunnelError(f"{function.name} was not invoked: {error}") from error
    log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
    return Invoked(payload, answer.get("FunctionError", ""), log, accepted=not wait)


class Debugged:
    """An invocation under debugpy: `start()`, then `wait()`. It ends with this process, or with `stop()`."""

    def __init__(self, harness: Harness, function: Function, port: int) -> None:
        engine = harness.engine
        if not isinstance(engine, EmbeddedEngine):
            raise EngineError("a debugger attaches to the embedded engine's functions only", hint="ENGINE=embedded")
        self._engine, self._function, self._port = engine, function, port
        self._settings = harness.settings
        self._answer: Invoked | WindtunnelError | None = None
        self._thread: threading.Thread | None = None

    def start(self, event: bytes, qualifier: str) -> None:
        """Begin, and wait until a debugger can attach. Raises WindtunnelError."""
        debugger = (self._settings.install_dir / "debugger/current").resolve()
        if not (debugger / "python/debugpy").is_dir():
            raise EngineError(f"debugpy is not in {debugger}", hint="make setup")
        hint = "end that, or choose another: --debug 5679"
        require_bindable(self._port, hint=hint, low="choose one above 1023: --debug 5679")
        headers = {
            "x-windtunnel-function": f"{ACCOUNT}/{self._engine.session().region_name}/{self._function.name}",
            "x-windtunnel-version": qualifier,
            "x-windtunnel-debug-port": str(self._port),
            "x-windtunnel-debugger": str(debugger),
        }
        self._thread = threading.Thread(target=self._run, args=(event, headers), daemon=True)
        self._thread.start()
        while self._thread.is_alive() and not _listens(self._port):
            self._thread.join(0.05)

    def wait(self) -> Invoked:
        """Its end. Raises WindtunnelError."""
        assert self._thread is not None
        while self._thread.is_alive():
            # in steps, so that Ctrl-C is heard
            self._thread.join(0.2)
        if isinstance(self._answer, Invoked):
            return self._answer
        raise self._answer or EngineError("the invocation ended without an answer")

    @property
    def waiting(self) -> bool:
        """Whether it is under way."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self, event: bytes, headers: dict[str, str]) -> None:
        try:
            answer = self._engine.edge.call("POST", "debugging", event, headers, timeout=None)
        except WindtunnelError as error:
            self._answer = error
            return
        told = answer.json()
        self._answer = Invoked(base64.b64decode(told["payload"]), told["error"], told["log"])


def launch_json(harness: Harness, function: Function, port: int) -> str:
    """VS Code's configuration that attaches, with the function's sources where they are here and in the environment."""
    opt = _opt(port)
    task = "/var/task"
    if opt != OPT and isinstance(harness.engine, EmbeddedEngine):
        # the environment has no file system of its own
        key = f"function/{ACCOUNT}/{harness.engine.session().region_name}/{function.name}"
        told = json.loads(harness.engine.edge.call("GET", "reloads").content)["functions"].get(key) or {}
        task = (told.get("reload") or told.get("deployed") or {}).get("code") or task
    try:
        template = read_template(harness.settings.template)
        artifacts = {one.logical_id: one for one in find_artifacts(template, harness.settings.parameters)}
    except TemplateError:
        artifacts = {}
    mappings = []
    own = artifacts.get(function.logical_id)
    if own is not None:
        mappings.append(_mapping(own, task))
        mappings += [_mapping(artifacts[layer], f"{opt}/python") for layer in own.layers if layer in artifacts]
    document = {
        "name": f"Attach to {function.logical_id or function.name}",
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": HOST, "port": port},
        "pathMappings": mappings,
        "justMyCode": False,
    }
    return json.dumps(document, indent=2)


def _mapping(artifact: Artifact, remote: str) -> dict[str, str]:
    return {"localRoot": str(artifact.source), "remoteRoot": remote}


def _opt(port: int) -> str:
    """Where the environment that waits there has its layers: debugpy's adapter, which listens, came from them."""
    adapter = port_holder(port)
    with contextlib.suppress(psutil.Error):
        for word in adapter.cmdline() if adapter else ():
            if word.endswith("/python/windtunnel_adapter.py"):
                return str(Path(word).parents[1])
    return OPT


def _listens(port: int) -> bool:
    """Whether a debugger can attach. Looked up, not tried: debugpy takes any connection for a debugger."""
    return port_holder(port) is not None
