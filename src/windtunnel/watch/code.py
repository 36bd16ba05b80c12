"""An artifact's contents as a folder, made from its sources as a deploy would make its archive, but without one."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from windtunnel.deploy.archive import Entry
from windtunnel.deploy.build import AS_FILE, BUILDERS, Builder, Plan
from windtunnel.deploy.requirements import Installer, installed_files, requirement_sources
from windtunnel.deploy.sources import SourceFile, digest, source_files
from windtunnel.errors import BuildError


@dataclass(frozen=True, kw_only=True)
class KeptInstaller(Installer):
    """Installs requirements once for as long as they do not change, compiled; a source beside them costs nothing."""

    kept: Path

    def install(self, artifact: str, manifest: Path, target: Path) -> dict[str, Entry]:
        sources = [SourceFile(manifest.name, manifest), *requirement_sources(manifest)]
        key = digest(sources, [self.python_version, platform.machine(), sys.platform])
        folder = self.kept / key
        if not folder.is_dir():
            super().install(artifact, manifest, target)
            command = [str(self.python), "-m", "compileall", "-q", str(target)]
            subprocess.run(command, capture_output=True, check=False)  # what does not compile is imported as it is
            folder.parent.mkdir(parents=True, exist_ok=True)
            target.rename(folder)
        compiled = {file.name: Entry(file.path) for file in source_files(folder, ()) if file.name.endswith(".pyc")}
        return {**compiled, **installed_files(folder)}


@dataclass(frozen=True)
class Code:
    """Folders of code below `folder`, each under the key of its plan."""

    folder: Path
    builder: Builder

    def names(self, plan: Plan) -> set[str]:
        """The names of the files in an artifact that was put()."""
        root = self.folder / plan.key
        return {file.name for file in source_files(root, ())}

    def put(self, plan: Plan) -> Path:
        """The folder with the artifact's contents; it appears in one step. Raises BuildError."""
        target = self.folder / plan.key
        if target.is_dir():
            return target
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="making-", dir=self.folder))
        try:
            draft = scratch / "code"
            draft.mkdir()
            if plan.builder == AS_FILE:
                _unpack(plan.artifact.source, draft)
            else:
                entries = BUILDERS[plan.builder](plan, self.builder.installer, scratch / "installed")
                _write(draft, entries, self.builder.installer)
            draft.chmod(0o755)
            draft.rename(target)
        except (OSError, zipfile.BadZipFile) as error:
            raise BuildError(f"{plan.artifact.logical_id} could not be built: {error}") from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return target


def _write(folder: Path, entries: Mapping[str, Entry], installer: Installer) -> None:
    """Modes are as in an archive, whatever the umask: the function's user must be able to read them."""
    kept = installer.kept if isinstance(installer, KeptInstaller) else None
    made = {folder}
    for name, entry in entries.items():
        path = folder / name
        for parent in reversed(path.relative_to(folder).parents[:-1]):
            below = folder / parent
            if below not in made:
                below.mkdir(exist_ok=True)
                below.chmod(0o755)
                made.add(below)
        if isinstance(entry.content, bytes):
            path.write_bytes(entry.content)
        elif kept is not None and entry.content.is_relative_to(kept):
            os.link(entry.content, path)
            continue
        else:
            shutil.copyfile(entry.content, path)
        path.chmod(0o755 if entry.executable else 0o644)


def _unpack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            path = Path(packed.extract(info, folder))
            path.chmod(0o755 if info.is_dir() or info.external_attr >> 16 & 0o111 else 0o644)
