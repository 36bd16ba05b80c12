"""The local files that a template's resources are made of: function code, layers, definitions."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from windtunnel.deploy.template import Document, Template
from windtunnel.errors import TemplateError

Kind = Literal["function", "layer", "file"]
Location = Callable[[str, str], object]


@dataclass(frozen=True)
class Artifact:
    """What one resource takes from the local disk. `runtime` and `handler` are "" where they are not known."""

    logical_id: str
    kind: Kind
    type: str
    property: str
    """The property that names the source, and that will name the uploaded object."""
    source: Path
    build_method: str = ""
    """The template's own Metadata.BuildMethod; for a layer "" means that it is taken as it is."""
    skip_build: bool = False
    runtime: str = ""
    handler: str = ""
    layers: tuple[str | None, ...] = ()
    """The function's layers: logical ids of this template, or None for one that it takes from elsewhere."""


def _s3_uri(bucket: str, key: str) -> object:
    return f"s3://{bucket}/{key}"


def _s3_pair(bucket: str, key: str) -> object:
    return {"S3Bucket": bucket, "S3Key": key}


def _bucket_pair(bucket: str, key: str) -> object:
    return {"Bucket": bucket, "Key": key}


LOCAL: Mapping[str, tuple[str, Kind, Location]] = {
    "AWS::Serverless::Function": ("CodeUri", "function", _s3_uri),
    "AWS::Serverless::LayerVersion": ("ContentUri", "layer", _s3_uri),
    "AWS::Lambda::Function": ("Code", "function", _s3_pair),
    "AWS::Lambda::LayerVersion": ("Content", "layer", _s3_pair),
    "AWS::Serverless::Api": ("DefinitionUri", "file", _bucket_pair),
    "AWS::Serverless::HttpApi": ("DefinitionUri", "file", _bucket_pair),
    "AWS::Serverless::StateMachine": ("DefinitionUri", "file", _bucket_pair),
    "AWS::ApiGateway::RestApi": ("BodyS3Location", "file", _bucket_pair),
    "AWS::StepFunctions::StateMachine": ("DefinitionS3Location", "file", _bucket_pair),
}
"""Resource types with the property that may name a local path, and the form that names an uploaded object there."""

NOT_PACKAGED = {
    "AWS::CloudFormation::Stack": "TemplateURL",
    "AWS::Serverless::Application": "Location",
    "AWS::Serverless::GraphQLApi": "SchemaUri",
    "AWS::AppSync::GraphQLSchema": "DefinitionS3Location",
}
"""What `sam package` uploads too and windtunnel does not yet: said, rather than sent as a path that AWS cannot read."""

LAYER_TYPES = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")
ARCHIVE_SUFFIXES = (".zip", ".jar")


def find_artifacts(template: Template, parameters: Mapping[str, str]) -> tuple[Artifact, ...]:
    """Every local artifact, in the template's order.

    Raises TemplateError for a path that is not there, or a function without code.
    """
    return tuple(_find(template, parameters))


def _find(template: Template, parameters: Mapping[str, str]) -> Iterator[Artifact]:
    for logical_id, resource in template.resources.items():
        if logical_id.startswith("Fn::ForEach"):
            raise _unsupported(template, logical_id, "a loop (Fn::ForEach) over resources")
        type_, properties = resource["Type"], resource.get("Properties") or {}
        if type_ in NOT_PACKAGED and _is_local(properties.get(NOT_PACKAGED[type_])):
            raise _unsupported(template, logical_id, f"a {type_} with a local {NOT_PACKAGED[type_]}")
        if type_ not in LOCAL:
            continue
        name, kind, _ = LOCAL[type_]
        if type_ == "AWS::Serverless::Function":
            properties = _with_globals(template, properties)
            _check_has_code(template, logical_id, properties)
            if "InlineCode" in properties or properties.get("PackageType") == "Image":
                continue
        value = properties.get(name)
        if not _is_local(value):
            continue

        metadata = resource.get("Metadata") or {}
        yield Artifact(
            logical_id=logical_id,
            kind=kind,
            type=type_,
            property=name,
            source=_source(template, logical_id, name, str(value), kind),
            build_method=str(metadata.get("BuildMethod") or ""),
            skip_build=str(metadata.get("SkipBuild", False)).lower() == "true",
            runtime=_text(properties.get("Runtime"), template, parameters),
            handler=_text(properties.get("Handler"), template, parameters),
            layers=tuple(_layers(template, properties)),
        )


