from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from windtunnel.load.compare import MORE, NO_ANSWERS, NOISE, Change
from windtunnel.load.compare_page import EXPLAINED, change_text, changes, headline, lines, render
from windtunnel.load.stored import Stored

Store = Callable[..., Stored]
BOTH = ("GET /users/{userId}", "POST /users")


def text_of(before: Stored, after: Stored) -> str:
    return "\n".join(line for line, _style in lines(before, after, changes(before, after)))


def page_of(before: Stored, after: Stored) -> str:
    return render(before, after, changes(before, after))


def drawn(page: str, title: str) -> list[str]:
    """The lines of the chart with a title, as SVG has them."""
    chart = page.split(f"<h3>{title}</h3>")[1].split("</svg>")[0]
    return [part.split('d="')[1].split('"')[0] for part in chart.split("<path ")[1:]]


def test_two_runs_compare_on_a_page_and_in_lines(store: Store) -> None:
    before, after = store("before", 10.0), store("after", 14.0)

    text, page = text_of(before, after), page_of(before, after)

    assert "p95 +4" in headline(changes(before, after))
    assert "worse" in text
    assert EXPLAINED in text
    assert "in 97% of these deals no figure changed as much" in EXPLAINED
    assert "Changes below 3% are within what the histogram blurs" in EXPLAINED
    assert "A → B" in page
    assert "before" in page


def test_runs_that_are_not_alike_are_marked(store: Store) -> None:
    before, after = store("before", 10.0), store("after", 10.0)
    document = {**after.document, "machine": "another machine", "plan": {**after.document["plan"], "seconds": 90}}

    text = text_of(before, replace(after, document=document))

    assert "\ncaution another machine" in text
    assert "\ncaution seconds was 30 and is 90" in text


def test_an_endpoint_of_one_run_only_is_named(store: Store) -> None:
    before, after = store("before", 10.0), store("after", 10.0, endpoints=(*BOTH, "DELETE /users/{userId}"))

    text, page = text_of(before, after), page_of(before, after)

    said = "in B only, part of 'all' and of no row: DELETE /users/{userId}"
    assert f"\ncaution {said}" in text
    assert "in B only" in page
    assert "in A only" not in text


def test_an_endpoint_without_answers_is_told_and_is_not_better(store: Store) -> None:
    before, after = store("before", 10.0), store("after", 10.0, broken="POST /users")
    found = changes(before, after)

    text, page = text_of(before, after), page_of(before, after)

    assert {c.judged for c in found if c.endpoint == "POST /users" and c.metric.startswith("p")} == {NO_ANSWERS}
    told = "In B POST /users has no answer as expected: times over all endpoints are without it. Over all endpoints: "
    assert headline(found).startswith(told)
    assert "errors 0.00% to 50.00% (worse)" in headline(found)
    assert not any(change.better for change in found if change.endpoint == "POST /users")
    assert re.search(r"p95 ms +15\.1 -> none +– +no answers\n", text)
    assert "– no answers" in page


def test_a_run_without_any_answer_is_told(store: Store) -> None:
    before, after = store("before", 10.0), store("after", 10.0, endpoints=("POST /users",), broken="POST /users")

    assert headline(changes(before, after)).startswith("In B no endpoint has an answer as expected.")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change("all", "p95", 10.0, 12.5, MORE), "+25.0%"),
        (Change("all", "p95", 10.0, None, NO_ANSWERS), "–"),
        (Change("all", "errors", 0.001, 0.17, MORE), "x 170"),
        (Change("all", "errors", 0.0, 0.17, MORE), "new"),
        (Change("all", "errors", 0.0, 0.0, NOISE), "as before"),
    ],
)
def test_a_change_is_told_as_a_person_reads_it(change: Change, text: str) -> None:
    assert change_text(change) == text


def test_a_short_run_is_told_to_be(store: Store) -> None:
    before, after = store("before", 10.0), store("after", 20.0, seconds=40)

    assert headline(changes(before, after)) == (
        "A run is too short to tell a change from noise: 40 measured seconds are the least."
    )


def test_a_single_endpoint_that_changed_is_in_the_headline(store: Store) -> None:
    before, after = store("before", 10.0), store("after", 10.0)
    for endpoints in after.run.samples.cells.values():
        cell = endpoints["POST /users"]
        cell.buckets = {bucket + 5: count for bucket, count in cell.buckets.items()}

    assert headline(changes(before, after)).endswith("By more than noise changed: POST /users.")


def test_an_outage_is_drawn_as_no_answers_a_second_and_as_no_times(store: Store) -> None:
    before, after = store("before", 10.0), store("after", 10.0, outage=range(20, 25))

    page = page_of(before, after)

    # a line that is broken off begins again with another M
    assert [line.count("M") for line in drawn(page, "Answers a second")] == [1, 1]
    assert [line.count("M") for line in drawn(page, "p95")] == [1, 2]


def test_other_figures_are_all_on_the_page_and_in_the_lines_if_they_changed(store: Store) -> None:
    before, after = store("before", 10.0, calls=[20.0] * 9), store("after", 10.0, calls=[30.0] * 9)

    text, page = text_of(before, after), page_of(before, after)

    assert "Other figures, not judged:" in text
    assert re.search(r"billed, a call +20\.0 ms -> 30\.0 ms +\+50\.0%(\n|$)", text)
    assert "memory used" not in text
    assert "<h2>Other figures</h2>" in page
    assert "not judged" in page
    for shown in ("billed, a call", "memory used", "60 MB", "a month on AWS", "the whole run"):
        assert shown in page


def test_other_figures_that_did_not_change_are_only_counted(store: Store) -> None:
    same = store("before", 10.0, calls=[20.0] * 9)

    text = text_of(same, same)

    assert "none of " in text
    assert "billed, a call" not in text
