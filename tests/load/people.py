"""Users as people are: names of several scripts, ages that some do not tell, and no email twice."""

from __future__ import annotations

from random import Random

FIRST = (
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Katherine",
    "Linus",
    "Margaret",
    "Søren",
    "Zoë",
    "José",
    "Łukasz",
)
MORE = ("Nguyễn", "Chidinma", "Yūki", "Priya", "Mehmet", "Olga", "Fatima", "Kwame", "Mei", "Noa", "Tomás", "Ingrid")
LAST = ("Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Johnson", "Hamilton", "Kierkegaard", "García", "Tanaka")
REST = ("Okafor", "Sharma", "Yılmaz", "Petrova", "Al-Sayed", "Mensah", "Zhang", "Levi", "O'Brien", "von Neumann")
DOMAINS = ("example.com", "example.org", "mail.example.net")


def profile(random: Random) -> dict[str, object]:
    """A profile that the users service takes."""
    name = f"{random.choice(FIRST + MORE)} {random.choice(LAST + REST)}"
    local = "".join(c for c in name.lower().replace(" ", ".") if c.isascii() and (c.isalnum() or c == ".")).strip(".")
    email = f"{local}.{random.getrandbits(40):x}@{random.choice(DOMAINS)}"
    # one in five does not tell
    age = {} if random.random() < 0.2 else {"age": min(110, max(16, round(random.gauss(41, 15))))}
    return {"name": name, "email": email, **age}