def relocate(template: Template, locations: Mapping[str, tuple[str, str]]) -> Document:
    """The template with the uploaded objects in place of local paths. `locations`: bucket and key by logical id."""
    document = copy.deepcopy(template.document)
    for logical_id, (bucket, key) in locations.items():
        resource = document["Resources"][logical_id]
        name, _, location = LOCAL[resource["Type"]]
        resource.setdefault("Properties", {})[name] = location(bucket, key)
    # every function has its own now, and a local path would mean nothing to AWS
    defaults = (document.get("Globals") or {}).get("Function") or {}
    if _is_local(defaults.get("CodeUri")):
        del defaults["CodeUri"]
    return document


def _with_globals(template: Template, own: Mapping[str, Any]) -> Mapping[str, Any]:
    """A function's properties with Globals.Function under them, by SAM's rules: its own value wins, lists join."""
    defaults = (template.document.get("Globals") or {}).get("Function") or {}
    joined = {**defaults, **own}
    if isinstance(defaults.get("Layers"), list) and isinstance(own.get("Layers"), list):
        joined["Layers"] = [*defaults["Layers"], *own["Layers"]]
    return joined


def _layers(template: Template, properties: Mapping[str, Any]) -> Iterator[str | None]:
    layers = properties.get("Layers", [])
    for layer in layers if isinstance(layers, list) else [None]:
        reference = layer.get("Ref") if isinstance(layer, dict) else None
        resource = template.resources.get(reference) if isinstance(reference, str) else None
        yield reference if resource and resource["Type"] in LAYER_TYPES else None


def _check_has_code(template: Template, logical_id: str, properties: Mapping[str, Any]) -> None:
    if not any(properties.get(name) for name in ("CodeUri", "InlineCode", "ImageUri")) and (
        properties.get("PackageType") != "Image"
    ):
        raise TemplateError(
            f"{template.path}: the function {logical_id} has no code",
            hint="give it a CodeUri (a folder, relative to the template), in its Properties or in Globals.Function",
        )


def _is_local(value: object) -> bool:
    """Whether a property names a path: not an address, not an intrinsic, not a bucket and key."""
    return isinstance(value, str) and "://" not in value


def _source(template: Template, logical_id: str, name: str, value: str, kind: Kind) -> Path:
    source = (template.folder / value).resolve()
    what = f"{template.path}: {name} of {logical_id} is {value!r}"
    if not source.exists():
        raise TemplateError(
            f"{what}, and there is no {source}",
            hint=f"paths in a template are relative to its folder {template.folder}",
        )
    if kind == "file" and not source.is_file():
        raise TemplateError(f"{what}, which is not a file")
    if kind != "file" and source.is_file() and source.suffix not in ARCHIVE_SUFFIXES:
        raise TemplateError(f"{what}, which is neither a folder nor a .zip file")
    return source


def _text(value: object, template: Template, parameters: Mapping[str, str]) -> str:
    """A property's text, with a Ref to a parameter followed; "" where it cannot be known before AWS computes it."""
    if isinstance(value, dict) and isinstance(value.get("Ref"), str):
        name = value["Ref"]
        declared = (template.document.get("Parameters") or {}).get(name)
        default = declared.get("Default") if isinstance(declared, dict) else None
        value = parameters.get(name, default)
    return value if isinstance(value, str) else ""


def _unsupported(template: Template, logical_id: str, what: str) -> TemplateError:
    return TemplateError(
        f"{template.path}: {logical_id} is {what}, which windtunnel deploy cannot package",
        hint="AWS's own tool can: sam build && sam deploy",
    )
