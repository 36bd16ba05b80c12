"""The plugin's first hook: it ends a LocalStack that lacks a name that the plugin leans on, and says which.

LocalStack itself would only log that a plugin cannot be loaded, and go on without it.
`python -m windtunnel.plugin.create` only looks, as the container engine's image does when it is built.
"""

from __future__ import annotations

import os
import sys

from plux import plugin

from windtunnel.errors import EngineError

EXIT_CODE = 3


def fault() -> str:
    """What this LocalStack lacks, in words; "" where the plugin can be loaded."""
    try:
        import windtunnel.plugin.status  # noqa: F401 - with everything that it needs
    except EngineError as error:
        return f"{error} ({error.hint})"
    except ImportError as error:
        return f"windtunnel's plugin cannot be loaded: {error}"
    return ""


@plugin(namespace="localstack.hooks.on_runtime_create")
def windtunnel_create() -> None:
    """Before LocalStack listens."""
    if said := fault():
        print(f"windtunnel: {said}", flush=True)
        # from inside a hook nothing else ends it
        os._exit(EXIT_CODE)
    from windtunnel.plugin.mends import mend_address

    mend_address()


@plugin(namespace="localemu.hooks.on_runtime_create")
def windtunnel_create_in_localemu() -> None:
    """The same hook in LocalStack's fork."""
    windtunnel_create()


def main() -> None:
    if said := fault():
        print(f"windtunnel: {said}", file=sys.stderr)
        sys.exit(EXIT_CODE)


if __name__ == "__main__":
    main()
