from __future__ import annotations

from bench.page import with_section


def test_a_new_page_has_an_introduction_and_the_section() -> None:
    page = with_section("", "DynamoDB", "a table")

    assert page.startswith("# Benchmarks\n")
    assert "## DynamoDB\n\na table\n" in page


def test_another_group_is_added_after_what_is_there() -> None:
    page = with_section(with_section("", "API Gateway", "one"), "DynamoDB", "two")

    assert page.index("## API Gateway\n\none") < page.index("## DynamoDB\n\ntwo")


def test_a_section_is_replaced_and_what_people_wrote_around_it_stays() -> None:
    page = with_section(with_section("", "API Gateway", "one"), "DynamoDB", "two") + "\nA note.\n"

    page = with_section(page, "API Gateway", "three")

    assert "one" not in page.split("## API Gateway")[1].split("## DynamoDB")[0]
    assert "## API Gateway\n\nthree\n" in page
    assert "## DynamoDB\n\ntwo\n" in page
    assert page.endswith("\nA note.\n")


def test_writing_the_same_again_changes_nothing() -> None:
    page = with_section("", "API Gateway", "one")

    assert with_section(page, "API Gateway", "one") == page
