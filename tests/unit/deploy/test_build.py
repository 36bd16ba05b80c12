from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from windtunnel.deploy.artifact import Artifact
from windtunnel.deploy.build import STALE_SECONDS, Builder, choose_builder
from windtunnel.deploy.requirements import Installer
from windtunnel.errors import BuildError

Wheels = dict[str, bytes]


@dataclass
class FakeUv:
    """Plays uv (and the interpreter that is asked for its version): it "installs" what `wheels` says."""

    wheels: Wheels
    fails: Callable[[list[str]], str] = lambda _: ""
    installs: list[list[str]] = field(default_factory=list)
    python_version: str = "3.13"

    def __call__(self, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        if "pip" not in command:
            return subprocess.CompletedProcess(command, 0, self.python_version + "\n", "")
        self.installs.append(command)
        if problem := self.fails(command):
            return subprocess.CompletedProcess(command, 1, "", problem)
        target = Path(command[command.index("--target") + 1])
        for name, content in self.wheels.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def uv() -> FakeUv:
    return FakeUv(
        {
            "lib/__init__.py": b"",
            "lib-1.0.dist-info/RECORD": b"lib/__init__.py,,\nlib-1.0.dist-info/uv_cache.json,,\n../../bin/lib,x,9\n",
            "lib-1.0.dist-info/uv_cache.json": b"{}",
            "bin/lib": b"#!/here/python",
            ".lock": b"",
        }
    )


@pytest.fixture
def builder(tmp_path: Path, uv: FakeUv) -> Builder:
    return Builder(tmp_path / "build", Installer(tmp_path / "uv", tmp_path / "python", None, uv))


@pytest.fixture
def function(tmp_path: Path) -> Artifact:
    source = tmp_path / "source"
    source.mkdir()
    (source / "app.py").write_text("A = 1\n")
    return Artifact("Fn", "function", "AWS::Serverless::Function", "CodeUri", source, runtime="python3.13")


def layer(function: Artifact, build_method: str) -> Artifact:
    return replace(function, kind="layer", logical_id="Layer", build_method=build_method)


def contents(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_code_without_requirements_is_packed_without_uv(builder: Builder, function: Artifact, uv: FakeUv) -> None:
    built = builder.build(builder.plan(function))

    assert contents(built) == {"app.py": b"A = 1\n"}
    assert uv.installs == []


def test_requirements_come_under_the_source_without_what_differs_by_machine(
    builder: Builder, function: Artifact, uv: FakeUv
) -> None:
    (function.source / "requirements.txt").write_text("lib==1.0\n")
    (function.source / "lib").mkdir()
    (function.source / "lib/__init__.py").write_text("ours\n")

    built = builder.build(builder.plan(function))

    assert contents(built) == {
        "app.py": b"A = 1\n",
        "lib/__init__.py": b"ours\n",
        "lib-1.0.dist-info/RECORD": b"lib/__init__.py,,\n",
        "requirements.txt": b"lib==1.0\n",
    }


def test_a_layer_is_laid_out_below_python(builder: Builder, function: Artifact) -> None:
    (function.source / "requirements.txt").write_text("lib==1.0\n")

    built = builder.build(builder.plan(layer(function, "python3.13")))

    assert {"python/app.py", "python/lib/__init__.py", "python/requirements.txt"} <= set(contents(built))


def test_a_layer_without_build_method_is_taken_as_it_is(builder: Builder, function: Artifact, uv: FakeUv) -> None:
    (function.source / "requirements.txt").write_text("lib==1.0\n")
    (function.source / "native.so").write_bytes(b"\x7fELF")

    built = builder.build(builder.plan(layer(function, "")))

    assert set(contents(built)) == {"app.py", "native.so", "requirements.txt"}
    assert uv.installs == []


def test_a_zip_file_is_uploaded_as_it_is(builder: Builder, function: Artifact, tmp_path: Path) -> None:
    archive = tmp_path / "ready.zip"
    archive.write_bytes(b"PK anything")

    assert builder.build(builder.plan(replace(function, source=archive))).read_bytes() == b"PK anything"


def test_what_was_built_is_found_again_until_something_changes(builder: Builder, function: Artifact) -> None:
    plan = builder.plan(function)
    assert builder.built(plan) is None
    built = builder.build(plan)

    assert builder.built(builder.plan(function)) == built
    (function.source / "app.py").write_text("A = 2\n")
    assert builder.built(builder.plan(function)) is None
    (function.source / "app.py").write_text("A = 1\n")
    assert builder.built(builder.plan(function)) == built


@pytest.mark.parametrize("line", ["-r ../common.txt", "--requirement=../common.txt", "-c ../common.txt"])
def test_included_requirements_belong_to_the_key(
    builder: Builder, function: Artifact, tmp_path: Path, line: str
) -> None:
    (tmp_path / "common.txt").write_text("lib==1.0\n")
    (function.source / "requirements.txt").write_text(f"{line}\n")
    before = builder.plan(function).key

    (tmp_path / "common.txt").write_text("lib==2.0\n")

    assert builder.plan(function).key != before


@pytest.mark.parametrize(
    "line", ["../shared", "-e ../shared", "shared @ file:../shared", "../shared[extra] ; python_version>'3'"]
)
def test_local_folders_of_requirements_belong_to_the_key(
    builder: Builder, function: Artifact, tmp_path: Path, line: str
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/module.py").write_text("A = 1\n")
    (function.source / "requirements.txt").write_text(f"{line}\n")
    before = builder.plan(function).key

    (tmp_path / "shared/module.py").write_text("A = 2\n")

    assert builder.plan(function).key != before


def test_requirements_that_include_each_other_come_to_an_end(builder: Builder, function: Artifact) -> None:
    (function.source / "requirements.txt").write_text("-r more.txt\n")
    (function.source / "more.txt").write_text("-r requirements.txt\n-r nowhere.txt\n")

    assert builder.plan(function).key


def test_another_python_is_another_build_only_where_something_is_installed(
    builder: Builder, function: Artifact, uv: FakeUv
) -> None:
    other = replace(builder, installer=replace(builder.installer, run=replace(uv, python_version="3.12")))

    assert builder.plan(function).key == other.plan(function).key
    (function.source / "requirements.txt").write_text("lib\n")
    assert builder.plan(function).key != other.plan(function).key


def test_wheels_at_hand_come_first_and_then_the_network(
    builder: Builder, function: Artifact, uv: FakeUv, tmp_path: Path
) -> None:
    (tmp_path / "wheels").mkdir()
    (function.source / "requirements.txt").write_text("lib\n")
    uv.fails = lambda command: "not cached" if "--offline" in command else ""
    builder = replace(builder, installer=replace(builder.installer, wheels=tmp_path / "wheels"))

    builder.build(builder.plan(function))

    offline, online = uv.installs
    assert "--offline" in offline
    assert "--offline" not in online
    assert all(command[command.index("--find-links") + 1] == str(tmp_path / "wheels") for command in uv.installs)
    assert not any("--require-hashes" in command for command in uv.installs)


def test_hashes_are_required_where_there_are_some(builder: Builder, function: Artifact, uv: FakeUv) -> None:
    (function.source / "requirements.txt").write_text("lib==1.0 --hash=sha256:00\n")

    builder.build(builder.plan(function))

    assert "--require-hashes" in uv.installs[0]


def test_requirements_that_cannot_be_installed_are_an_error_that_leaves_nothing(
    builder: Builder, function: Artifact, uv: FakeUv
) -> None:
    (function.source / "requirements.txt").write_text("nonsuch\n")
    uv.fails = lambda command: "no offline" if "--offline" in command else "line\n" * 40 + "no such package: nonsuch"

    with pytest.raises(BuildError, match=r"requirements of Fn could not be installed: .*/requirements\.txt") as caught:
        builder.build(builder.plan(function))

    assert "no offline" in caught.value.detail
    assert "no such package: nonsuch" in caught.value.detail
    assert len(caught.value.detail.splitlines()) < 25
    assert list(builder.folder.iterdir()) == []


def test_a_build_that_is_killed_leaves_nothing_that_is_trusted(
    builder: Builder, function: Artifact, uv: FakeUv
) -> None:
    (function.source / "requirements.txt").write_text("lib\n")

    def killed(command: list[str]) -> str:
        raise KeyboardInterrupt

    uv.fails = killed
    plan = builder.plan(function)

    with pytest.raises(KeyboardInterrupt):
        builder.build(plan)

    assert builder.built(plan) is None


def test_only_old_leftovers_are_swept(builder: Builder, function: Artifact) -> None:
    built = builder.build(builder.plan(function))
    for name, age in (("building-old", STALE_SECONDS + 10), ("building-now", 0)):
        (builder.folder / name).mkdir()
        os.utime(builder.folder / name, (10_000 - age, 10_000 - age))

    builder.sweep(10_000.0)

    assert {path.name for path in builder.folder.iterdir()} == {built.name, "building-now"}


def test_uv_that_is_not_there_is_an_error_that_names_it(function: Artifact, tmp_path: Path) -> None:
    (function.source / "requirements.txt").write_text("lib\n")
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 3.13\n")
    python.chmod(0o755)
    builder = Builder(tmp_path / "build", Installer(tmp_path / "no-uv", python, None))

    with pytest.raises(BuildError, match="no-uv") as caught:
        builder.build(builder.plan(function))

    assert caught.value.hint == "make setup"


@pytest.mark.parametrize(
    ("runtime", "manifest", "text"),
    [
        ("nodejs22.x", "package.json", '{"dependencies": {"lodash": "4"}}'),
        ("ruby3.3", "Gemfile", ""),
        ("java21", "pom.xml", ""),
        ("provided.al2023", "Makefile", ""),
        ("dotnet8", "app.csproj", ""),
    ],
)
def test_other_package_managers_are_left_to_sam(function: Artifact, runtime: str, manifest: str, text: str) -> None:
    (function.source / manifest).write_text(text)

    with pytest.raises(BuildError, match=f"cannot build Fn: {manifest}") as caught:
        choose_builder(replace(function, runtime=runtime))

    assert "sam build" in caught.value.hint


@pytest.mark.parametrize("runtime", ["nodejs22.x", "provided.al2023", "ruby3.3"])
def test_any_runtime_without_dependencies_is_just_packed(function: Artifact, runtime: str) -> None:
    (function.source / "package.json").write_text('{"name": "x", "devDependencies": {"jest": "1"}}')

    assert choose_builder(replace(function, runtime=runtime)) == "as-is"


def test_a_makefile_build_is_left_to_sam(function: Artifact) -> None:
    with pytest.raises(BuildError, match="its BuildMethod is makefile"):
        choose_builder(replace(function, build_method="makefile"))


def test_skip_build_is_honoured(function: Artifact) -> None:
    assert choose_builder(replace(function, build_method="makefile", skip_build=True)) == "as-is"


def test_builds_at_the_same_time_do_not_disturb_each_other(builder: Builder, function: Artifact) -> None:
    (function.source / "requirements.txt").write_text("lib\n")
    plan = builder.plan(function)

    with ThreadPoolExecutor(8) as pool:
        results = set(pool.map(lambda _: builder.build(plan), range(16)))

    assert len(results) == 1
    assert contents(results.pop())["app.py"] == b"A = 1\n"
    assert len(list(builder.folder.iterdir())) == 1
