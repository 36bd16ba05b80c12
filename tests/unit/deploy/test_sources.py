from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.deploy.sources import NEVER, PYTHON_BUILD, digest, source_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    (source / "handlers").mkdir(parents=True)
    (source / "app.py").write_text("A = 1\n")
    (source / "handlers/get.py").write_text("B = 2\n")
    return source


def names(folder: Path, exclude: tuple[str, ...] = NEVER) -> list[str]:
    return [file.name for file in source_files(folder, exclude)]


def key(folder: Path, *salt: str) -> str:
    return digest(source_files(folder, NEVER), salt)


def test_files_are_found_at_any_depth_and_sorted(folder: Path) -> None:
    assert names(folder) == ["app.py", "handlers/get.py"]


@pytest.mark.parametrize(
    "noise",
    ["__pycache__/app.cpython-313.pyc", "old.pyc", ".git/config", ".venv/bin/python", "handlers/.pytest_cache/x"],
)
def test_what_tools_leave_behind_is_no_source(folder: Path, noise: str) -> None:
    before = key(folder)

    (folder / noise).parent.mkdir(parents=True, exist_ok=True)
    (folder / noise).write_text("noise")

    assert names(folder) == ["app.py", "handlers/get.py"]
    assert key(folder) == before


def test_a_python_build_leaves_out_what_sam_build_leaves_out(folder: Path) -> None:
    (folder / "native.so").write_text("")
    (folder / ".env").write_text("SECRET=1")

    assert names(folder, PYTHON_BUILD) == ["app.py", "handlers/get.py"]
    assert names(folder) == [".env", "app.py", "handlers/get.py", "native.so"]


def test_content_names_modes_and_salt_count_and_times_do_not(folder: Path) -> None:
    before = key(folder, "python")

    assert key(folder, "nodejs") != before
    (folder / "app.py").touch()
    assert key(folder, "python") == before
    (folder / "app.py").chmod(0o755)
    executable = key(folder, "python")
    assert executable != before
    (folder / "app.py").write_text("A = 2\n")
    changed = key(folder, "python")
    assert changed != executable
    (folder / "app.py").rename(folder / "main.py")
    assert key(folder, "python") != changed


def test_values_are_not_run_together(folder: Path) -> None:
    assert key(folder, "ab", "c") != key(folder, "a", "bc")


def test_links_to_files_and_folders_are_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/common.py").write_text("C = 3\n")
    (folder / "shared").symlink_to(tmp_path / "shared")
    (folder / "copy.py").symlink_to(folder / "app.py")

    found = {file.name: file.path.read_text() for file in source_files(folder, NEVER)}

    assert found["shared/common.py"] == "C = 3\n"
    assert found["copy.py"] == "A = 1\n"


def test_links_that_go_round_or_nowhere_are_left_out(folder: Path) -> None:
    (folder / "handlers/up").symlink_to(folder)
    (folder / ".#lock").symlink_to(folder / "nobody@host.123")

    assert names(folder) == ["app.py", "handlers/get.py"]
