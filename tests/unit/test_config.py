from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel import config
from windtunnel.errors import ConfigError


def project(folder: Path, text: str = "") -> Path:
    (folder / "windtunnel.toml").write_text(text)
    return folder


def test_defaults_serve_where_nothing_is_set(tmp_path: Path) -> None:
    settings = config.load(start=project(tmp_path), variables={})

    assert (settings.engine, settings.port, settings.region) == ("embedded", 4566, "us-east-1")
    assert settings.template == tmp_path / "infra/sam/template.yaml"
    assert settings.state_dir == tmp_path / ".windtunnel"
    assert settings.endpoint_url == "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    ("flags", "environment", "expected"),
    [
        ({"port": 1003}, {"WINDTUNNEL_PORT": "1002"}, 1003),
        ({"port": None}, {"WINDTUNNEL_PORT": "1002"}, 1002),
        ({}, {"WINDTUNNEL_PORT": ""}, 1001),
        ({}, {}, 1001),
    ],
)
def test_flag_then_environment_then_file(
    tmp_path: Path, flags: dict[str, object], environment: dict[str, str], expected: int
) -> None:
    start = project(tmp_path, "port = 1001")

    settings = config.load(flags, start=start, variables=environment)

    assert settings.port == expected


@pytest.mark.parametrize(
    ("flags", "environment", "chosen"),
    [({}, {}, False), ({}, {"ENGINE": "aws"}, True), ({"engine": "aws"}, {}, True)],
)
def test_an_engine_from_the_file_is_not_a_choice_of_the_moment(
    tmp_path: Path, flags: dict[str, object], environment: dict[str, str], chosen: bool
) -> None:
    settings = config.load(flags, start=project(tmp_path, 'engine = "aws"'), variables=environment)

    assert settings.engine == "aws"
    assert ("engine" in settings.chosen) is chosen


def test_the_file_is_found_from_a_folder_below(tmp_path: Path) -> None:
    below = project(tmp_path) / "a" / "b"
    below.mkdir(parents=True)

    assert config.load(start=below, variables={}).root == tmp_path


def test_no_file_is_said_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no windtunnel\.toml") as caught:
        config.load(start=tmp_path, variables={})

    assert "checkout" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        ("port = 70000", {}, r"port = 70000 \(windtunnel\.toml\): not a port"),
        ("", {"WINDTUNNEL_PORT": "many"}, r"port = 'many' \(WINDTUNNEL_PORT\)"),
        ("", {"ENGINE": "embeded"}, r"no such engine.*did you mean 'embedded'"),
        ("", {"WINDTUNNEL_STACK": "my stack"}, "letters, digits and hyphens"),
        ("", {"WINDTUNNEL_START_TIMEOUT": "0"}, "seconds"),
        ("", {"WINDTUNNEL_ACCOUNT": "12345"}, "not an account: twelve digits"),
        ("", {"WINDTUNNEL_PROJECT": "My project"}, "lower case letters"),
        ("prot = 1", {}, "sets 'prot', which is no setting"),
        ("port = ", {}, "not valid TOML"),
        ("parameters = 3", {}, r"write \[parameters\]"),
        ("[parameters]\na = [1]", {}, "parameters.a is text or a number"),
        ('[[examples]]\ntitle = "x"', {}, "title, method, path"),
        ("examples = 3", {}, r"\[\[examples\]\]"),
    ],
)
def test_a_bad_value_names_its_source(tmp_path: Path, text: str, environment: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.load(start=project(tmp_path, text), variables=environment)


@pytest.mark.parametrize(
    ("folder", "environment", "expected"),
    [
        ("windtunnel", {}, "windtunnel"),
        # Compose's own rule for a folder's name
        ("_My Project.2", {}, "myproject2"),
        ("…", {}, "windtunnel"),
        ("windtunnel", {"WINDTUNNEL_PROJECT": "second"}, "second"),
    ],
)
def test_the_compose_project_is_the_checkouts_folder_unless_it_is_named(
    tmp_path: Path, folder: str, environment: dict[str, str], expected: str
) -> None:
    (tmp_path / folder).mkdir()

    assert config.load(start=project(tmp_path / folder), variables=environment).compose_project == expected


def test_tables_and_examples_are_read(tmp_path: Path) -> None:
    text = (
        '[parameters]\nRate = 5\n[engine_environment]\nDEBUG = "1"\n'
        '[[examples]]\ntitle = "list"\nmethod = "GET"\npath = "/users"'
    )

    settings = config.load(start=project(tmp_path, text), variables={})

    assert dict(settings.parameters) == {"Rate": "5"}
    assert dict(settings.engine_environment) == {"DEBUG": "1"}
    assert settings.examples == (config.Example("list", "GET", "/users"),)


def parts(folder: Path, *names: str) -> None:
    for name in names:
        (folder / "infra/sam/stacks" / name).mkdir(parents=True)
        (folder / "infra/sam/stacks" / name / "template.yaml").touch()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", []),
        ("jobs", ["app-jobs"]),
        (" uploads , jobs", ["app-jobs", "app-uploads"]),
        ("all", ["app-jobs", "app-uploads"]),
    ],
)
def test_optional_parts_are_stacks_of_their_own(tmp_path: Path, asked: str, expected: list[str]) -> None:
    parts(tmp_path, "uploads", "jobs")

    settings = config.load({"stacks": asked}, start=project(tmp_path, 'stack = "app"'), variables={})

    assert [part.stack for part in settings.parts] == expected
    assert all(part.template.parent.parent == tmp_path / "infra/sam/stacks" for part in settings.parts)
    assert not any(part.main or part.stacks for part in settings.parts)


def test_a_part_may_use_what_the_application_and_the_other_parts_put_out(tmp_path: Path) -> None:
    parts(tmp_path, "uploads", "jobs", "limits")

    settings = config.load({}, start=project(tmp_path, 'stack = "app"'), variables={})

    # whether they are asked for or not: the application first
    assert settings.part("jobs").relatives == ("app", "app-limits", "app-uploads")
    assert settings.relatives == ()


def test_an_optional_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    parts(tmp_path, "jobs")
    settings = config.load({}, start=project(tmp_path), variables={"WINDTUNNEL_STACKS": "jobs,job"})

    with pytest.raises(ConfigError, match="names job, which is no optional part") as raised:
        _ = settings.parts

    assert raised.value.hint == "there are jobs"


def test_freezing_is_on_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    assert config.load(start=project(tmp_path), variables={}).freeze
    assert not config.load(start=project(tmp_path, "[functions]\nfreeze = false\n"), variables={}).freeze


@pytest.mark.parametrize("text", ['freeze = "no"', "freze = true"])
def test_a_bad_word_on_functions_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="functions"):
        config.load(start=project(tmp_path, f"[functions]\n{text}\n"), variables={})
