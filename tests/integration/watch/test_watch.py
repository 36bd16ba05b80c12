"""Hot reload: what was saved is served once the watcher says so, and no request is lost over it."""

from __future__ import annotations

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from windtunnel.engines.waiting import wait_until

from .conftest import HELLO, SECONDS, Dev


def edit(number: int) -> str:
    return HELLO.replace('"0 "', f'"{number} "')


def test_twenty_edits_in_a_row_are_served_each_without_a_deploy(dev: Dev) -> None:
    deployed = dev.harness.client("lambda").get_function(FunctionName=dev.name("Hello"))["Configuration"]

    answers, lines = [], []
    for number in range(1, 21):
        lines.append(dev.save("hello/hello.py", edit(number)))
        answers.append(dev.get())

    now = dev.harness.client("lambda").get_function(FunctionName=dev.name("Hello"))["Configuration"]
    assert answers == [f"{number} first" for number in range(1, 21)]
    assert all(line.count("served") == 1 and "served Hello  hello/hello.py" in line for line in lines), lines
    assert (now["CodeSha256"], now["RevisionId"]) == (deployed["CodeSha256"], deployed["RevisionId"])


def test_no_request_is_lost_and_a_running_one_ends_on_the_old_code(dev: Dev) -> None:
    stop, name, held = threading.Event(), dev.name("Hello"), socket.create_server(("127.0.0.1", 0))
    client = dev.harness.client("lambda")

    def ask_slowly() -> str:
        event = json.dumps({"port": held.getsockname()[1]})
        return str(json.load(client.invoke(FunctionName=name, Payload=event)["Payload"])["body"])

    def ask_on() -> list[str]:
        answers = []
        while not stop.is_set():
            answers.append(dev.get())
        return answers

    with held, ThreadPoolExecutor(4) as pool:
        slow = pool.submit(ask_slowly)
        running, _ = held.accept()
        asking = [pool.submit(ask_on) for _ in range(3)]
        for number in range(1, 6):
            dev.save("hello/hello.py", edit(number))
        running.sendall(b"!")
        running.close()
        stop.set()
        answers = [answer for one in asking for answer in one.result()]

    assert slow.result() == "0 first"
    assert set(answers) <= {f"{number} first" for number in range(6)}
    assert dev.get() == "5 first"


def test_many_files_at_once_are_one_reload_and_a_layer_reaches_its_functions(dev: Dev) -> None:
    mark = len(dev.told)
    with dev.asleep():
        for number in range(60):
            dev.write(f"hello/module{number}.py", f"N = {number}\n")
            dev.write(f"shared/shared/module{number}.py", f"N = {number}\n")
        dev.write("shared/shared/words.py", "WORD = 'second'\n")

    def told() -> int:
        """Files, but for the three that are named of each reload."""
        return sum(map(int, re.findall(r", (\d+) more ", dev.told[mark:])))

    # on a machine that makes a pause while the changes are handed out, a second reload has the rest
    wait_until(lambda: told() >= 115 or None, what="a reload of all files", timeout=SECONDS)
    wait_until(lambda: dev.get() == "0 second" or None, what="the last of the files", timeout=SECONDS)

    said = dev.told[mark:]
    assert said.count("served Hello ") <= 2
    # `Other` has no such layer
    assert "Other" not in said


def test_a_syntax_error_is_shown_with_its_place_and_the_old_code_goes_on(dev: Dev) -> None:
    dev.save("hello/hello.py", edit(1))

    said = dev.save("hello/hello.py", edit(2) + "\ndef broken(:\n    pass\n", "what to do")
    while_broken = dev.get()
    other = dev.save("other/other.py", "def handler(event, context):\n    return\n\nx = = 1\n", "what to do")
    mended = dev.save("hello/hello.py", edit(3), "served Hello")
    dev.save("other/other.py", "def handler(event, context):\n    return 'new'\n")

    line = len(edit(2).splitlines()) + 2
    assert f"hello/hello.py:{line}:12: SyntaxError: invalid syntax" in said
    assert "  | " in said
    assert f"{line} | def broken(:" in said
    assert said.splitlines()[-2].rstrip().endswith("^")
    assert while_broken == "1 first"
    assert "other/other.py:4:5" in other
    # one function's error does not hold up another's change
    assert "served Hello" in mended
    assert dev.get() == "3 first"


