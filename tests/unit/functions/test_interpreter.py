from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.errors import EngineError
from windtunnel.functions.interpreter import find_interpreter


def installed(runtimes: Path, name: str, version: str) -> None:
    home = runtimes / name
    (home / "lib" / name / "site-packages").mkdir(parents=True)
    (home / "bin").mkdir()
    (home / "bin/python").touch()
    (home / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion_info = {version}\n")
    (runtimes / "current").unlink(missing_ok=True)
    (runtimes / "current").symlink_to(name)


def test_a_runtime_gets_the_interpreter_of_its_version(tmp_path: Path) -> None:
    installed(tmp_path, "python3.13", "3.13.4")
    installed(tmp_path, "python3.12", "3.12.1")

    found = find_interpreter(tmp_path, "python3.13")

    assert found.exact
    assert found.identifier == "python:3.13.4"
    assert found.path == tmp_path / "python3.13/bin/python"
    assert found.packages == tmp_path / "python3.13/lib/python3.13/site-packages"


def test_another_version_gets_the_one_that_is_there_and_says_so(tmp_path: Path) -> None:
    installed(tmp_path, "python3.12", "3.12.1")

    found = find_interpreter(tmp_path, "python3.13")

    assert not found.exact
    assert found.identifier == "python:3.12.1"


@pytest.mark.parametrize("runtime", ["nodejs22.x", "provided.al2023", "java21", "python", "../python3.13"])
def test_what_is_no_python_is_refused_by_name(tmp_path: Path, runtime: str) -> None:
    with pytest.raises(EngineError, match=runtime):
        find_interpreter(tmp_path, runtime)


def test_no_interpreter_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no interpreter for python3\.13") as caught:
        find_interpreter(tmp_path, "python3.13")

    assert caught.value.hint == "make setup"
