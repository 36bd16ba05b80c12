"""What is served in place of what was deployed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from windtunnel.edge.reloads import Reloads

KEY = "function/1/r/f"


def document(code: str | None, revision: str = "1", **versions: str) -> dict[str, Any]:
    """A function with $LATEST and versions made of these folders."""
    found = {"$LATEST": code, **{name.removeprefix("v"): folder for name, folder in versions.items()}}
    return {"versions": {n: {"code": c, "layers": None, "revision": revision} for n, c in found.items()}}


class Served:
    """Reloads over a folder, and what they applied last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.applied: list[Mapping[str, Any]] = []
        self.reloads = Reloads(folder / "reloads.json", lambda _key, served: self.applied.append(served))

    def code(self, name: str) -> str:
        (self.folder / name).mkdir(exist_ok=True)
        return str(self.folder / name)

    def publish(self, published: Mapping[str, Any]) -> Mapping[str, Any]:
        served = self.reloads.publish(KEY, published)
        assert served is not None
        return served


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


def codes(served: Mapping[str, Any]) -> dict[str, str]:
    return {number: version["code"] for number, version in served["versions"].items()}


def test_a_reload_is_served_at_once_under_a_revision_of_its_own(served: Served) -> None:
    served.publish(document("/old"))

    unknown = served.reloads.update({KEY: {"code": served.code("new")}}, replace=True)

    assert unknown == []
    assert codes(served.applied[-1]) == {"$LATEST": served.code("new")}
    assert served.applied[-1]["versions"]["$LATEST"]["revision"].startswith("1/")


def test_versions_of_the_same_code_have_it_too_and_older_ones_not(served: Served) -> None:
    served.publish(document("/old", v2="/old", v1="/older"))

    served.reloads.update({KEY: {"code": served.code("new")}}, replace=True)

    new = served.code("new")
    assert codes(served.applied[-1]) == {"$LATEST": new, "2": new, "1": "/older"}


def test_a_changed_configuration_keeps_it_and_other_deployed_code_ends_it(served: Served) -> None:
    served.publish(document("/old"))
    served.reloads.update({KEY: {"code": served.code("new")}}, replace=True)

    configured = served.publish(document("/old", revision="2"))
    pending = served.publish(document(None, revision="2"))
    back = served.publish(document("/old", revision="2"))
    deployed = served.publish(document("/other", revision="3"))

    assert codes(configured) == codes(back) == {"$LATEST": served.code("new")}
    assert codes(pending) == {"$LATEST": None}
    assert codes(deployed) == {"$LATEST": "/other"}
    assert served.reloads.describe()[KEY]["reload"] is None


def test_it_is_there_again_in_an_edge_that_is_started_anew(served: Served) -> None:
    served.publish(document("/old"))
    served.reloads.update({KEY: {"code": served.code("new")}}, replace=True)

    again = Served(served.folder)
    again.reloads.load()

    assert codes(again.publish(document("/old"))) == {"$LATEST": served.code("new")}


def test_what_is_not_named_any_more_goes_back_to_what_was_deployed(served: Served) -> None:
    served.publish(document("/old"))
    served.reloads.update({KEY: {"code": served.code("new")}}, replace=True)

    served.reloads.update({}, replace=False)
    kept = len(served.applied)
    served.reloads.update({}, replace=True)

    assert kept == 1
    assert codes(served.applied[-1]) == {"$LATEST": "/old"}


def test_a_folder_that_is_not_there_changes_nothing(served: Served) -> None:
    served.publish(document("/old"))

    with pytest.raises(ValueError, match="no folder"):
        served.reloads.update({KEY: {"code": "/not/there"}}, replace=True)

    assert served.applied == []
    assert served.reloads.update({"function/1/r/other": {"code": "/x"}}, replace=True) == ["function/1/r/other"]
