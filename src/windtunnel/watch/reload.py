"""From saved sources to served ones: what differs from what is served is built and handed to the edge in one step."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from windtunnel.deploy.artifact import Artifact, find_artifacts
from windtunnel.deploy.build import INSTALLS, Builder, Plan
from windtunnel.deploy.handler import OPT_PATHS, check_handler
from windtunnel.deploy.requirements import MANIFEST, requirement_sources
from windtunnel.deploy.stack import list_resources
from windtunnel.deploy.template import Template, read_template
from windtunnel.engines import EmbeddedEngine
from windtunnel.engines.orders import ACCOUNT
from windtunnel.errors import BuildError, TemplateError, WindtunnelError
from windtunnel.functions.layers import merge_layers
from windtunnel.harness import Harness
from windtunnel.watch.code import Code, KeptInstaller
from windtunnel.watch.syntax import Syntax

KEEP_SECONDS = 1000.0
"""How long code is kept that is served no more: a function that runs may take 15 minutes."""
FUNCTIONS = ("AWS::Lambda::Function", "AWS::Serverless::Function")

Entry = Mapping[str, str | None]
"""Folders of code and layers, as the edge takes them."""


class NeedsDeploy(Exception):
    """This change is not one of code alone."""


@dataclass(frozen=True)
class Outcome:
    """What came of a change."""

    functions: tuple[str, ...]
    """The logical ids of those that have other code now."""
    faults: tuple[WindtunnelError, ...]
    """Why others have not."""


@dataclass(frozen=True)
class Sources:
    """What the template names, and what it was made of at a moment."""

    template: Template
    artifacts: Mapping[str, Artifact]
    plans: Mapping[str, Plan]
    """Those of functions and layers, by logical id."""

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple({artifact.source for artifact in self.artifacts.values() if artifact.kind != "file"})

    @property
    def files(self) -> frozenset[Path]:
        """Files whose change takes a deploy."""
        definitions = {artifact.source for artifact in self.artifacts.values() if artifact.kind == "file"}
        return frozenset({self.template.path.resolve(), *definitions})

    @property
    def outside(self) -> frozenset[Path]:
        """Files outside the sources that requirements are made of."""
        manifests = [plan.artifact.source / MANIFEST for plan in self.plans.values() if plan.builder in INSTALLS]
        return frozenset(
            file.path for manifest in manifests if manifest.is_file() for file in requirement_sources(manifest)
        )


class Reloader:
    """`look()` before a deploy and `deployed()` after it; then `reload()` whenever something was saved."""

    def __init__(self, harness: Harness, engine: EmbeddedEngine) -> None:
        request = harness.deploy_request()
        self._harness = harness
        self._engine = engine
        folder = engine.reload_dir
        installer = KeptInstaller(
            uv=request.uv, python=request.python, wheels=request.wheels, kept=folder / "requirements"
        )
        builder = Builder(request.build_dir, installer)
        self._code = Code(folder / "code", builder)
        self._layers = folder / "layers"
        self._syntax = Syntax()
        self.sources: Sources
        self._deployed: Mapping[str, str] = {}
        """What was deployed: plans' keys by logical id."""
        self._keys: Mapping[str, str] = {}
        """The functions' publications by logical id."""
        self._served: dict[str, Entry] = {}
        """What the edge was given."""
        self._ended: dict[Path, float] = {}
        """When a folder was replaced."""

    def look(self) -> Sources:
        """The sources as they are now. Raises TemplateError and BuildError."""
        settings = self._harness.settings
        template = read_template(settings.template)
        artifacts = {one.logical_id: one for one in find_artifacts(template, settings.parameters)}
        self.sources = Sources(
            template, artifacts, {name: self._plan(one) for name, one in artifacts.items() if one.kind != "file"}
        )
        return self.sources

    def deployed(self, sources: Sources) -> None:
        """The engine has what these were, or what was saved since."""
        client = self._harness.client("cloudformation")
        region = self._engine.session().region_name
        resources = list_resources(client, self._harness.settings.stack)
        self._keys = {
            one.logical_id: f"function/{ACCOUNT}/{region}/{one.physical_id}"
            for one in resources
            if one.type in FUNCTIONS
        }
        self._deployed = {name: plan.key for name, plan in sources.plans.items()}
        self._served = {}
        self._syntax.accept(file.path for plan in sources.plans.values() for file in plan.files)

    def reload(self) -> Outcome:
        """Serve what was saved; a function that cannot be served goes on with what it had.

        Raises EngineError where the edge does not answer, BuildError for sources that cannot be read, and NeedsDeploy.
        """
        plans = {name: self._plan(one) for name, one in self.sources.artifacts.items() if one.kind != "file"}
        self.sources = Sources(self.sources.template, self.sources.artifacts, plans)
        changed = {name for name, plan in plans.items() if plan.key != self._deployed.get(name)}
        faults: dict[str, WindtunnelError] = {}
        wanted: dict[str, Entry] = {}
        for name, artifact in self.sources.artifacts.items():
            parts = changed.intersection([name, *map(str, artifact.layers)])
            if artifact.kind != "function" or not parts:
                continue
            try:
                self._syntax.check(file.path for part in sorted(parts) for file in plans[part].files)
                wanted[name] = self._entry(artifact, plans, changed)
            except (BuildError, TemplateError) as error:
                faults[str(error)] = error
                if name in self._served:
                    wanted[name] = self._served[name]
        other = [name for name in wanted.keys() | self._served.keys() if wanted.get(name) != self._served.get(name)]
        if other:
            self._send(wanted)
            self._retire(wanted)
            self._served = wanted
        return Outcome(tuple(sorted(other)), tuple(faults.values()))

    def restore(self) -> tuple[str, ...]:
        """Serve again what somebody else's deploy, or an engine that began anew, has taken away.

        What could not be served this time is still what is to be served the next time. Raises what `reload()` raises.
        """
        if not self._served:
            return ()
        told = json.loads(self._engine.edge.call("GET", "reloads").content)["functions"]
        lost = [
            name
            for name, entry in self._served.items()
            if (found := told.get(self._keys.get(name))) and not _holds(found, entry)
        ]
        if lost:
            # a new engine began with an empty folder, too
            kept, self._served = self._served, {}
            try:
                self.reload()
            except BaseException:
                self._served = kept
                raise
        return tuple(sorted(lost))

    def _send(self, entries: Mapping[str, Entry]) -> None:
        missing = [name for name in entries if name not in self._keys]
        if missing:
            raise NeedsDeploy
        document = {"put": {self._keys[name]: entry for name, entry in entries.items()}, "replace": True}
        answer = self._engine.edge.call("PUT", "reloads", json.dumps(document).encode())
        if answer.json()["unknown"]:
            # made, but never seen by the edge: only a deploy mends that
            raise NeedsDeploy

    def _plan(self, artifact: Artifact) -> Plan:
        try:
            return self._code.builder.plan(artifact)
        except OSError as error:
            raise BuildError(f"{artifact.logical_id} cannot be read: {error}") from error

    def _entry(self, artifact: Artifact, plans: Mapping[str, Plan], changed: Iterable[str]) -> Entry:
        """What the function is to be served from."""
        entry: dict[str, str | None] = {}
        if artifact.logical_id in changed:
            entry["code"] = str(self._code.put(plans[artifact.logical_id]))
            self._check_handler(artifact, plans)
        if set(changed).intersection(map(str, artifact.layers)):
            if None in artifact.layers:
                # a layer from elsewhere is not here to be merged with
                raise NeedsDeploy
            folders = [self._code.put(plans[str(layer)]) for layer in artifact.layers]
            entry["layers"] = str(merge_layers(folders, self._layers))
        return entry

    def _check_handler(self, artifact: Artifact, plans: Mapping[str, Plan]) -> None:
        """Raises TemplateError where the handler's module is in neither the function nor its layers."""
        plan = plans[artifact.logical_id]
        if not artifact.runtime.startswith("python") or not artifact.handler or None in artifact.layers:
            return
        names = self._code.names(plan)
        for layer in artifact.layers:
            prefix = "python/" if plans[str(layer)].builder == "python-layer" else ""
            files = [prefix + file.name for file in plans[str(layer)].files]
            names |= {name.removeprefix(path) for name in files for path in OPT_PATHS}
        check_handler(artifact, names)

    def _retire(self, wanted: Mapping[str, Entry]) -> None:
        """Remove code that nothing has been served from for longer than any function may run."""
        now = time.monotonic()
        used = _folders(wanted)
        for folder in _folders(self._served):
            self._ended.setdefault(folder, now)
        for folder, ended in list(self._ended.items()):
            if folder in used:
                del self._ended[folder]
            elif now - ended > KEEP_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
                del self._ended[folder]


def _folders(entries: Mapping[str, Entry]) -> set[Path]:
    return {Path(path) for entry in entries.values() for path in entry.values() if path}


def _holds(found: Mapping[str, Mapping[str, str | None] | None], entry: Entry) -> bool:
    """Whether the edge serves an entry."""
    served = found["reload"] or found["deployed"]
    assert served is not None
    return all(served[name] == path for name, path in entry.items())


def shown(path: Path, root: Path) -> str:
    """A path as short as it can be written from the project."""
    return os.path.relpath(path, root) if path.is_relative_to(root) else str(path)
