"""LocalEmu, LocalStack's fork, has LocalStack's modules below another name: where it is installed, it stands in.

Checked with LocalEmu 1.3.2, which has every name that localstack.py imports. What differs otherwise: an executor's
invoke() is told the function's timeout as well, and entry points are in groups `localemu.*` (pyproject.toml).
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

ORIGINAL, FORK = "localstack", "localemu"


class StandIn(MetaPathFinder, Loader):
    """Answers an import of localstack.* with the fork's module of the same place: the very same object."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != ORIGINAL and not fullname.startswith(f"{ORIGINAL}."):
            return None
        if importlib.util.find_spec(self._real(fullname)) is None:
            return None
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._real(spec.name))
        # the import system is about to make it ours
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It was executed under its own name, which it keeps."""
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state

    @staticmethod
    def _real(fullname: str) -> str:
        return FORK + fullname.removeprefix(ORIGINAL)


def stand_in() -> None:
    """Where there is the fork and not LocalStack itself, imports of localstack.* find it from here on."""
    if importlib.util.find_spec(ORIGINAL) is None and importlib.util.find_spec(FORK) is not None:
        # first: others would find the fork's folders below the name that stands in, and load every module twice
        sys.meta_path.insert(0, StandIn())
