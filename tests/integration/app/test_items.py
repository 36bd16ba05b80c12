"""The items API end to end: Node.js functions behind the same API and key as the Python ones.

The four functions and their status codes are those of the project's document 003 (create 201, get 200 or 404, list 200
with items and count, delete 204).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.stack import Stack
    from windtunnel.testing.clients import Api, Aws

pytestmark = pytest.mark.engine

CHAIR = {"name": "Chair", "price": 12.5, "tags": ["oak", {"new": True}], "stock": None, "note": "größer ❤"}

type Create = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def items_table(stack: Stack, aws: Aws) -> Any:
    return aws.resource("dynamodb").Table(stack.outputs["ItemsTableName"])


@pytest.fixture
def create_item(api: Api, items_table: Any) -> Iterator[Create]:
    """Creates items, and takes away at the end what is left of them."""
    made: list[str] = []

    def create(**fields: Any) -> dict[str, Any]:
        response = api.post("/items", json={**CHAIR, **fields})
        assert response.status_code == 201, response.text
        item: dict[str, Any] = response.json()
        made.append(item["id"])
        return item

    yield create
    for item_id in made:
        items_table.delete_item(Key={"id": item_id})


def test_an_item_is_made_read_and_deleted(api: Api, create_item: Create) -> None:
    item = create_item()

    read = api.get(f"/items/{item['id']}")
    deleted = api.delete(f"/items/{item['id']}")
    again = api.delete(f"/items/{item['id']}")
    gone = api.get(f"/items/{item['id']}")

    assert {name: item[name] for name in CHAIR} == CHAIR
    assert item.keys() == {*CHAIR, "id", "createdAt"}
    assert uuid.UUID(item["id"]).version == 4
    assert datetime.fromisoformat(item["createdAt"]).utcoffset() is not None
    assert (read.status_code, read.json()) == (200, item)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert again.status_code == 204
    assert (gone.status_code, gone.json()) == (404, {"message": f"Item {item['id']} not found"})


def test_an_item_is_stored_as_it_is_shown(create_item: Create, items_table: Any) -> None:
    item = create_item(id="mine", createdAt="never")

    stored = items_table.get_item(Key={"id": item["id"]})["Item"]

    assert stored.keys() == item.keys()
    assert (float(stored["price"]), stored["tags"], stored["stock"]) == (12.5, ["oak", {"new": True}], None)
    assert item["id"] != "mine"


def test_a_list_has_items_and_their_count(api: Api, create_item: Create) -> None:
    made = {create_item(number=number)["id"] for number in range(5)}

    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = api.get("/items", params={"limit": "2", **token}).json()
        assert page["count"] == len(page["items"]) <= 2
        found += page["items"]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}

    ids = [item["id"] for item in found]
    assert len(ids) == len(set(ids))
    assert made <= set(ids)


@pytest.mark.parametrize("path", ["/items/5", "/items/6e9b1c2a-0a55-4a9c-9d6f-0f3a6c1b7f11"])
def test_what_is_not_there_is_404(api: Api, path: str) -> None:
    response = api.get(path)

    assert (response.status_code, response.json()) == (404, {"message": f"Item {path.rpartition('/')[2]} not found"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Request body is empty; a JSON object is expected"),
        (b"[]", "Request body must be a JSON object"),
        (b"{}", "Validation failed"),
        (b'{"": 1}', "Validation failed"),
        (b'{"n": 9007199254740993}', "Validation failed"),
        (b'{"text": "%s"}' % (b"x" * 410_000), "Item is too large: DynamoDB takes 400 KB"),
    ],
    ids=["empty", "array", "no field", "no name", "large number", "large"],
)
def test_a_wrong_item_is_refused_as_the_python_services_do(api: Api, body: bytes, message: str) -> None:
    response = api.post("/items", data=body, headers={"Content-Type": "application/json"})

    assert (response.status_code, response.json()["message"]) == (400, message)
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "x"}, {"nextToken": "x"}])
def test_a_wrong_page_is_refused(api: Api, query: Mapping[str, str]) -> None:
    response = api.get("/items", params=query)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == list(query)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/items"), ("GET", "/items"), ("GET", "/items/5"), ("DELETE", "/items/5")]
)
def test_every_method_needs_the_key(api: Api, method: str, path: str) -> None:
    response = api.request(method, path, json=CHAIR, api_key=None)

    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


def test_a_preflight_needs_no_key(api: Api) -> None:
    response = api.options("/items/5", api_key=None, headers={"Origin": "https://app.example.com"})

    assert response.status_code == 200
    assert set(response.headers["Access-Control-Allow-Methods"].split(",")) == {"GET", "DELETE", "OPTIONS"}


def test_every_answer_may_be_read_by_a_browser(api: Api, create_item: Create) -> None:
    item = create_item()

    answers = [api.get("/items"), api.get("/items/5"), api.delete(f"/items/{item['id']}")]

    assert [answer.headers["Access-Control-Allow-Origin"] for answer in answers] == ["*"] * 3


def test_fifty_at_once_are_fifty_items(api: Api, items_table: Any) -> None:
    def post(number: int) -> Any:
        return api.post("/items", json={"number": number})

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(post, range(50)))
    ids = {answer.json().get("id") for answer in answers}
    for item_id in ids - {None}:
        items_table.delete_item(Key={"id": item_id})

    assert {answer.status_code for answer in answers} == {201}
    assert len(ids) == 50


def test_python_and_node_are_in_one_stack(aws: Aws, resources: Mapping[str, str]) -> None:
    lambda_ = aws.client("lambda")

    def runtime(name: str) -> tuple[str, int]:
        found = lambda_.get_function_configuration(FunctionName=resources[f"{name}Function"])
        return found["Runtime"], len(found.get("Layers", []))

    assert runtime("CreateItem") == ("nodejs22.x", 0)
    assert runtime("CreateUser") == ("python3.13", 1)
