"""Whether a function's handler is where the template says: AWS takes the stack without a look, and fails at invoke."""

from __future__ import annotations

import difflib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from windtunnel.deploy.artifact import Artifact
from windtunnel.errors import TemplateError

MODULE_SUFFIXES = (".py", ".pyc", ".so", "/__init__.py", "/__init__.pyc")
OPT_PATHS = ("python/", *(f"python/lib/python3.{minor}/site-packages/" for minor in range(8, 20)))
"""Where Lambda's Python runtime looks in a layer."""


def check_handlers(artifacts: Iterable[Artifact], archives: Mapping[str, Path]) -> None:
    """Raises TemplateError for a Python handler whose module is in neither the function nor its layers.

    `archives`: what was built, by logical id. A function with a layer from elsewhere may find its handler there.
    """
    names = {logical_id: _names(path) for logical_id, path in archives.items() if zipfile.is_zipfile(path)}
    for artifact in artifacts:
        if artifact.kind != "function" or not artifact.runtime.startswith("python") or not artifact.handler:
            continue
        if artifact.logical_id not in names or not all(layer in names for layer in artifact.layers):
            continue
        found = set(names[artifact.logical_id])
        for layer in artifact.layers:
            found |= {name.removeprefix(path) for name in names[str(layer)] for path in OPT_PATHS if path in name}
        check_handler(artifact, found)


def check_handler(artifact: Artifact, names: set[str]) -> None:
    """Raises TemplateError where the handler's module is not among `names`: the function's files and its layers'."""
    what = f"the handler of {artifact.logical_id} is {artifact.handler!r}"
    module, dot, function = artifact.handler.rpartition(".")
    if not (module and dot and function):
        raise TemplateError(
            f"{what}, which is not of the form module.function", hint="for example: app.handler in app.py"
        )
    # the runtime client takes a slash for a dot
    path = module.replace(".", "/")
    if any(path + suffix in names for suffix in MODULE_SUFFIXES):
        return
    modules = sorted({name.removesuffix(".py").removesuffix("/__init__") for name in names if name.endswith(".py")})
    close = [name.replace("/", ".") for name in difflib.get_close_matches(path, modules, n=1, cutoff=0.5)]
    hint = f"did you mean '{close[0]}.{function}'?" if close else "a handler is module.function, from CodeUri down"
    raise TemplateError(
        f"{what}, and there is no {path}.py in its CodeUri {artifact.source}"
        + (" or its layers" if artifact.layers else ""),
        hint=hint,
    )


def _names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()
