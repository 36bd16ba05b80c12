"""What an execution environment keeps over its processes: its file system with /tmp, its user, and which zygote it has.

A Python function is forked from a zygote that has imported what the function would have imported from the same place: one
that brings a module of its own under such a name (boto3, urllib3, a calendar.py) gets a zygote with less, or an interpreter
of its own; so does one whose variables the interpreter reads as it starts.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from windtunnel.functions import isolation
from windtunnel.functions.interpreter import Interpreter
from windtunnel.functions.spawner import BOOTSTRAP, Spawner
from windtunnel.functions.spec import FunctionSpec
from windtunnel.functions.variables import Places
from windtunnel.functions.zygote import CLIENTS, Image, Order, SpawnedProcess, Zygote

STARTUP = ("PYTHON", "LD_", "GLIBC_", "MALLOC_", "LC_", "LANG", "AWS_LAMBDA_EXEC_WRAPPER")
"""How variables begin that count from a process's first moment on."""


class Sandbox:
    """Of one execution environment. `place()`, then `spawn()`, as often as it needs a new process; then `close()`."""

    def __init__(self, spawner: Spawner, folder: Path, spec: FunctionSpec, interpreter: Interpreter) -> None:
        self._spawner = spawner
        self._folder = folder
        self._spec = spec
        self._interpreter = interpreter
        self._code = os.path.realpath(spec.code)
        self._layers = os.path.realpath(spec.layers) if spec.layers else ""
        self._namespace: int | None = None
        self._image: Image | None = None
        self._isolated = False
        self._user: int | None = None

    async def place(self) -> Places:
        """Find a zygote for the function; where its processes will find things. Raises EngineError."""
        zygote = await self._zygote()
        self._image, self._isolated = zygote.image, zygote.isolated
        if self._user is None and self._isolated:
            self._user = self._spawner.take_user()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._bytecode.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            self._bytecode.chmod(0o1777)
        if self._isolated:
            return Places.isolated()
        home, tmp = self._folder / "home", self._folder / "tmp"
        home.mkdir(exist_ok=True)
        tmp.mkdir(exist_ok=True)
        layers = Path(self._layers) if self._layers else None
        interpreter = self._interpreter
        return Places(interpreter.path, interpreter.packages, Path(self._code), layers, home, tmp)

    async def spawn(self, variables: Mapping[str, str], places: Places, output: int) -> SpawnedProcess:
        """Start a process with these variables. Raises OSError and EngineError."""
        assert self._image is not None
        opt = str(places.opt or "")
        bytecode = isolation.BYTECODE if self._isolated else str(self._bytecode)
        words: tuple[str, ...] = ()
        if self._image.packages is None:
            main = BOOTSTRAP if self._isolated else os.path.join(os.path.dirname(__file__), "bootstrap.py")  # noqa: PTH118, PTH120
            words = (str(places.interpreter), "-P", main, opt, bytecode)
        files = isolation.Files(
            self._code, self._layers, str(self._bytecode), self._spec.ephemeral_mb, self._image.again
        )
        order = Order(
            variables=variables,
            task=str(places.code),
            opt=opt,
            bytecode=bytecode,
            handler=self._spec.handler,
            files=files,
            user=self._user,
            words=words,
        )
        process = await self._spawner.spawn(self._image, order, output, self._namespace)
        if process.namespace is not None:
            if self._namespace is not None:
                os.close(self._namespace)
            self._namespace = process.namespace
        return process

    def close(self) -> None:
        """Give everything back, once no process is left."""
        if self._namespace is not None:
            os.close(self._namespace)
            self._namespace = None
        if self._user is not None:
            self._spawner.give_user(self._user)
            self._user = None
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _zygote(self) -> Zygote:
        bare, client, full = images(self._interpreter)
        if any(name.startswith(STARTUP) for name in self._spec.variables):
            return await self._spawner.zygote(bare)
        own = own_modules(self._code, self._layers, self._interpreter)
        zygote = await self._spawner.zygote(full)
        if not own & zygote.modules:
            return zygote
        zygote = await self._spawner.zygote(client)
        return zygote if not own & zygote.modules else await self._spawner.zygote(bare)

    @property
    def _bytecode(self) -> Path:
        name = hashlib.sha256(f"{self._code}\n{self._layers}\n{self._interpreter.identifier}".encode()).hexdigest()[:16]
        return self._folder.parent.with_name("bytecode") / name


@functools.lru_cache(maxsize=64)
def images(interpreter: Interpreter) -> tuple[Image, Image, Image]:
    """An interpreter's zygotes: one that only starts it, one with AWS's runtime client, one with boto3 as well."""
    environment = interpreter.path.parents[1]
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
    found = set()
    for folder in folders:
        try:
            names = os.listdir(folder)  # noqa: PTH208
        except OSError:
            continue
        found.update(name.partition(".")[0] for name in names)
    return frozenset(found)