def test_a_handler_that_goes_is_shown_and_the_old_code_goes_on(dev: Dev) -> None:
    mark = len(dev.told)
    (dev.project / "hello/hello.py").rename(dev.project / "hello/helo.py")

    said = dev.wait_for("what to do", mark)

    assert "did you mean 'helo.handler'?" in said
    assert dev.get() == "0 first"


def test_a_changed_template_is_deployed_and_its_new_function_is_watched(dev: Dev) -> None:
    dev.save("hello/hello.py", edit(1))
    template = (dev.project / "template.yaml").read_text()
    added = """
  Third:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: third/
      Handler: third.handler
      Events:
        Get: {Type: Api, Properties: {Path: /third, Method: get}}
"""
    third = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'third 0'}\n"
    (dev.project / "third").mkdir()
    (dev.project / "third/third.py").write_text(third)

    dev.save("template.yaml", template + added, "deployed the stack")
    first = dev.get("/third")
    dev.save("third/third.py", third.replace("third 0", "third 1"), "served Third")
    broken = dev.save("template.yaml", template + added + "  - [", "broken YAML")

    assert (first, dev.get("/third"), dev.get()) == ("third 0", "third 1", "1 first")
    assert "template.yaml:" in broken


def test_requirements_are_installed_when_they_change(dev: Dev) -> None:
    package = dev.project / "package"
    (package / "counted").mkdir(parents=True)
    (package / "counted/__init__.py").write_text("NUMBER = 7\n")
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n'
        '[project]\nname = "counted"\nversion = "1"\n[tool.uv.build-backend]\nmodule-root = ""\n'
    )
    source = "import counted\n" + HELLO.replace('"0 "', 'f"{counted.NUMBER} "')
    dev.write("hello/requirements.txt", "../package\n")

    dev.save("hello/hello.py", source)
    first = dev.get()
    # what requirements are made of is watched as well
    dev.save("package/counted/__init__.py", "NUMBER = 8\n")

    assert (first, dev.get()) == ("7 first", "8 first")


def test_a_killed_edge_or_backplane_serves_the_newest_again(dev: Dev) -> None:
    dev.save("hello/hello.py", edit(1))
    dev.settled()

    dev.child("edge").kill()
    after_edge = dev.get()
    dev.child("backplane").kill()
    dev.save("hello/hello.py", edit(2))
    after_backplane = dev.get()
    dev.harness.engine.start(lambda _text: None)  # waits until the backplane is there again
    settled = dev.get()

    assert (after_edge, after_backplane, settled) == ("1 first", "2 first", "2 first")


def test_a_later_deploy_deploys_what_was_saved(dev: Dev) -> None:
    client = dev.harness.client("lambda")
    name = dev.name("Hello")
    before = client.get_function(FunctionName=name)["Configuration"]["CodeSha256"]
    dev.save("hello/hello.py", edit(1))
    mark = len(dev.told)

    told = dev.run("deploy")
    said = dev.wait_for("again, after a deploy from elsewhere", mark) if "nothing to deploy" in told else ""

    assert "nothing to deploy" not in told
    assert not said
    assert client.get_function(FunctionName=name)["Configuration"]["CodeSha256"] != before
    assert dev.get() == "1 first"


def test_ctrl_c_ends_the_watching_and_leaves_the_engine_with_what_was_saved_last(dev: Dev) -> None:
    dev.save("hello/hello.py", edit(1))

    code = dev.stop()

    assert code == 0
    assert "the engine keeps running" in dev.told
    assert dev.get() == "1 first"
    # a deploy of what was deployed before puts that back, although the stack did not change
    dev.write("hello/hello.py", HELLO)
    assert "nothing to deploy" in dev.run("deploy")
    assert dev.get() == "0 first"
