"""What is watched, and on which file systems it has to be looked through."""

from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.watch.places import Place, counts, is_silent, places, read_mounts


class Fleeting(Path):
    """A folder that was there a moment ago."""

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        del follow_symlinks
        return True


MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
C:\\134 /mnt/c 9p rw,noatime 0 0
server:/home /home/ada\\040b nfs4 rw 0 0
sshfs#x /remote fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "silent"),
    [
        ("/work/project", False),
        ("/mnt/c/Users/ada/project", True),  # WSL: inotify tells nothing of Windows' drives
        ("/home/ada b/project", True),
        ("/remote/x", True),
        ("/mnt/cd", False),
    ],
)
def test_only_file_systems_that_tell_nothing_are_looked_through(path: str, silent: bool) -> None:
    assert is_silent(Path(path), read_mounts(MOUNTS)) is silent


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("src/app.py", True),
        ("src/deep/data.json", True),
        ("src/package.json", True),
        ("src/.app.py.swp", False),
        ("src/app.py~", False),
        ("src/4913", False),
        ("src/__pycache__/app.cpython-313.pyc", False),
        ("src/.git/index", False),
        ("other/app.py", False),
        ("template.yaml", True),
        ("other.yaml", False),
    ],
)
def test_a_change_counts_where_an_artifact_may_be_another_for_it(name: str, counted: bool) -> None:
    root = Path("/project")

    assert counts(root / name, [root / "src"], [root / "template.yaml"]) is counted


def test_what_no_artifact_holds_is_not_watched(tmp_path: Path) -> None:
    (tmp_path / "plain/package").mkdir(parents=True)
    (tmp_path / "root/app").mkdir(parents=True)
    (tmp_path / "root/.venv/lib").mkdir(parents=True)

    found = places([tmp_path / "plain", tmp_path / "root", tmp_path / "gone/x"], [])

    assert {(place.path.relative_to(tmp_path), place.recursive) for place in found} == {
        (Path("plain"), True),
        (Path("root"), False),
        (Path("root/app"), True),
    }


def test_a_folder_that_was_made_anew_is_another_place(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    before = places([source], [])
    source.rename(tmp_path / "aside")
    source.mkdir()

    assert places([source], []) != before
    assert Place(source, True, source.stat().st_ino) in places([source], [])


def test_a_folder_that_goes_while_it_is_looked_at_is_awaited_where_it_was(tmp_path: Path) -> None:
    assert places([Fleeting(tmp_path / "source")], []) == places([tmp_path / "source"], [])
    assert {place.path for place in places([Fleeting(tmp_path / "source")], [])} == {tmp_path}
