"""What a Python zygote has ready before it forks: AWS's runtime client, boto3, and what boto3's clients load first.

Standard library only: functions' interpreters load this file.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

CLIENT = (
    "awslambdaric.lambda_context",
    "awslambdaric.lambda_literals",
    "awslambdaric.lambda_runtime_client",
    "awslambdaric.lambda_runtime_exception",
    "awslambdaric.lambda_runtime_log_utils",
    "awslambdaric.lambda_runtime_marshaller",
)
"""Not its bootstrap module: that reads the function's variables while it is imported."""
DUMMY = {"region_name": "us-east-1", "aws_access_key_id": "none", "aws_secret_access_key": "none"}


def place(packages: str, site: str | None) -> None:
    """Have the runtime's packages where AWS has them in the path: after the function's, before the interpreter's own.

    `packages` is the folder to have there, `site` what to have for the environment's site-packages.
    """
    own = [path for path in sys.path if path.startswith(sys.prefix + os.sep) and sys.prefix != sys.base_prefix]
    others = [path for path in sys.path if path not in own and path != packages]
    sys.path[:] = [packages, *others, *([site] if site else [])]
    sys.path_importer_cache.clear()


def move(lang: str) -> None:
    """Tell Python where its environment is to be seen from now on."""
    old = sys.prefix
    sys.prefix = sys.exec_prefix = lang
    sys.executable = lang + sys.executable.removeprefix(old)


def warm(modules: Sequence[str], clients: Sequence[str]) -> None:
    """Import, and make boto3's clients once: what they import, compile and read is there for every fork."""
    for name in (*CLIENT, "awslambdaric.bootstrap"):
        importlib.import_module(name)
    _forget("awslambdaric.bootstrap")
    for name in modules:
        importlib.import_module(name)
    if clients:
        _warm_clients(clients)


def _forget(name: str) -> None:
    del sys.modules[name]
    package, _, last = name.rpartition(".")
    delattr(sys.modules[package], last)


def _warm_clients(names: Sequence[str]) -> None:
    session_module: Any = importlib.import_module("botocore.session")
    loader_type: Any = importlib.import_module("botocore.loaders").JSONFileLoader
    read: dict[str, None] = {}
    load = loader_type.load_file

    def note(self: Any, path: str) -> Any:
        found = load(self, path)
        if found is not None:
            read[path] = None
        return found

    loader_type.load_file = note
    session = session_module.Session()
    for name in names:
        session.create_client(name, **DUMMY)
    # read again: what clients were made of may have been changed by that
    loader_type.load_file = load
    loader = loader_type()
    keep({path: load(loader, path) for path in read})


def keep(documents: Mapping[str, Any]) -> None:
    """Give botocore these documents instead of its files, each once in a process: it may change what it was given."""
    loader_type: Any = importlib.import_module("botocore.loaders").JSONFileLoader
    ready = dict(documents)
    load = loader_type.load_file

    def load_file(self: Any, file_path: str) -> Any:
        return ready.pop(file_path, None) or load(self, file_path)

    loader_type.load_file = load_file
