"""Building artifacts: what a source folder becomes in Lambda, packed, and kept by content."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import filter as matching
from pathlib import Path

from windtunnel.deploy.archive import Entry, write_archive
from windtunnel.deploy.artifact import Artifact
from windtunnel.deploy.requirements import MANIFEST, Installer, requirement_sources
from windtunnel.deploy.sources import NEVER, PYTHON_BUILD, SourceFile, digest, source_files
from windtunnel.errors import BuildError

BUILDER_VERSION = "1"
"""To be raised when the same sources come to be packed into something else."""

STALE_SECONDS = 3600.0
"""The age at which the folder of a killed build is swept away; no build takes that long."""


@dataclass(frozen=True)
class Plan:
    """How an artifact is built: known before anything is, and shared by all that have the same key."""

    artifact: Artifact
    builder: str
    files: tuple[SourceFile, ...]
    key: str
    """The content's digest: equal keys, equal results."""
    installs_for: str = ""
    """The runtime that requirements are installed for ("python3.13"); "" where there are none to install."""


@dataclass(frozen=True)
class Builder:
    """Builds artifacts into `folder`, where each stays under the digest of what it was made of."""

    folder: Path
    installer: Installer

    def plan(self, artifact: Artifact) -> Plan:
        """What building the artifact takes. Raises BuildError for what windtunnel cannot build."""
        builder = choose_builder(artifact)
        if builder == AS_FILE:
            files = [SourceFile(artifact.source.name, artifact.source)]
        else:
            files = source_files(artifact.source, PYTHON_BUILD if builder in INSTALLS else NEVER)
        salt, installs_for = [BUILDER_VERSION, builder], ""
        manifest = artifact.source / MANIFEST
        if builder in INSTALLS and manifest.is_file():
            # what gets installed depends on more than the folder
            outside = digest(requirement_sources(manifest), ())
            installs_for = f"python{self.installer.python_version}"
            salt += [installs_for, platform.machine(), sys.platform, outside]
        return Plan(artifact, builder, tuple(files), digest(files, salt), installs_for)

    def built(self, plan: Plan) -> Path | None:
        """The result of an earlier build of the same content, or None."""
        path = self._result(plan)
        return path if path.is_file() else None

    def build(self, plan: Plan) -> Path:
        """Build, and return the result. It appears in one step: a killed build leaves none. Raises BuildError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="building-", dir=self.folder))
        try:
            draft = scratch / "draft"
            if plan.builder == AS_FILE:
                shutil.copyfile(plan.artifact.source, draft)
            else:
                write_archive(draft, BUILDERS[plan.builder](plan, self.installer, scratch / "installed"))
            with draft.open("rb") as stream:
                os.fsync(stream.fileno())
            return draft.replace(self._result(plan))
        except OSError as error:
            raise BuildError(f"{plan.artifact.logical_id} could not be built: {error}") from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def sweep(self, now: float) -> None:
        """Remove what killed builds left. `now` is in seconds since 1970."""
        for scratch in self.folder.glob("building-*"):
            try:
                if now - scratch.stat().st_mtime > STALE_SECONDS:
                    shutil.rmtree(scratch, ignore_errors=True)
            except FileNotFoundError:  # its build has just ended
                continue

    def _result(self, plan: Plan) -> Path:
        return self.folder / f"{plan.key}{plan.artifact.source.suffix if plan.builder == AS_FILE else '.zip'}"


def _as_is(plan: Plan, installer: Installer, scratch: Path) -> dict[str, Entry]:
    return {file.name: Entry(file.path, file.executable) for file in plan.files}


def _python(plan: Plan, installer: Installer, scratch: Path) -> dict[str, Entry]:
    """Requirements, and the source files over them, as `sam build` lays them out."""
    manifest = plan.artifact.source / MANIFEST
    installed = installer.install(plan.artifact.logical_id, manifest, scratch) if manifest.is_file() else {}
    return {**installed, **_as_is(plan, installer, scratch)}


def _python_layer(plan: Plan, installer: Installer, scratch: Path) -> dict[str, Entry]:
    """The same below python/, which Lambda puts on the path of a Python function (/opt/python)."""
    return {f"python/{name}": entry for name, entry in _python(plan, installer, scratch).items()}


AS_FILE = "file"
BUILDERS: Mapping[str, Callable[[Plan, Installer, Path], dict[str, Entry]]] = {
    "as-is": _as_is,
    "python": _python,
    "python-layer": _python_layer,
    # another package manager's function goes here, with its line in choose_builder
}
INSTALLS = ("python", "python-layer")
"""The builders that install a requirements.txt."""

MANIFESTS: Mapping[str, tuple[str, ...]] = {
    "nodejs": ("package.json",),
    "ruby": ("Gemfile",),
    "java": ("pom.xml", "build.gradle", "build.gradle.kts"),
    "dotnet": ("*.csproj", "*.fsproj"),
    "go": ("go.mod",),
    "provided": ("Makefile", "go.mod", "Cargo.toml"),
}
"""The files by which a package manager's dependencies show, by the runtime's name without its version."""


def choose_builder(artifact: Artifact) -> str:
    """The name of the artifact's builder in BUILDERS, or AS_FILE. Raises BuildError where `sam build` is needed."""
    if artifact.kind == "file" or artifact.source.is_file():
        return AS_FILE
    method = artifact.build_method
    if artifact.skip_build or (artifact.kind == "layer" and not method):
        return "as-is"
    if method and not method.startswith("python"):
        raise _needs_sam(artifact, f"its BuildMethod is {method}")
    if artifact.kind == "layer":
        return "python-layer"
    if method or artifact.runtime.startswith("python"):
        return "python"
    if manifest := _manifest(artifact):
        raise _needs_sam(artifact, f"{manifest} names dependencies of the runtime {artifact.runtime}")
    return "as-is"


def _manifest(artifact: Artifact) -> str:
    """The name of the file that names dependencies, or "" where there are none to install."""
    family = next((name for name in MANIFESTS if artifact.runtime.startswith(name)), None)
    names = [path.name for path in artifact.source.iterdir()]
    for pattern in MANIFESTS[family] if family else ():
        for name in matching(names, pattern):
            if name != "package.json" or _has_dependencies(artifact.source / name):
                return name
    return ""


def _has_dependencies(package_json: Path) -> bool:
    try:
        document = json.loads(package_json.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BuildError(f"{package_json} is no JSON: {error}") from error
    return isinstance(document, dict) and bool(document.get("dependencies"))


def _needs_sam(artifact: Artifact, why: str) -> BuildError:
    return BuildError(
        f"windtunnel deploy cannot build {artifact.logical_id}: {why}",
        hint=f"build with AWS's own tool, then deploy what it built: sam build, and --template "
        f".aws-sam/build/template.yaml ({artifact.source})",
    )
