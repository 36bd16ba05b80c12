from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.errors import ConfigError
from windtunnel.load.plan import scenario_class
from windtunnel.load.scenarios import find_scenario, read_scenarios

KNOWN = ("mixed", "read-heavy", "a-p-i-load")
LOCUSTFILE = """
from windtunnel.load import generator
from windtunnel.load.generator import ApiUser

class Base(ApiUser):
    abstract = True

class Session(locust.SequentialTaskSet): ...
class Tasks(TaskSet): ...
class BlackFriday(Base): ...
class APILoad(generator.ApiUser):
    abstract = False
class Helper: ...
class lower(Base): ...
class Probe(ApiUser): ...
"""


def test_scenarios_are_the_classes_that_can_be_run(tmp_path: Path) -> None:
    path = tmp_path / "locustfile.py"
    path.write_text(LOCUSTFILE)

    names = read_scenarios(path)

    assert names == ("black-friday", "a-p-i-load")
    assert [scenario_class(name) for name in names] == ["BlackFriday", "APILoad"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("mixed", "mixed"),
        ("Mixed", "mixed"),
        ("MIXED", "mixed"),
        ("read-heavy", "read-heavy"),
        ("ReadHeavy", "read-heavy"),
        ("read_heavy", "read-heavy"),
        ("Read-Heavy", "read-heavy"),
        ("api-load", "a-p-i-load"),
    ],
)
def test_a_scenario_has_one_spelling_however_it_is_given(given: str, meant: str) -> None:
    assert find_scenario(given, KNOWN, Path("locustfile.py")) == meant


def test_a_scenario_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'red-heavy': .* has no class RedHeavy to be run") as near:
        find_scenario("red-heavy", KNOWN, Path("locustfile.py"))
    with pytest.raises(ConfigError) as far:
        find_scenario("teapot", KNOWN, Path("locustfile.py"))

    assert near.value.hint == "did you mean 'read-heavy'?"
    assert far.value.hint == "there are mixed, read-heavy, a-p-i-load"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"import locust\nclass Mixed(:\n", r"locustfile.py, line 2: invalid syntax"),
        (b"x = 'caf\xe9'\n", "locustfile.py"),
        (b"x = 1\0\n", "locustfile.py"),
    ],
)
def test_a_locustfile_that_is_no_python_is_refused_with_the_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "locustfile.py"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=said):
        read_scenarios(path)


def test_a_locustfile_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        read_scenarios(tmp_path / "locustfile.py")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_scenarios(tmp_path)
