"""A file system of a function's own: what AWS's execution environment has, at its paths, and nothing else of the host.

A zygote makes a root once (`enter_root`): the system's programs and libraries, the interpreter, devices, read-only.
Each environment gets a copy of it (`enter_environment`) with its code at /var/task, its layers at /opt and a /tmp of
its own. Standard library only: functions' interpreters load this file too.

Paths: AWS Lambda Developer Guide, "Lambda execution environment" and "Working with layers".
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from windtunnel.functions import kernel

TASK, OPT, LANG, RUNTIME = "/var/task", "/opt", "/var/lang", "/var/runtime"
BYTECODE, TMP = "/var/bytecode", "/tmp"  # noqa: S108
HOST = "/.host"
"""Where a zygote sees the host's file system; environments do not."""
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
ETC = (
    "alternatives", "ca-certificates", "crypto-policies", "gai.conf", "group", "host.conf", "hosts", "ld.so.cache",
    "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "os-release", "pki", "protocols",
    "resolv.conf", "services", "ssl", "timezone",
)  # fmt: skip
DEVICES = ("full", "null", "random", "urandom", "zero")
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
USER, UID, GID = "sbx_user1051", 993, 990
"""Whom functions run as on AWS."""
FIRST_UID, UIDS = 61184, 1024
"""Where windtunnel is root each environment has a user of its own: of those that systemd, too, has for passing use."""
FILES, PROCESSES = 1024, 1024
"""AWS Lambda Developer Guide, "Lambda quotas": file descriptors, execution processes/threads."""


class Shown(NamedTuple):
    """A folder of the host that is to be seen: at its own path where `at` is ""."""

    path: str
    at: str = ""


class Files(NamedTuple):
    """What an environment is made of: folders of the host, and megabytes."""

    code: str
    layers: str
    """ "" for none."""
    bytecode: str
    tmp_mb: int
    again: Sequence[str]
    """What is shown below /opt or /tmp, which become the environment's: an interpreter may have its home there."""


