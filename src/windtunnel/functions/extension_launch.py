"""Starts a function's external extensions, and becomes its runtime: `extension_launch.py OPT WORD...`.

They are in one process group, so that they end together. An extension's output is in the function's log, as on AWS.
Standard library only: it is run before anything of the function's is.
"""

import os
import signal
import subprocess
import sys


def main() -> None:
    opt, words = sys.argv[1], sys.argv[2:]
    folder = os.path.join(opt, "extensions")  # noqa: PTH118
    # what an extension does not get: AWS Lambda Developer Guide, "Lambda Extensions API", environment variables
    hidden = ("AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "_HANDLER")
    variables = {name: value for name, value in os.environ.items() if name not in hidden}
    for name in sorted(os.listdir(folder)):  # noqa: PTH208
        program = os.path.join(folder, name)  # noqa: PTH118
        if not os.path.isfile(program):  # noqa: PTH113
            continue
        try:
            subprocess.Popen([program], env=variables, stdin=subprocess.DEVNULL)
        except OSError as error:
            # the init then waits for it in vain, and says so
            print(f"EXTENSION\tName: {name}\tState: LaunchError\tError: {error.strerror}", flush=True)
            os._exit(1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.execve(words[0], words, os.environ)  # noqa: S606 - that is what it is for


if __name__ == "__main__":
    main()
