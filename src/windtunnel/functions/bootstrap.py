"""What a Python function's process runs first: the import path as AWS has it, then AWS's runtime interface client.

Started as `python -P bootstrap.py PARENT [OPT]`: the engine's process id, and the folder that stands for /opt.
"""

import os
import sys


def die_with(parent: int) -> None:
    """Ask the kernel to end this process when the engine's ends, however that happens. Linux only.

    Elsewhere the broken connection to the Runtime API ends the runtime.
    """
    if sys.platform != "linux":
        return
    import ctypes
    import signal

    set_parent_death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os._exit(1)


def import_path(task_root: str, opt: str | None) -> list[str]:
    """What comes first in sys.path: the function, then its layers."""
    if opt is None:
        return [task_root]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [task_root, os.path.join(opt, "python", "lib", version, "site-packages"), os.path.join(opt, "python")]  # noqa: PTH118


def main() -> None:
    """Become the runtime."""
    die_with(int(sys.argv[1]))
    opt = sys.argv[2] if len(sys.argv) > 2 else None
    sys.path[:0] = import_path(os.environ["LAMBDA_TASK_ROOT"], opt)
    handler = os.environ["_HANDLER"]
    from awslambdaric.__main__ import main as run

    # as AWS's own bootstrap calls it; what follows is not for the function to see
    sys.argv = ["/var/runtime/bootstrap.py", handler]
    run(sys.argv)


if __name__ == "__main__":
    main()
