"""Generations on disk: only a whole one ever counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.plugin.snapshot_files import Generation, SnapshotError, SnapshotFolder, State, Versions

VERSIONS = Versions("1", "4.14.0", "3.13.0")


@pytest.fixture
def folder(tmp_path: Path) -> SnapshotFolder:
    made = SnapshotFolder(tmp_path / "snapshots")
    assert made.acquire(0.0)
    return made


def write(folder: SnapshotFolder, **contents: bytes) -> Generation:
    states = {service: State.of(service, content) for service, content in contents.items()}
    return folder.commit(VERSIONS, states, folder.current())


def test_before_the_first_there_is_none(folder: SnapshotFolder) -> None:
    assert folder.current() is None


def test_what_was_written_is_read(folder: SnapshotFolder) -> None:
    write(folder, sqs=b"queues", sns=b"topics")

    current = folder.current()

    assert current is not None
    assert current.versions == VERSIONS
    assert {service: current.read(service) for service in current.entries} == {"sqs": b"queues", "sns": b"topics"}


def test_what_did_not_change_is_carried_over(folder: SnapshotFolder) -> None:
    first = write(folder, sqs=b"queues", sns=b"topics")

    second = write(folder, sns=b"more topics")
    folder.sweep(second)

    assert not first.folder.exists()
    assert (second.read("sqs"), second.read("sns")) == (b"queues", b"more topics")


def test_an_unfinished_generation_does_not_count(folder: SnapshotFolder) -> None:
    whole = write(folder, sqs=b"queues")
    for name in ("000002", "000002.draft"):
        (whole.folder.parent / name).mkdir()

    current = folder.current()
    assert current == whole

    assert write(folder, sqs=b"more").read("sqs") == b"more"


@pytest.mark.parametrize("damage", [b"", b"queueX", b"queues and more", None])
def test_a_damaged_file_is_told_apart_and_set_aside(folder: SnapshotFolder, damage: bytes | None) -> None:
    generation = write(folder, sqs=b"queues")
    file = generation.folder / "sqs.state"
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)

    with pytest.raises(SnapshotError, match=r"sqs\.state"):
        generation.read("sqs")

    aside = folder.set_aside(generation, "sqs")
    assert aside.exists() == (damage is not None)
    assert not file.exists()


@pytest.mark.parametrize("manifest", ["", "{", "[]", "{}", '{"format": 99, "versions": {}, "services": {}}'])
def test_a_manifest_that_says_nothing_is_an_error_and_all_of_it_is_set_aside(
    folder: SnapshotFolder, manifest: str
) -> None:
    (write(folder, sqs=b"queues").folder / "manifest.json").write_text(manifest)

    with pytest.raises(SnapshotError):
        folder.current()

    aside = folder.set_aside_all()
    assert folder.current() is None
    assert list(aside.glob("generations/*/sqs.state"))
    assert write(folder, sqs=b"anew").read("sqs") == b"anew"


@pytest.mark.parametrize("name", ["nowhere", "../../etc", ""])
def test_a_pointer_to_nowhere_is_an_error(folder: SnapshotFolder, name: str) -> None:
    write(folder, sqs=b"queues")
    (folder.path / "current").write_text(name)

    with pytest.raises(SnapshotError):
        folder.current()


def test_blobs_are_kept_while_a_generation_names_them(folder: SnapshotFolder) -> None:
    kept, lost = folder.write_blob([b"ke", b"pt"]), folder.write_blob([b"lost"])
    generation = folder.commit(VERSIONS, {"s3": State.of("s3", b"buckets", [kept])}, None)

    folder.sweep(generation)

    folder.check_blob(kept)
    with folder.open_blob(kept) as file:
        assert file.read() == b"kept"
    with pytest.raises(SnapshotError):
        folder.check_blob(lost)


def test_a_damaged_blob_is_told_apart(folder: SnapshotFolder) -> None:
    name = folder.write_blob([b"content"])
    (folder.path / "blobs" / name).write_bytes(b"other")

    with pytest.raises(SnapshotError, match="not what was written"):
        folder.check_blob(name)


def test_one_at_a_time_has_the_folder(folder: SnapshotFolder) -> None:
    other = SnapshotFolder(folder.path)
    moments = iter([0.0, 1.0, 2.0])

    assert not other.acquire(1.5, clock=lambda: next(moments), sleep=lambda _seconds: None)

    folder.release()
    assert other.acquire(0.0)
