"""A peer's own environment, from a lock with hashes; kept until the lock or the interpreter changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.system import Say


@dataclass(frozen=True)
class Venv:
    """What an environment consists of."""

    home: Path
    lock: Path
    packages: Sequence[Path] = ()
    """Folders of this repository that are installed too."""

    @property
    def python(self) -> Path:
        return self.home / "bin/python"

    def fingerprint(self) -> str:
        """Changes with whatever the environment is made from."""
        digest = hashlib.sha256(f"{sys.version} {_base()} {self.home}".encode())
        sources = [file for folder in self.packages for file in sorted(folder.rglob("*")) if file.is_file()]
        for file in (self.lock, *(file for file in sources if "__pycache__" not in file.parts)):
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def make(self, uv: Path, say: Say) -> None:
        """Make it where it is not there as it should be. Raises BenchError."""
        stamp = self.home / "bench.stamp"
        wanted = self.fingerprint()
        if stamp.exists() and stamp.read_text() == wanted and self.python.exists():
            return
        say(f"{self.lock.name} -> {self.home}")
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.parent.mkdir(parents=True, exist_ok=True)
        into = ["--python", str(self.python)]
        _uv(uv, "venv", "-q", "--python", _base(), str(self.home))
        _uv(uv, "pip", "sync", "-q", "--require-hashes", "--compile-bytecode", *into, str(self.lock))
        for package in self.packages:
            # uv carries the build backend: nothing is fetched
            _uv(uv, "pip", "install", "-q", "--no-deps", *into, str(package))
        stamp.write_text(wanted)


def _base() -> str:
    """The interpreter behind this one's environment: pyenv's, say."""
    return str(getattr(sys, "_base_executable", sys.executable))


def _uv(uv: Path, *arguments: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "UV_PYTHON"}}
    done = subprocess.run([str(uv), "--no-config", *arguments], env=kept, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"uv {' '.join(arguments[:2])} failed", detail=(done.stdout + done.stderr)[-3000:])
