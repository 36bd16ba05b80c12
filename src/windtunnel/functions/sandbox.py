"""What an execution environment keeps over its processes: its file system with /tmp, its user, and which zygote it has.

A Python function is forked from a zygote that has imported what the function would have imported from the same place.
One that brings a module of its own under such a name (boto3, urllib3, a calendar.py) gets a zygote with AWS's client
only; one with variables that an interpreter reads as it starts gets an interpreter of its own.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from windtunnel.errors import EngineError
from windtunnel.functions import bootstrap, isolation, runtimes
from windtunnel.functions.interpreter import NODE, PYTHON_LANGUAGE, Interpreter
from windtunnel.functions.spawner import BOOTSTRAP, RAPID, Spawner
from windtunnel.functions.spec import FunctionSpec
from windtunnel.functions.variables import Places
from windtunnel.functions.zygote import CLIENTS, Image, Order, SpawnedProcess, Zygote, ZygoteGone

ATTEMPTS = 4
"""Zygotes that a process may use up."""
STARTUP = ("PYTHON", "LD_", "GLIBC_", "MALLOC_", "LC_", "LANG", "AWS_LAMBDA_EXEC_WRAPPER")
"""How variables begin that count from a process's first moment on."""


class Sandbox:
    """Of one execution environment. `spawn()`, as often as it needs a new process; then `close()`."""

    def __init__(self, spawner: Spawner, folder: Path, spec: FunctionSpec, interpreter: Interpreter) -> None:
        self._spawner = spawner
        self._folder = folder
        self._spec = spec
        self._interpreter = interpreter
        self._code = os.path.realpath(spec.code)
        self._layers = os.path.realpath(spec.layers) if spec.layers else ""
        self._namespace: int | None = None
        self._user: int | None = None
        self._closed = False
        self.waited = 0.0
        """Seconds for which it had to wait for a zygote: AWS has none, so that is not the function's time."""

    async def spawn(
        self, variables: Callable[[Places], Mapping[str, str]], output: int, line: socket.socket | None = None
    ) -> SpawnedProcess:
        """Start a process with the variables for its places. Raises OSError and EngineError.

        `output` is for what it writes, `line` a Python function's connection to the Runtime API.
        """
        os.stat(self._code)  # noqa: PTH116 - where it is gone, its own name is told
        for _ in range(ATTEMPTS):
            zygote = await self._zygote()
            if self._closed:
                raise EngineError("the environment was ended before it had started")
            places = self._place(zygote)
            order = self._order(zygote, places, variables(places))
            try:
                descriptor = None if line is None else line.fileno()
                given = {"output": output, "namespace": self._namespace, "line": descriptor}
                process = await zygote.fork(order, given)
            except ZygoteGone:
                self._spawner.replace(zygote)
                continue
            if process.namespace is not None and self._closed:
                os.close(process.namespace)
            elif process.namespace is not None:
                self._namespace = process.namespace
            return process
        raise EngineError(f"{ATTEMPTS} zygotes ended before they had made a process", hint="see the engine's log")

    def _place(self, zygote: Zygote) -> Places:
        """Where a process of that zygote's finds things; what is missing there is made."""
        if self._user is None and zygote.isolated:
            self._user = self._spawner.take_user()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._bytecode.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            self._bytecode.chmod(0o1777)
        if zygote.isolated:
            places = Places.isolated()
            return replace(places, interpreter=places.interpreter.with_name(self._interpreter.path.name))
        home, tmp = self._folder / "home", self._folder / "tmp"
        home.mkdir(exist_ok=True)
        tmp.mkdir(exist_ok=True)
        layers = Path(self._layers) if self._layers else None
        interpreter = self._interpreter
        return Places(interpreter.path, interpreter.packages, Path(self._code), layers, home, tmp)

    def _order(self, zygote: Zygote, places: Places, variables: Mapping[str, str]) -> Order:
        opt = str(places.opt or "")
        bytecode = isolation.BYTECODE if zygote.isolated else str(self._bytecode)
        files_at = dict(RAPID) if zygote.isolated else {}
        words = tuple(runtimes.command(self._spec, places, self._interpreter.language, files_at))
        if not words and zygote.image.packages is None:
            main = BOOTSTRAP if zygote.isolated else bootstrap.__file__
            words = (str(places.interpreter), "-P", main, opt, bytecode)
        files = isolation.Files(
            self._code, self._layers, str(self._bytecode), self._spec.ephemeral_mb, zygote.image.again
        )
        return Order(
            variables=variables,
            task=str(places.code),
            opt=opt,
            bytecode=bytecode,
            handler=self._spec.handler,
            files=files,
            user=self._user,
            words=words,
            extensions=[f"{opt}/extensions/{name}" for name in runtimes.extension_names(self._spec)],
        )

    def close(self) -> None:
        """Give everything back, once no process is left."""
        self._closed = True
        if self._namespace is not None:
            os.close(self._namespace)
            self._namespace = None
        if self._user is not None:
            self._spawner.give_user(self._user)
            self._user = None
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _zygote(self) -> Zygote:
        began = time.perf_counter()
        try:
            return await self._find_zygote()
        finally:
            self.waited += time.perf_counter() - began

    async def _find_zygote(self) -> Zygote:
        bare, client, full = images(self._interpreter)
        if self._interpreter.language != PYTHON_LANGUAGE:
            return await self._spawner.zygote(bare)
        if any(name.startswith(STARTUP) for name in self._spec.variables):
            return await self._spawner.zygote(bare)
        zygote = await self._spawner.zygote(full)
        if own_modules(self._code, self._layers, self._interpreter) & zygote.modules:
            # on AWS its client is imported first, and has what it needs from elsewhere
            return await self._spawner.zygote(client)
        return zygote

    @property
    def _bytecode(self) -> Path:
        name = hashlib.sha256(f"{self._code}\n{self._layers}\n{self._interpreter.identifier}".encode()).hexdigest()[:16]
        return self._folder.parent.with_name("bytecode") / name


