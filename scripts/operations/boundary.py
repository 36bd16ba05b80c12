"""The boundary of a script: an error becomes what a person reads, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from windtunnel.errors import WindtunnelError


def run(main: Callable[[], int], interrupted: str = "interrupted") -> NoReturn:
    """End with what `main` returns, with 1 where it fails, or where Ctrl-C ends it: then `interrupted` is said."""
    try:
        sys.exit(main())
    except WindtunnelError as error:
        sys.exit(f"error: {error}" + (f"\n  what to do: {error.hint}" if error.hint else ""))
    except KeyboardInterrupt:
        sys.exit(interrupted)
