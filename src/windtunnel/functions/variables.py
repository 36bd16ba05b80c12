"""A function's environment variables: what AWS sets, what the template sets, and nothing of the host's.

The names and their order of precedence: AWS Lambda Developer Guide, "Working with Lambda environment variables".
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from windtunnel.functions.spec import FunctionSpec, Session


@dataclass(frozen=True)
class Places:
    """Where a function's process finds things, as it sees them."""

    interpreter: Path
    runtime: Path
    """What is /var/runtime on AWS: the runtime's own packages."""
    code: Path
    """/var/task on AWS."""
    opt: Path | None
    """/opt on AWS; None where there is no such place."""
    home: Path | None = None
    """A folder of the environment's own, where the host's home would be found without. AWS sets none."""
    tmp: Path | None = None
    """The same for /tmp."""

    @classmethod
    def isolated(cls) -> Places:
        """In a file system of its own: as on AWS."""
        return cls(Path("/var/lang/bin/python"), Path("/var/runtime"), Path("/var/task"), Path("/opt"))


def function_variables(
    spec: FunctionSpec,
    session: Session,
    places: Places,
    runtime_api: str,
    language: Mapping[str, str] | None = None,
) -> Mapping[str, str]:
    """The whole environment of a function's process; `runtime_api` is host:port, `language` of runtimes.py."""
    return {
        **_defaults(session, places),
        **(language or {}),
        **spec.variables,
        # reserved: the template cannot set them
        **_reserved(spec, session, places, runtime_api),
    }


def _defaults(session: Session, places: Places) -> dict[str, str]:
    """What AWS sets and a template may replace."""
    opt, code = places.opt, places.code
    libraries = [places.runtime, places.runtime / "lib", code, code / "lib", *([opt / "lib"] if opt else [])]
    programs = [
        str(places.interpreter.parent),
        "/usr/local/bin",
        "/usr/bin",
        "/bin",
        *([str(opt / "bin")] if opt else []),
    ]
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.pathsep.join(programs),
        "LD_LIBRARY_PATH": os.pathsep.join(
            [str(places.interpreter.parents[1] / "lib"), "/lib64", "/usr/lib64", *map(str, libraries)]
        ),
        "PYTHONPATH": str(places.runtime),
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        # AWS sets none, but its SDKs read it: a template may point them elsewhere
        "AWS_ENDPOINT_URL": session.endpoint_url,
        **({"HOME": str(places.home)} if places.home else {}),
        **({"TMPDIR": str(places.tmp)} if places.tmp else {}),
    }


def _reserved(spec: FunctionSpec, session: Session, places: Places, runtime_api: str) -> dict[str, str]:
    return {
        "_HANDLER": spec.handler,
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": session.initialization_type,
        "AWS_LAMBDA_LOG_GROUP_NAME": session.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": session.log_stream,
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": str(places.code),
        "LAMBDA_RUNTIME_DIR": str(places.runtime),
        **session.extra,
    }
