"""What a debugged function's environment imports as its handler: it waits for a debugger, then becomes the real one.

A layer, so that it is found wherever an environment has its files (as instrumentation on AWS wraps handlers).
"""

import os
import subprocess
from pathlib import Path
from typing import Any

import debugpy
from awslambdaric import bootstrap


class Popen(subprocess.Popen[bytes]):
    """Starts debugpy's adapter in this process group, which it would leave by itself."""

    def __init__(self, words: list[str], **options: Any) -> None:
        super().__init__([words[0], str(Path(__file__).with_name("windtunnel_adapter.py")), *words[1:]], **options)


port, _, real_handler = os.environ.pop("WINDTUNNEL_DEBUGGER").partition(" ")
os.environ["_HANDLER"] = real_handler
debugpy.configure(subProcess=False)
real_popen = subprocess.Popen
subprocess.Popen = Popen  # type: ignore[assignment, misc]
try:
    debugpy.listen(("127.0.0.1", int(port)))
finally:
    subprocess.Popen = real_popen  # type: ignore[misc]
debugpy.wait_for_client()
# by the runtime's own rules, and with its own errors
handler = bootstrap._get_handler(real_handler)
