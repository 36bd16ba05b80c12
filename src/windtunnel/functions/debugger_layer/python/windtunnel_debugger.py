"""What a debugged function's environment imports as its handler: it waits for a debugger, then becomes the real one.

A layer, so that it is found wherever an environment has its files (as instrumentation on AWS wraps handlers).
"""

import os

import debugpy
from awslambdaric import bootstrap

port, _, real_handler = os.environ.pop("WINDTUNNEL_DEBUGGER").partition(" ")
os.environ["_HANDLER"] = real_handler
debugpy.configure(subProcess=False)
debugpy.listen(("127.0.0.1", int(port)))
debugpy.wait_for_client()
# by the runtime's own rules, and with its own errors
handler = bootstrap._get_handler(real_handler)
