"""Installing a requirements.txt into an artifact, with uv: from the wheels at hand first, then from the network."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from windtunnel.deploy.archive import Entry
from windtunnel.deploy.sources import NEVER, SourceFile, source_files
from windtunnel.errors import BuildError

MANIFEST = "requirements.txt"
LAST_LINES = 15
Run = Callable[[list[str], Path], "subprocess.CompletedProcess[str]"]
"""Runs a command in a folder, its output and errors captured as text."""


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command for real."""
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Installer:
    """uv, the interpreter that requirements are for, and the wheels that were fetched at setup."""

    uv: Path
    python: Path
    wheels: Path | None
    run: Run = run

    def install(self, artifact: str, manifest: Path, target: Path) -> dict[str, Entry]:
        """Install `manifest` into the new folder `target`; the files to pack, by name. Raises BuildError."""
        command = [
            str(self.uv), "pip", "install", "--quiet", "--color", "never", "--target", str(target),
            "--python", str(self.python), "--requirement", str(manifest), "--link-mode", "hardlink",
        ]  # fmt: skip
        if "--hash" in manifest.read_text(encoding="utf-8"):
            command += ["--require-hashes"]
        if any(path.is_dir() for path, _ in _references(manifest)):
            # uv builds a folder anew only where its pyproject.toml changed
            command += ["--refresh"]
        wheels = ["--find-links", str(self.wheels)] if self.wheels and self.wheels.is_dir() else []

        offline = self._attempt([*command, "--offline", *wheels], manifest)
        if offline.returncode == 0:
            return installed_files(target)
        online = self._attempt([*command, *wheels], manifest)
        if online.returncode == 0:
            return installed_files(target)
        raise BuildError(
            f"the requirements of {artifact} could not be installed: {manifest}",
            hint="check the names and versions in it; once fetched with a network (make setup), builds need none",
            detail=f"from {self.wheels or 'the cache'}:\n{_last(offline)}\nfrom the network:\n{_last(online)}",
        )

    @cached_property
    def python_version(self) -> str:
        """The interpreter's version, its feature part: "3.13". Raises BuildError."""
        program = "import sys; print('%d.%d' % sys.version_info[:2])"
        try:
            answer = self.run([str(self.python), "-I", "-S", "-c", program], self.python.parent)
        except OSError as error:
            raise BuildError(
                f"the functions' Python cannot be run: {self.python}: {error}", hint="make setup"
            ) from error
        return answer.stdout.strip()

    def _attempt(self, command: list[str], manifest: Path) -> subprocess.CompletedProcess[str]:
        try:
            return self.run(command, manifest.parent)
        except OSError as error:
            raise BuildError(
                f"uv, which installs requirements, cannot be run: {self.uv}: {error.strerror}", hint="make setup"
            ) from error


def installed_files(target: Path) -> dict[str, Entry]:
    """What is to be packed of a folder that uv installed into, without what differs from one machine to the next.

    That is uv's own notes, and the start scripts in bin/, which name this machine's interpreter (`sam build` has none
    either); and what RECORD says of them.
    """
    entries = {}
    for file in source_files(target, NEVER):
        top, _, rest = file.name.partition("/")
        if file.name == ".lock" or file.name.endswith(".dist-info/uv_cache.json") or (top == "bin" and rest):
            continue
        content = _record(file.path) if file.name.endswith(".dist-info/RECORD") else file.path
        entries[file.name] = Entry(content, file.executable)
    return entries


def _record(path: Path) -> bytes:
    """An installed distribution's list of files, without those that are left out."""
    left_out = re.compile(r'^"?(?:(?:\.\./)*bin/|[^,]*\.dist-info/uv_cache\.json|[^,]*\.pyc\b)')
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not left_out.match(line)).encode()


def requirement_sources(manifest: Path) -> list[SourceFile]:
    """Everything outside the artifact that its requirements are made of: included files, and local folders."""
    found: dict[Path, None] = {}
    _follow(manifest, found)
    files = []
    for path in found:
        inside = source_files(path, NEVER) if path.is_dir() else [SourceFile("", path)]
        files += [SourceFile(str(PurePosixPath(path, file.name)), file.path) for file in inside]
    return files


def _follow(manifest: Path, found: dict[Path, None]) -> None:
    for path, included in _references(manifest):
        if path not in found and path.exists():
            found[path] = None
            if included:
                _follow(path, found)


_INCLUDE = re.compile(r"^(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)")
_LOCAL = re.compile(
    r"^(?:(?:-e|--editable)[\s=]+)?(?:[\w.-]+(?:\[[^]]*\])?\s*@\s*)?(?:file:(?://)?)?(\.{0,2}/[^\s;#[]*)"
)


def _references(manifest: Path) -> Iterator[tuple[Path, bool]]:
    """The files and folders that lines of a requirements file name, and whether each is a requirements file itself."""
    for line in manifest.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := _INCLUDE.match(line.strip()):
            yield (manifest.parent / match[1]).resolve(), True
        elif match := _LOCAL.match(line.strip()):
            yield (manifest.parent / match[1]).resolve(), False


def _last(result: subprocess.CompletedProcess[str]) -> str:
    lines = (result.stderr or result.stdout).strip().splitlines()
    return "\n".join(f"  {line}" for line in lines[-LAST_LINES:])