def enter_root(folder: str, shown: Sequence[Shown], files: Mapping[str, str]) -> None:
    """Make `folder` (empty, on the host) this process's root; nobody else sees a change. Raises OSError.

    `files` are to be written: path and text. As root it stays root; else it has all rights, but here only.
    """
    user, group = os.geteuid(), os.getegid()
    if kernel.has_capability(kernel.CAP_SYS_ADMIN):
        kernel.unshare(kernel.CLONE_NEWNS)
        users = "".join(f"{USER}:x:{number}:{GID}::/home/{USER}:/sbin/nologin\n" for number in uids())
    else:
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{UID} {user} 1")
        _write("/proc/self/gid_map", f"{GID} {group} 1")
        users = f"{USER}:x:{UID}:{GID}::/home/{USER}:/sbin/nologin\n"
    # before the first mount: what is mounted here is not to be seen outside
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("windtunnel", folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755,size=16m")
    os.umask(0o022)
    _system(folder)
    _devices(folder)
    _processes(folder)
    for place in shown:
        _show(place.path, folder + (place.at or place.path))
    for path in (TASK, OPT, BYTECODE, TMP, HOST):
        os.makedirs(folder + path, exist_ok=True)  # noqa: PTH103
    for path, text in {"/etc/passwd": "root:x:0:0::/root:/sbin/nologin\n" + users, **files}.items():
        os.makedirs(os.path.dirname(folder + path), exist_ok=True)  # noqa: PTH103, PTH120
        _write(folder + path, text)
    kernel.pivot_root(folder, folder + HOST)
    os.chdir("/")


def uids() -> Sequence[int]:
    """The users that environments of a windtunnel of root's may run as: those that exist in this user namespace."""
    wanted = range(FIRST_UID, FIRST_UID + UIDS)
    with open("/proc/self/uid_map", encoding="ascii") as file:  # noqa: PTH123
        for line in file:
            first, _, count = map(int, line.split())
            if first <= wanted[0] and wanted[-1] < first + count:
                return wanted
    return ()


def enter_environment(files: Files, namespace: int | None) -> int | None:
    """From a zygote's root to an environment's, which has it from then on. Raises OSError.

    With the descriptor of a `namespace` into that of an earlier process, /tmp and all; else into a new one, whose
    descriptor is returned.
    """
    if namespace is not None:
        kernel.setns(namespace, kernel.CLONE_NEWNS)
        os.chdir(TASK)
        return None
    kernel.unshare(kernel.CLONE_NEWNS)
    _show(HOST + files.code, TASK)
    _layers(files)
    kernel.mount(HOST + files.bytecode, BYTECODE, None, kernel.MS_BIND)
    kernel.restrict_mounts(BYTECODE, kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV)
    options = f"size={files.tmp_mb}m,mode=1777"
    kernel.mount("tmp", TMP, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    for path in files.again:
        if path.startswith(TMP + "/"):
            _show(HOST + path, path)
    kernel.unmount(HOST)
    kernel.mount("none", "/", None, kernel.MS_BIND | 32 | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV)
    os.chdir(TASK)
    return os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)


def restrict_to(readable: Sequence[str], writable: Sequence[str]) -> bool:
    """On the host's file system: have the system's files, these, and no others. False where the kernel cannot."""
    system = [f"/{name}" for name in (*SYSTEM, "proc", "dev")] + [f"/etc/{name}" for name in (*ETC, "passwd")]
    devices = [f"/dev/{name}" for name in DEVICES]
    try:
        kernel.restrict_files([*map(os.path.realpath, system), *readable], [*devices, *writable])
    except OSError:
        return False
    return True


def _layers(files: Files) -> None:
    again = [path for path in files.again if path.startswith(OPT + "/")]
    if not again:
        if files.layers:
            _show(HOST + files.layers, OPT)
        return
    kernel.mount("opt", OPT, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755,size=1m")
    names = os.listdir(HOST + files.layers) if files.layers else []  # noqa: PTH208
    for name in names:
        _show(f"{HOST}{files.layers}/{name}", f"{OPT}/{name}")
    for path in again:
        _show(HOST + path, path)
    kernel.restrict_mounts(OPT, kernel.MOUNT_ATTR_RDONLY)


def become_unprivileged(user: int | None) -> None:
    """Have no rights but anybody's, for good, and AWS's limits. `user` is whom to become where this is root."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    if user is not None:
        # a user of its own: its processes are its own
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
        for descriptor in (1, 2):
            os.fchown(descriptor, user, GID)
        os.setgroups([])
        os.setresgid(GID, GID, GID)
        os.setresuid(user, user, user)
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    # another user's process is not to be looked into, not even by itself, until it says so
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)


def _system(folder: str) -> None:
    for name in SYSTEM:
        path = "/" + name
        if os.path.islink(path):  # noqa: PTH114
            os.symlink(os.readlink(path), folder + path)  # noqa: PTH115, PTH211
        elif os.path.isdir(path):  # noqa: PTH112
            _show(path, folder + path)
    os.mkdir(folder + "/etc")  # noqa: PTH102
    for name in ETC:
        real = os.path.realpath("/etc/" + name)
        if os.path.exists(real):  # noqa: PTH110
            _show(real, f"{folder}/etc/{name}")


def _devices(folder: str) -> None:
    os.mkdir(folder + "/dev")  # noqa: PTH102
    for name in DEVICES:
        _touch(f"{folder}/dev/{name}")
        kernel.mount("/dev/" + name, f"{folder}/dev/{name}", None, kernel.MS_BIND)
    for name, target in LINKS.items():
        os.symlink(target, f"{folder}/dev/{name}")  # noqa: PTH211


def _processes(folder: str) -> None:
    path = folder + "/proc"
    os.mkdir(path)  # noqa: PTH102
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    for options in ("hidepid=invisible", None):
        with contextlib.suppress(OSError):
            kernel.mount("proc", path, "proc", flags, options)
            return
    # a user namespace without a process namespace has no /proc of its own
    kernel.mount("/proc", path, None, kernel.MS_BIND | kernel.MS_REC)


def _show(source: str, target: str) -> None:
    """Make a folder or a file of the host readable at `target`."""
    if os.path.isdir(source):  # noqa: PTH112
        os.makedirs(target, exist_ok=True)  # noqa: PTH103
    else:
        _touch(target)
    kernel.mount(source, target, None, kernel.MS_BIND | kernel.MS_REC)
    kernel.restrict_mounts(target, kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV)


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
