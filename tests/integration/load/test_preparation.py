"""What is prepared for a run, in Locust's own environment: the harness has no Locust."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".windtunnel/load-venv/bin/python"
SCRIPT = """
import json
from argparse import Namespace

import gevent
from locust.exception import StopTest

from windtunnel.load.preparation import Preparation

told = []


class Outsider:
    def __init__(self, name):
        self.name, self.shared = name, {}

    def prepare(self):
        told.append(f"prepare {self.name}")
        self.shared[self.name] = len(told)
        if self.name == "bad":
            raise StopTest("500")

    def clear(self):
        told.append(f"clear {self.name} of {sorted(self.shared)}")
        gevent.sleep(0.01)
        if self.name == "lost":
            raise StopTest("404")
        told.append(f"cleared {self.name}")


def outsiders(*names):
    return [lambda name=name: Outsider(name) for name in names]


options = Namespace(shared="")
preparation = Preparation(options)
before = preparation.shared
SCENARIO
print(json.dumps({"before": before, "told": told, "shared": Preparation(options).shared}))
"""

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="no Locust: make setup")


def run(scenario: str) -> Any:
    done = subprocess.run(
        [PYTHON, "-c", SCRIPT.replace("SCENARIO", scenario)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_is_prepared_once_is_in_the_options_that_workers_get() -> None:
    found = run("preparation.make(outsiders('one', 'two')); preparation.make(outsiders('again'))")

    assert found["before"] == {}
    assert found["told"] == ["prepare one", "prepare two"]
    assert found["shared"] == {"one": 1, "two": 2}


def test_what_was_prepared_is_cleared_once_and_everybody_waits_for_it() -> None:
    found = run(
        "preparation.make(outsiders('one'))\n"
        "gevent.spawn(preparation.clear); gevent.sleep(0); preparation.clear(); told.append('end')"
    )

    assert found["told"] == ["prepare one", "clear one of ['one']", "cleared one", "end"]


def test_where_one_fails_what_the_others_made_is_cleared_all_the_same() -> None:
    found = run(
        "try:\n    preparation.make(outsiders('lost', 'bad', 'never'))\n"
        "except StopTest as error:\n    told.append(str(error))\n"
        "preparation.clear()"
    )

    everything = "['bad', 'lost']"
    assert found["told"] == [
        "prepare lost",
        "prepare bad",
        "500",
        f"clear bad of {everything}",
        "cleared bad",
        f"clear lost of {everything}",
    ]
    assert found["shared"] == {}
