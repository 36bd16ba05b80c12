"""What users do. `make load SCENARIO=read-heavy` runs ReadHeavy; targets are in slo.toml, shapes in windtunnel.load.

Nothing here knows an engine: address, key and table names come from the stack's outputs.
"""

from __future__ import annotations

from locust import SequentialTaskSet, task
from people import profile

from windtunnel.load.generator import ApiUser, PlanShape, think
from windtunnel.load.sample import CLEARING

__all__ = ["PlanShape"]  # Locust finds the shape here

ONE_USER = "/users/{userId}"
MANAGER = "/dynamodbmanager"
ITEMS = 10
"""How many items a user of DynamoDBManager works on."""


class UsersApi(ApiUser):
    """The users service's calls. A user remembers whom it created, and takes them away at its end."""

    abstract = True
    wait_time = think(0.1, 0.5)

    def on_start(self) -> None:
        super().on_start()
        self.known: list[str] = []

    def on_stop(self) -> None:
        while self.known:
            self.remove(CLEARING)
        super().on_stop()

    def create(self) -> None:
        made = self.call("POST", "/users", json=profile(self.random), expect=(201,))
        if made:
            self.known.append(made["userId"])

    def read(self, user_id: str) -> None:
        self.call("GET", f"/users/{user_id}", name=f"GET {ONE_USER}")

    def update(self, user_id: str) -> None:
        self.call("PUT", f"/users/{user_id}", name=f"PUT {ONE_USER}", json=profile(self.random))

    def remove(self, name: str = f"DELETE {ONE_USER}") -> None:
        user_id = self.known.pop(0)
        self.call("DELETE", f"/users/{user_id}", name=name)

    def page(self) -> None:
        self.call("GET", "/users?limit=20", name="GET /users")

    def someone(self) -> str:
        """The id of somebody who is there."""
        while not self.known:
            self.create()
            self.wait()
        return self.random.choice(self.known)


class Session(SequentialTaskSet):
    """Somebody registers, looks, corrects, looks again, and now and then leaves."""

    user: UsersApi

    @task
    def register(self) -> None:
        self.user.create()

    @task
    def look(self) -> None:
        self.user.read(self.user.someone())

    @task
    def browse(self) -> None:
        self.user.page()

    @task
    def correct(self) -> None:
        self.user.update(self.user.someone())

    @task
    def look_again(self) -> None:
        self.user.read(self.user.someone())

    @task
    def leave(self) -> None:
        if len(self.user.known) > 3:
            self.user.remove()


class UsersCrud(UsersApi):
    """Sessions of people, with the time that people take."""

    wait_time = think(0.5, 2.0)
    tasks = [Session]  # noqa: RUF012 - Locust's own way


class ReadHeavy(UsersApi):
    """19 reads to a write."""

    @task(15)
    def look(self) -> None:
        self.read(self.someone())

    @task(4)
    def browse(self) -> None:
        self.page()

    @task(1)
    def register(self) -> None:
        self.create()


class WriteHeavy(UsersApi):
    """Mostly creates and updates."""

    @task(5)
    def register(self) -> None:
        self.create()
        if len(self.known) > 20:
            self.remove()

    @task(4)
    def correct(self) -> None:
        self.update(self.someone())

    @task(1)
    def look(self) -> None:
        self.read(self.someone())


class HotKey(UsersApi):
    """Everybody reads and writes one and the same user: one partition has all the work."""

    def prepare(self) -> None:
        made = self.call("POST", "/users", json=profile(self.random), expect=(201,))
        self.shared["hot"] = made["userId"]

    def clear(self) -> None:
        if "hot" in self.shared:
            self.call("DELETE", f"/users/{self.shared['hot']}")

    @task(4)
    def look(self) -> None:
        self.read(self.shared["hot"])

    @task(1)
    def correct(self) -> None:
        self.update(self.shared["hot"])


class ManagerApi(ApiUser):
    """DynamoDBManager's operations on its own table. A user has items of its own, and takes them away at its end."""

    abstract = True
    wait_time = think(0.1, 0.5)

    def on_start(self) -> None:
        super().on_start()
        me = f"load-{self.plan.run}-{self.random.getrandbits(64):016x}"
        self.items = [f"{me}-{number}" for number in range(ITEMS)]
        self.written: set[str] = set()

    def on_stop(self) -> None:
        for item in sorted(self.written):
            self.operate("delete", CLEARING, Key={"id": item})
        super().on_stop()

    def operate(self, operation: str, name: str = "", **payload: object) -> None:
        body = {"operation": operation, "tableName": self.plan.outputs["ManagerTableName"], "payload": payload}
        self.call("POST", MANAGER, name=name or f"POST {MANAGER} ({operation})", json=body)

    def item(self) -> str:
        return self.random.choice(self.items)

    @task(4)
    def put_item(self) -> None:
        item = self.item()
        self.written.add(item)
        self.operate("create", Item={"id": item, **profile(self.random)})

    @task(8)
    def read_item(self) -> None:
        self.operate("read", Key={"id": self.item()})

    @task(2)
    def update_item(self) -> None:
        item = self.item()
        self.written.add(item)  # an update makes the item where there is none
        values = {":n": profile(self.random)["name"]}
        names = {"#n": "name"}
        self.operate(
            "update",
            Key={"id": item},
            UpdateExpression="SET #n = :n",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    @task(1)
    def delete_item(self) -> None:
        item = self.item()
        self.operate("delete", Key={"id": item})
        self.written.discard(item)


class ManagerMix(ManagerApi):
    """DynamoDBManager only."""


class Mixed(UsersApi, ManagerApi):
    """Both services: three actions of people to one of DynamoDBManager."""

    wait_time = think(0.1, 0.5)

    @task(20)
    def read_user(self) -> None:
        self.read(self.someone())

    @task(10)
    def register(self) -> None:
        self.create()
        if len(self.known) > 10:
            self.remove()

    @task(8)
    def correct_user(self) -> None:
        self.update(self.someone())

    @task(5)
    def browse(self) -> None:
        self.page()


class Preflight(ApiUser):
    """What the generator can do: API Gateway answers the preflight by itself, and nobody thinks."""

    wait_time = think(0, 0)

    @task
    def ask(self) -> None:
        self.call("OPTIONS", "/users", headers={"Origin": "https://example.com"})


class Round(SequentialTaskSet):
    """A route without a function, a function without work, a table: in turn, so that a short run has each of them."""

    user: Probe

    @task
    def gateway(self) -> None:
        # the preflight answer is API Gateway's own: a MOCK integration
        self.user.call("OPTIONS", "/users", name="probe gateway", headers={"Origin": "https://example.com"})

    @task
    def function(self) -> None:
        self.user.call("POST", MANAGER, name="probe function", json={"operation": "ping"})

    @task
    def table(self) -> None:
        if self.user.plan.endpoint_url:
            self.user.get_item(self.user.plan.outputs["UsersTableName"], {"userId": {"S": "nobody"}})


class Probe(ApiUser):
    """Measures the emulator while the scenario runs."""

    fixed_count = 1
    wait_time = think(0.1, 0.2)
    tasks = [Round]  # noqa: RUF012 - Locust's own way
