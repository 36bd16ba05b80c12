"""The composition root: it wires an engine, a stack and whoever uses them.

The commands and the pytest plugin are thin over this. What happens is told as events, which the caller renders.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from windtunnel.config import Settings, environment
from windtunnel.deploy.artifact import find_artifacts
from windtunnel.deploy.deploy import deploy
from windtunnel.deploy.events import ChangeSetReady, DeployEvent, Uploading
from windtunnel.deploy.parameters import inherited_parameters
from windtunnel.deploy.request import DeployRequest
from windtunnel.deploy.sam import sam_deploy, sam_options
from windtunnel.deploy.stack import find_stack as find_deployed
from windtunnel.deploy.template import read_template
from windtunnel.engines import EmbeddedEngine, make_engine
from windtunnel.engines.in_use import follow, forget, remember
from windtunnel.errors import DeployError, EngineError
from windtunnel.events import Listener, Note, PhaseEnded, ignore
from windtunnel.stack import Stack, describe_stack, engine_of, write_outputs


class Harness:
    """One engine and one stack, as the settings describe them; where they leave the engine open, the one that is up."""

    def __init__(self, settings: Settings, listen: Listener = ignore) -> None:
        self.settings = settings = follow(settings)
        self.engine = make_engine(settings)
        self._listen = listen
        self._started = False

    def up(self) -> Stack:
        """Start the engine where it is not up, deploy the stack, and write what it is to outputs.json.

        Interrupted or killed by a signal, it ends an engine that it started; a deploy that fails leaves it up, so that
        its logs can be read and the next try is quick.
        """
        if self.engine.name != "aws":
            # a typing error in the template is not worth waiting for an engine
            for settings in (self.settings, *self.settings.parts):
                find_artifacts(read_template(settings.template), settings.parameters)
        try:
            self.start()
            return self.deploy()
        except (KeyboardInterrupt, SystemExit):
            if self._started:
                self.engine.stop(self._note)
            raise

    def start(self) -> bool:
        """Start the engine where it is not up; True if this call started it."""
        with self._phase("engine") as phase:
            self._started = self.engine.start(self._note)
            remember(self.settings)
            status = self.engine.status()
            where = f" on {status.endpoint_url}" if status.endpoint_url else ""
            process = f" (process {status.pid})" if status.pid else ""
            before = ", was up already" if status.endpoint_url and not self._started else ""
            phase(f"{status.detail}{where}{process}{before}")
        return self._started

    def parts(self) -> tuple[Harness, ...]:
        """The optional parts that are asked for, each with a harness of its own on the same engine."""
        return tuple(Harness(settings, self._listen) for settings in self.settings.parts)

    def part(self, name: str) -> Harness:
        """An optional part, asked for or not."""
        return Harness(self.settings.part(name), self._listen)

    def deploy(self) -> Stack:
        """Build, package and deploy the stack, and then the optional parts that are asked for. Writes their outputs.

        The engine must be up.
        """
        stack = self._deploy()
        for part in self.parts():
            part.deploy()
        return stack

    def _deploy(self) -> Stack:
        if self.engine.name == "aws":
            self.engine.start(self._note)
            self._deploy_with_sam()
            return self.stack()
        self.require_up()
        laps = _Laps(self._listen)
        result = deploy(self.deploy_request(), self.client, laps)
        laps.end(f"stack {self.settings.stack}: {len(result.resources)} resources")
        if isinstance(self.engine, EmbeddedEngine):
            # what was deployed is served now, also where a watcher had served something else and went away
            self.engine.edge.call("PUT", "reloads", json.dumps({"put": {}, "replace": True}).encode())
        stack = self.stack()
        if not stack.api_id or stack.root_url or not self.settings.main or not self._in_first_account:
            # there is one root
            return stack
        self.engine.serve_at_root(stack.api_id, stack.api_stage)
        return self.stack()

    def require_up(self) -> None:
        """Raises EngineError where the engine is not up."""
        status = self.engine.status()
        if status.state != "up":
            raise EngineError(f"engine {self.engine.name} is not up: {status.detail}", hint="make up")

    def _deploy_with_sam(self) -> None:
        with self._phase("sam") as phase:
            binaries = self.settings.root / ".venv/bin"
            options = sam_options(self.settings.stack, self.settings.region, self._inherited())
            sam_deploy(self.settings.template, binaries, environment(), options, self._sam_config())
            phase(f"stack {self.settings.stack} in {self.settings.region}")

    def _sam_config(self) -> Path | None:
        """SAM's configuration where it is not beside the template: a part has the application's."""
        return None if self.settings.main else self.settings.template.parents[2] / "samconfig.toml"

    def _inherited(self) -> dict[str, str]:
        """A part's parameters that are outputs of the application, or of another part that is deployed."""
        if self.settings.main:
            return {}
        cloudformation = self.client("cloudformation")
        stacks = [find_deployed(cloudformation, name) for name in self.settings.relatives]
        outputs = [stack.outputs for stack in stacks if stack]
        return inherited_parameters(read_template(self.settings.template), outputs)

    def stack(self) -> Stack:
        """The deployed stack, also written to outputs.json. Raises DeployError where it is not deployed."""
        stack = self.find_stack()
        if stack is None:
            raise DeployError(f"stack {self.settings.stack} is not deployed to {self.engine.name}", hint="make up")
        write_outputs(self.outputs_path, stack)
        return stack

    def find_stack(self) -> Stack | None:
        """The deployed stack, or None."""
        return describe_stack(self.engine, self.settings.stack, self.engine.session().region_name)

    def down(self, *, state: bool = False) -> bool:
        """End what up() started, and with `state` what the engine keeps beyond. True if something was ended."""
        with self._phase("engine") as phase:
            ended = self.engine.stop(self._note, state=state)
            forget(self.settings)
            phase("ended" if ended else "was not up")
        if self.engine.name != "aws" and engine_of(self.outputs_path) in (None, self.engine.name):
            # an engine that was killed is as gone as one that is ended, and its stack with it
            for path in self.outputs_path.parent.glob("outputs*.json"):
                path.unlink(missing_ok=True)
        return ended

    @property
    def outputs_path(self) -> Path:
        """Where the stack's URL, key and outputs are written; an optional part and another account have their own."""
        account = "" if self._in_first_account else f"-{self.settings.account}"
        part = "" if self.settings.main else f"-{self.settings.stack}"
        return self.settings.state_dir / f"outputs{account}{part}.json"

    @property
    def _in_first_account(self) -> bool:
        return self.settings.account == Settings.account

    def deploy_request(self) -> DeployRequest:
        """What a deploy of this stack is made of."""
        install, parameters = self.settings.install_dir, self.settings.parameters
        if not self.settings.main:
            # windtunnel.toml's are the application's: a part takes those that it knows, before what it inherits
            declared = read_template(self.settings.template).document.get("Parameters") or {}
            given = {name: value for name, value in parameters.items() if name in declared}
            parameters = {**self._inherited(), **given}
        return DeployRequest(
            template=self.settings.template,
            stack_name=self.settings.stack,
            build_dir=install / "build",
            wheels=install / "wheels",
            uv=self.settings.root / ".venv/bin/uv",
            python=install / "runtime/current/bin/python",
            parameters=parameters,
            timeout_seconds=self.settings.deploy_timeout,
        )

    def client(self, service: str) -> Any:
        """A boto3 client for the engine."""
        return self.engine.session().client(service, endpoint_url=self.engine.endpoint_url)  # type: ignore[call-overload]

    def _note(self, text: str) -> None:
        self._listen(Note(text))

    @contextmanager
    def _phase(self, name: str) -> Iterator[Callable[[str], None]]:
        """Times a phase; the block says how it went by calling what it is given."""
        started = time.perf_counter()
        said = [""]
        yield lambda detail: said.__setitem__(0, detail)
        self._listen(PhaseEnded(name, said[0], time.perf_counter() - started))


class _Laps:
    """Times a deploy's phases by its events: build, then package (upload, change set), then deploy."""

    def __init__(self, listen: Listener) -> None:
        self._listen = listen
        self._phase = "build"
        self._since = time.perf_counter()

    def __call__(self, event: DeployEvent) -> None:
        if isinstance(event, Uploading) and self._phase == "build":
            self._next("package")
        self._listen(event)
        if isinstance(event, ChangeSetReady):
            self._next("deploy")

    def _next(self, phase: str) -> None:
        self.end("")
        self._phase = phase

    def end(self, detail: str) -> None:
        now = time.perf_counter()
        self._listen(PhaseEnded(self._phase, detail, now - self._since))
        self._since = now


@contextmanager
def temporary(settings: Settings, listen: Listener = ignore) -> Iterator[Harness]:
    """A harness whose engine is started for the block and ended after it, whatever happens in it."""
    harness = Harness(settings, listen)
    try:
        harness.start()
        yield harness
    finally:
        harness.engine.stop(lambda _line: None, state=True)
