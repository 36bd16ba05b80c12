"""A service's state as bytes and back.

The C pickler, because the state of a first stack takes LocalStack's own (dill's, in Python) seconds. What has no state
worth keeping (locks, threads, connections) is made anew; what the pickler cannot name (a lambda) goes through dill.
"""

from __future__ import annotations

import collections
import concurrent.futures
import gc
import importlib
import io
import pickle
import socket
import subprocess
import sys
import threading
import types
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import botocore.client

Key = tuple[str, int]
"""A container of state: the service's name, and its place among the service's containers."""

LOCK = type(threading.Lock())
RLOCK = type(threading.RLock())
TRANSIENT = (
    threading.Thread,
    concurrent.futures.Executor,
    concurrent.futures.Future,
    socket.socket,
    subprocess.Popen,
    io.IOBase,
    botocore.client.BaseClient,
    types.GeneratorType,
    types.FrameType,
    types.TracebackType,
)
"""What ends with the process. None stands for it after a restart."""


def make_lock() -> Any:
    return threading.Lock()


def make_rlock() -> Any:
    return threading.RLock()


def nothing() -> None:
    return None


def make_defaultdict(kind: type, factory: Any) -> Any:
    made: Any = collections.defaultdict.__new__(kind)
    made.default_factory = factory
    return made


def undill(content: bytes) -> Any:
    import dill  # LocalStack's; only in its environment

    return dill.loads(content)  # noqa: S301  this user's own file, checked by its hash


def container(service: str, place: int) -> Any:
    """Stands in a pickle for a container that another service, or this one, has; Unpickler finds it."""
    raise pickle.UnpicklingError(f"{service}'s container {place} can only be found by an Unpickler of windtunnel's")


class Pickler(pickle.Pickler):
    """Pickles state. `containers` are by identity what is not pickled, but named."""

    def __init__(self, file: Any, containers: Mapping[int, Key], transient: tuple[type, ...] = ()) -> None:
        super().__init__(file, protocol=5)
        self._containers = containers
        self._transient = TRANSIENT + transient

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind is RLOCK:
            return make_rlock, ()
        if kind is LOCK:
            return make_lock, ()
        if id(value) in self._containers:
            return container, self._containers[id(value)]
        if kind is types.FunctionType or isinstance(value, type):
            return NotImplemented if _can_be_named(value) else _dilled(value)
        if kind is types.ModuleType:
            return importlib.import_module, (value.__name__,)
        if kind is weakref.ref:
            return (weakref.ref, (there,)) if (there := value()) is not None else (nothing, ())
        if isinstance(value, self._transient):
            return nothing, ()
        if isinstance(value, collections.defaultdict) and kind is not collections.defaultdict:
            # its class may want other arguments than the factory, which is all that a defaultdict tells of itself
            return make_defaultdict, (kind, value.default_factory), value.__dict__, None, iter(dict.items(value))
        return NotImplemented


class Unpickler(pickle.Unpickler):
    """Reads what a Pickler wrote; `find` gives the containers that it named."""

    def __init__(self, file: Any, find: Callable[[str, int], Any]) -> None:
        super().__init__(file)
        self._find = find

    def find_class(self, module_name: str, global_name: str) -> Any:
        if module_name == __name__ and global_name == container.__name__:
            return self._find
        return super().find_class(module_name, global_name)


def dumps(value: Any, containers: Mapping[int, Key], transient: tuple[type, ...] = ()) -> bytes:
    """State as bytes. `transient` are more classes of what ends with the process."""
    file = io.BytesIO()
    Pickler(file, containers, transient).dump(value)
    return file.getvalue()


def loads(content: bytes, find: Callable[[str, int], Any]) -> Any:
    """State out of bytes. What is wrong with them is any exception."""
    enabled = gc.isenabled()
    gc.disable()  # a hundred thousand new objects, none of them garbage
    try:
        return Unpickler(io.BytesIO(content), find).load()
    finally:
        if enabled:
            gc.enable()


def _dilled(value: Any) -> Any:
    import dill  # LocalStack's; only in its environment

    return undill, (dill.dumps(value),)


def _can_be_named(value: Any) -> bool:
    """Whether importing finds this very function or class again. Without importing: in a fork that may never end."""
    if value is type(None) or value is type(NotImplemented) or value is type(...):
        return True
    try:
        found: Any = sys.modules[value.__module__]
        for name in value.__qualname__.split("."):
            found = getattr(found, name)
    except (KeyError, AttributeError):
        return False
    return found is value
