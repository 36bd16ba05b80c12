"""Linux's calls that Python has no name for. Standard library only: functions' interpreters load this file too.

Each raises OSError as the kernel says, with what it was for.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from functools import cache

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_NO_NEW_PRIVS = 1, 4, 15, 38
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
MOUNT_SETATTR = 442
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "arm64": 41}
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_READ = 0b1101
"""Execute, read files, read folders."""
LANDLOCK_ALL = (1 << 13) - 1
LANDLOCK_OF_FILES = 0b111
CAPABILITY_VERSION_3 = 0x20080522
CAP_SYS_ADMIN = 21


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def prctl(option: int, value: int) -> None:
    _checked(_libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def set_name(name: str) -> None:
    """Have the process called so in lists of processes; 15 bytes."""
    _checked(_libc().prctl(PR_SET_NAME, name.encode(), 0, 0, 0), "prctl PR_SET_NAME")


def unshare(flags: int) -> None:
    _checked(_libc().unshare(flags), f"unshare {flags:#x}")


def setns(descriptor: int, kind: int) -> None:
    _checked(_libc().setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    result = _libc().mount(_bytes(source), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(options))
    _checked(result, f"mount {source} at {target}")


def unmount(target: str) -> None:
    """Take a mount and all below it out of sight at once."""
    _checked(_libc().umount2(_bytes(target), MNT_DETACH), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    number = PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(38, f"pivot_root is not known on {platform.machine()}")
    _checked(_libc().syscall(ctypes.c_long(number), _bytes(new), _bytes(old)), "pivot_root")


def restrict_mounts(target: str, attributes: int) -> None:
    """Set attributes on a mount and all below it. What is set there already stays, which a remount would not grant."""
    values = struct.pack("QQQQ", attributes, 0, 0, 0)
    result = _libc().syscall(
        ctypes.c_long(MOUNT_SETATTR), AT_FDCWD, _bytes(target), AT_RECURSIVE, values, ctypes.c_size_t(len(values))
    )
    _checked(result, f"mount_setattr {target}")


def has_capability(number: int) -> bool:
    """Whether this process has it in effect."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:  # noqa: PTH123
        for line in file:
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> number & 1)
    return False


def drop_capabilities() -> None:
    """Have none, for good where no new privileges are allowed."""
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    _checked(_libc().capset(header, struct.pack("6I", 0, 0, 0, 0, 0, 0)), "capset")


def restrict_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Let this process and its children have these files and folders only, and look into no process but each other.

    Needs that no new privileges are allowed, and Linux 5.13 with Landlock. What is not there is left out.
    """
    handled = struct.pack("Q", LANDLOCK_ALL)
    create = (ctypes.c_long(LANDLOCK_CREATE_RULESET), handled, ctypes.c_size_t(len(handled)), 0)
    ruleset = _checked(_libc().syscall(*create), "landlock_create_ruleset")
    try:
        rules = [(path, LANDLOCK_READ) for path in readable] + [(path, LANDLOCK_ALL) for path in writable]
        for path, access in rules:
            try:
                beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            allowed = access if os.path.isdir(path) else access & LANDLOCK_OF_FILES  # noqa: PTH112
            rule = struct.pack("=Qi", allowed, beneath)
            _checked(_libc().syscall(ctypes.c_long(LANDLOCK_ADD_RULE), ruleset, 1, rule, 0), "landlock_add_rule")
            os.close(beneath)
        _checked(_libc().syscall(ctypes.c_long(LANDLOCK_RESTRICT_SELF), ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)
