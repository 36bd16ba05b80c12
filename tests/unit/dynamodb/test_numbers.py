from __future__ import annotations

from decimal import Context, Decimal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from windtunnel.dynamodb import numbers
from windtunnel.dynamodb.errors import DynamoDBError

OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
PRECISION = "Attempting to store more than 38 significant digits in a Number"
NOT_A_NUMBER = "The parameter cannot be converted to a numeric value"

storable = st.builds(
    lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
    st.sampled_from([0, 1]),
    st.lists(st.integers(0, 9), min_size=1, max_size=38).map(tuple),
    st.integers(-130, 88),
)
"""Every number with up to 38 digits that DynamoDB can hold, zero in all its spellings among them."""


# What DynamoDB Local answers for what was sent; that AWS answers plain notation is recorded in dynalite's tests.
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("-0", "0"),
        ("0.0", "0"),
        ("00012", "12"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("1.e3", "1000"),
        (".5", "0.5"),
        ("+5", "5"),
        ("0e5", "0"),
        ("0e99999999999999999999", "0"),
        ("-2.50", "-2.5"),
        ("1e-130", "0." + "0" * 129 + "1"),
        ("9.9e125", "99" + "0" * 124),
        ("1" * 38 + "0" * 10, "1" * 38 + "0" * 10),
        ("1." + "0" * 60, "1"),
    ],
)
def test_a_number_is_kept_in_plain_notation(sent: str, kept: str) -> None:
    assert numbers.canonical(sent) == kept


# Messages: AWS's answers recorded in dynalite's test/putItem.js.
@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ("", NOT_A_NUMBER),
        *[
            (text, f"{NOT_A_NUMBER}: {text}")
            for text in ("b", " 1", "1 ", "1_0", "0x1", "NaN", "Infinity", "--1", "1e")
        ],
        ("1e126", OVERFLOW),
        ("-1e126", OVERFLOW),
        ("1e99999999999999999999", OVERFLOW),
        ("1e-131", UNDERFLOW),
        ("-1e-131", UNDERFLOW),
        ("1e-99999999999999999999", UNDERFLOW),
        ("123456789012345678901234567890123456789", PRECISION),
        ("-1.23456789012345678901234567890123456789", PRECISION),
    ],
)
def test_what_is_no_number_of_dynamodb_is_refused(sent: str, message: str) -> None:
    with pytest.raises(DynamoDBError) as caught:
        numbers.canonical(sent)

    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


@given(storable)
def test_the_canonical_text_means_the_same_number_and_stays_as_it_is(number: Decimal) -> None:
    assume(not number or -130 <= number.adjusted() <= 125)

    text = numbers.canonical(str(number))

    assert Decimal(text) == number
    assert numbers.canonical(text) == text
    assert numbers.canonical(format(number, "f")) == text
    assert numbers.canonical(format(number, "E")) == text


@given(storable, storable)
@example(Decimal("-1"), Decimal("-1.5"))
@example(Decimal("9.9E125"), Decimal("1E-130"))
def test_key_bytes_are_in_the_numbers_order(left: Decimal, right: Decimal) -> None:
    assume(all(not number or -130 <= number.adjusted() <= 125 for number in (left, right)))
    first, second = numbers.canonical(str(left)), numbers.canonical(str(right))

    one, two = numbers.key_bytes(first), numbers.key_bytes(second)

    assert (one < two) == (left < right)
    assert (one == two) == (left == right)
    assert (numbers.numeric_order(first) < numbers.numeric_order(second)) == (left < right)


@given(storable, storable)
def test_sums_are_exact_or_refused(left: Decimal, right: Decimal) -> None:
    assume(all(not number or -130 <= number.adjusted() <= 125 for number in (left, right)))
    wide = Context(prec=400)
    first, second = numbers.canonical(str(left)), numbers.canonical(str(right))

    for calculate, exact in ((numbers.add, wide.add(left, right)), (numbers.subtract, wide.subtract(left, right))):
        digits = len("".join(map(str, exact.as_tuple().digits)).strip("0"))
        if digits > 38 or (exact and not -130 <= exact.adjusted() <= 125):
            with pytest.raises(DynamoDBError):
                calculate(first, second)
        else:
            text = calculate(first, second)
            assert Decimal(text) == exact
            assert numbers.canonical(text) == text


@pytest.mark.parametrize(("left", "right", "total"), [("1", "2", "3"), ("-1", "1", "0"), ("0.5", "0.5", "1")])
def test_a_sum_is_canonical(left: str, right: str, total: str) -> None:
    assert numbers.add(left, right) == total
