"""scripts/rotate-key: an old and a new key are valid together, and then the new one alone."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws

pytestmark = pytest.mark.engine

type Script = Callable[..., subprocess.CompletedProcess[str]]
type Eventually = Callable[[Callable[[], Any], str], Any]


@pytest.fixture
def own_key_back(stack: Stack, aws: Aws) -> Iterator[None]:
    """Whatever happens, other tests find the stack's own key valid and no other."""
    yield
    gateway, own = aws.client("apigateway"), stack.outputs["ApiKeyId"]
    enable = [{"op": "replace", "path": "/enabled", "value": "true"}]
    gateway.update_api_key(apiKey=own, patchOperations=enable)
    for key in gateway.get_usage_plan_keys(usagePlanId=stack.outputs["UsagePlanId"])["items"]:
        if key["id"] != own:
            gateway.delete_api_key(apiKey=key["id"])


@pytest.mark.usefixtures("own_key_back")
def test_both_keys_are_valid_until_the_rotation_is_finished(
    api: Api, stack: Stack, script: Script, eventually: Eventually
) -> None:
    def status(key: str) -> int:
        return int(api.get("/users", params={"limit": "1"}, api_key=key).status_code)

    started = script("rotate-key")
    assert started.returncode == 0, started.stderr
    new = re.findall(r"^new key  (\S+)$", started.stdout, re.MULTILINE)[0]
    eventually(lambda: status(new) == 200, "the new key to be let in")
    assert status(stack.api_key) == 200

    again = script("rotate-key")
    assert (again.returncode, "a rotation is going on" in again.stderr) == (1, True)

    finished = script("rotate-key", "--finish")
    assert finished.returncode == 0, finished.stderr
    eventually(lambda: status(stack.api_key) == 403, "the old key to be refused")
    assert status(new) == 200

    # the next rotation retires a key that the command made
    newer = re.findall(r"^new key  (\S+)$", script("rotate-key").stdout, re.MULTILINE)[0]
    eventually(lambda: status(newer) == 200, "the newer key to be let in")
    assert script("rotate-key", "--finish").returncode == 0
    eventually(lambda: status(new) == 403, "the key before to be refused")
    assert status(newer) == 200


def test_without_a_rotation_there_is_nothing_to_finish(script: Script) -> None:
    finished = script("rotate-key", "--finish")

    assert (finished.returncode, "no rotation is going on" in finished.stderr) == (1, True)
