"""Every template of the application, as SAM makes CloudFormation's out of it, offline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

type Json = dict[str, Any]


@pytest.fixture(scope="session")
def render() -> Callable[..., Json]:
    """What CloudFormation deploys, by a template's path and the parameters that differ from their defaults."""

    def translate(path: Path, **parameters: str) -> Json:
        parsed = yaml_parse(path.read_text())
        for resource in parsed["Resources"].values():
            for code in ("CodeUri", "ContentUri"):
                if code in resource.get("Properties", {}):
                    # as `sam package` leaves it
                    resource["Properties"][code] = "s3://bucket/key"
        session = boto3.session.Session(region_name="eu-central-1")
        translated: Json = Translator({}, Parser(), boto_session=session).translate(parsed, parameters)
        return translated

    return translate