@functools.lru_cache(maxsize=64)
def images(interpreter: Interpreter) -> tuple[Image, Image, Image]:
    """An interpreter's zygotes: one that only starts it, one with AWS's runtime client, one with boto3 as well."""
    environment = interpreter.path.parents[1]
    if interpreter.language != PYTHON_LANGUAGE:
        # any Python starts other programs
        seen = ((environment, isolation.LANG), (interpreter.packages, isolation.RUNTIME))
        bare = Image(Path(sys.executable), shown=seen if interpreter.language == NODE else ())
        return bare, bare, bare
    program = Path(os.path.realpath(interpreter.path))
    homes = {program.parents[1]}
    configuration = environment / "pyvenv.cfg"
    if configuration.exists():
        for line in configuration.read_text().splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "home":
                homes.add(Path(value.strip()).parent)
    shown = tuple((home, "") for home in sorted(homes) if home != Path("/usr"))
    shown += ((environment, isolation.LANG), (interpreter.packages, isolation.RUNTIME))
    bare = Image(interpreter.path, shown=shown)
    client = Image(interpreter.path, interpreter.packages, shown=shown)
    return bare, client, Image(interpreter.path, interpreter.packages, ("boto3",), CLIENTS, shown)


def own_modules(code: str, layers: str, interpreter: Interpreter) -> frozenset[str]:
    """The modules and packages that a function and its layers bring, by the first part of their names."""
    folders = [code]
    if layers:
        version = interpreter.packages.parent.name
        folders += [f"{layers}/python", f"{layers}/python/lib/{version}/site-packages"]
    found: set[str] = set()
    for folder in folders:
        try:
            names = os.listdir(folder)  # noqa: PTH208
        except OSError:
            continue
        found.update(name.partition(".")[0] for name in names)
    return frozenset(found)
