"""Which program runs a function of a Lambda runtime, and how it is started.

- python3.*: an interpreter with AWS's runtime interface client (interpreter.py, sandbox.py).
- nodejs*.x: a Node.js with AWS's runtime interface client for it (node_line.cjs, node_main.mjs).
- provided, provided.al2, provided.al2023: the function's own `bootstrap`, or its layers'.
Others cannot be run here, and it is said which.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from windtunnel.errors import EngineError
from windtunnel.functions.interpreter import NODE, PROVIDED, PYTHON, Interpreter, find_interpreter
from windtunnel.functions.spec import FunctionSpec
from windtunnel.functions.variables import Places

NODEJS = re.compile(r"nodejs(\d+)\.x")
CUSTOM = re.compile(r"provided(\.al2|\.al2023)?")
LAST_GENERATION = 22
"""The last Node.js whose client takes handlers with a callback (AWS Lambda Developer Guide, "Node.js handler")."""
HERE = Path(__file__).parent
LINE, MAIN = HERE / "node_line.cjs", HERE / "node_main.mjs"


def find_runtime(runtimes: Path, runtime: str) -> Interpreter:
    """What runs a Lambda runtime here; `runtimes` is where scripts/bootstrap put the programs.

    Raises EngineError where there is none.
    """
    if found := NODEJS.fullmatch(runtime):
        return _find_node(runtimes, runtime, int(found[1]))
    if CUSTOM.fullmatch(runtime):
        return Interpreter(Path("/var/task/bootstrap"), runtimes, runtime, True, PROVIDED)
    if PYTHON.fullmatch(runtime):
        return find_interpreter(runtimes, runtime)
    raise EngineError(
        f"windtunnel cannot run functions of the runtime {runtime!r}: it has Python, Node.js and provided ones "
        "(a function of another language runs as provided.al2023, with a bootstrap of its own)"
    )


def _find_node(runtimes: Path, runtime: str, major: int) -> Interpreter:
    packages = runtimes / "node"
    for home in (runtimes / runtime, packages):
        program = home / "bin/node"
        if program.exists():
            break
    else:
        raise EngineError(f"no Node.js for {runtime} in {runtimes}", hint="install one, then make setup")
    version = (home / "version").read_text().strip().removeprefix("v")
    exact = version.split(".")[0] == str(major)
    return Interpreter(program.resolve(), packages.resolve(), f"nodejs:{version}", exact, NODE)


def command(spec: FunctionSpec, places: Places, language: str, files: Mapping[Path, str]) -> Sequence[str]:
    """The words that start a function's runtime, as its process sees the places; () for Python, which is forked.

    `files` is where it sees LINE and MAIN. Raises OSError.
    """
    if language == PROVIDED:
        return [_bootstrap(spec, places)]
    if language == NODE:
        return _node(spec, places, files)
    return ()


def _bootstrap(spec: FunctionSpec, places: Places) -> str:
    if (spec.code / "bootstrap").exists():
        return str(places.code / "bootstrap")
    if spec.layers is not None and places.opt is not None and (spec.layers / "bootstrap").exists():
        return str(places.opt / "bootstrap")
    # recorded: {"errorMessage": "RequestId: ... Error: Couldn't find valid bootstrap(s): ...", "errorType":
    # "Runtime.InvalidEntrypoint"} (AWS Lambda Developer Guide, "Troubleshoot invocation issues")
    raise OSError("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")


def _node(spec: FunctionSpec, places: Places, files: Mapping[Path, str]) -> list[str]:
    """As AWS's own bootstrap starts it, with 5 % of the memory for young objects and 90 % for old ones."""
    options = spec.variables.get("NODE_OPTIONS", "").replace("_", "-")
    words = [str(places.interpreter), "--expose-gc", "--max-http-header-size=81920"]
    if "--max-semi-space-size" not in options and "--max-old-space-size" not in options:
        words += [f"--max-semi-space-size={spec.memory_mb * 5 // 100}"]
        words += [f"--max-old-space-size={spec.memory_mb * 90 // 100}"]
    words += ["--require", files.get(LINE, str(LINE))]
    found = NODEJS.fullmatch(spec.runtime)
    if found and int(found[1]) > LAST_GENERATION:
        return [*words, str(places.runtime / "node_modules/aws-lambda-ric/index.mjs")]
    return [*words, files.get(MAIN, str(MAIN)), str(places.runtime)]


def language_variables(spec: FunctionSpec, places: Places, language: str) -> Mapping[str, str]:
    """What a language's runtime sets, and a template may replace. (Python's are in variables.py.)"""
    if language != NODE:
        return {}
    generation = spec.runtime.removeprefix("nodejs").removesuffix(".x")
    opt = places.opt or Path("/opt")
    folders = [
        opt / f"nodejs/node{generation}/node_modules",
        opt / "nodejs/node_modules",
        places.runtime / "node_modules",
        places.runtime,
        places.code,
    ]
    return {"NODE_PATH": os.pathsep.join(map(str, folders))}


def extension_names(spec: FunctionSpec) -> Sequence[str]:
    """The external extensions of a function: programs in its layers' `extensions`."""
    folder = spec.layers / "extensions" if spec.layers else None
    if folder is None or not folder.is_dir():
        return []
    return sorted(file.name for file in folder.iterdir() if file.is_file())
