from __future__ import annotations

import os
import zipfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.deploy.archive import Entry, write_archive

NAMES = st.lists(
    st.text("abcdé._-", min_size=1, max_size=8).filter(lambda n: n.strip(".")), min_size=1, max_size=3
).map("/".join)
CONTENTS = st.dictionaries(NAMES, st.tuples(st.binary(max_size=200), st.booleans()), max_size=8)


@given(contents=CONTENTS, order=st.randoms())
@settings(max_examples=50, deadline=None)
def test_the_same_contents_make_the_same_bytes_in_any_order(tmp_path_factory, contents, order) -> None:  # type: ignore[no-untyped-def]
    folder: Path = tmp_path_factory.mktemp("archive")
    items = list(contents.items())
    shuffled = items[:]
    order.shuffle(shuffled)

    for name, listing in (("a.zip", items), ("b.zip", shuffled)):
        write_archive(folder / name, {key: Entry(content, executable) for key, (content, executable) in listing})

    assert (folder / "a.zip").read_bytes() == (folder / "b.zip").read_bytes()
    with zipfile.ZipFile(folder / "a.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {n: c for n, (c, _) in items}
        assert archive.namelist() == sorted(contents)


def test_times_owners_and_masks_of_the_disk_leave_no_trace(tmp_path: Path) -> None:
    for name, mode, time in (("one", 0o600, 1), ("two", 0o666, 2_000_000_000)):
        (tmp_path / name).write_text("print()")
        (tmp_path / name).chmod(mode)
        os.utime(tmp_path / name, (time, time))
        write_archive(tmp_path / f"{name}.zip", {"app.py": Entry(tmp_path / name)})

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_everybody_may_read_and_what_was_executable_stays_so(tmp_path: Path) -> None:
    write_archive(tmp_path / "a.zip", {"bootstrap": Entry(b"#!/bin/sh", executable=True), "app.py": Entry(b"")})

    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        modes = {info.filename: oct(info.external_attr >> 16) for info in archive.infolist()}
        times = {info.date_time for info in archive.infolist()}

    assert modes == {"app.py": "0o100644", "bootstrap": "0o100755"}
    assert times == {(1980, 1, 1, 0, 0, 0)}
