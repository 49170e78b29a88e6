"""Exact numbers, dates, timestamps and specials, as text and back."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import kanbert_filter as kf
from kanbert_filter import values
from kanbert_filter.context import local_date
from tests import strategies

ROOT = Path(__file__).parents[1]


@given(strategies.numbers | st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_exactly(number: int | Decimal) -> None:
    number = values.exact(number)
    text = values.number_text(number)
    assert Decimal(text) == number
    assert values.exact(Decimal(text)) == number
    assert type(values.exact(Decimal(text))) is type(number)
    assert values.number_text(values.exact(Decimal(text))) == text
    assert values.number_size(text) is not None
    assert "." not in text or not text.partition("e")[0].endswith("0")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_means_its_shortest_decimal(number: float) -> None:
    assert values.exact(number) == Decimal(repr(number))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0"),
        ("-0.000", "0"),
        ("1E+2", "100"),
        ("123.4500", "123.45"),
        ("1e39", "1" + "0" * 39),
        ("1e40", "1e40"),
        ("12e39", "1.2e40"),
        ("-1e64", "-1e64"),
        ("1e-38", "0." + "0" * 37 + "1"),
        ("1e-39", "0." + "0" * 38 + "1"),
        ("1e-40", "1e-40"),
        ("0." + "1" * 39, "0." + "1" * 39),
        ("0." + "1" * 40, "1." + "1" * 39 + "e-1"),
        ("1." + "1" * 39, "1." + "1" * 39),
        ("1" * 41, "1." + "1" * 40 + "e40"),
    ],
)
def test_numbers_are_plain_up_to_forty_digits(number: str, text: str) -> None:
    assert values.number_text(values.exact(Decimal(number))) == text


@given(st.from_regex(values.NUMBER, fullmatch=True).filter(lambda text: text.isascii() and len(text) < 60))
def test_the_size_of_a_number_is_read_from_its_text(text: str) -> None:
    size = values.number_size(text)
    assert size is not None
    mantissa, _, exponent = text.lower().partition("e")
    assert size[0] == sum(character.isdigit() for character in mantissa)
    if len(exponent) < 9 and Decimal(text):
        assert size[1] == Decimal(text).adjusted()


@pytest.mark.parametrize("text", ["", "-", "1.", ".5", "01", "+1", "1e", "1 ", "\u0661", "0x1", "1_0", "NaN", "5\n"])
def test_what_is_no_number_has_no_size(text: str) -> None:
    assert values.number_size(text) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-31T12:34:56Z", datetime(2024, 1, 31, 12, 34, 56, tzinfo=UTC)),
        ("2024-01-31t12:34Z", datetime(2024, 1, 31, 12, 34, tzinfo=UTC)),
        ("2024-01-31 12:34:56.1+02:00", datetime(2024, 1, 31, 10, 34, 56, 100_000, tzinfo=UTC)),
        ("2024-01-31T12:34:56.123456-00:30", datetime(2024, 1, 31, 13, 4, 56, 123_456, tzinfo=UTC)),
        ("2024-01-31T12:34", datetime(2024, 1, 31, 12, 34)),
    ],
)
def test_timestamps(text: str, moment: datetime) -> None:
    assert values.read_timestamp(text) == moment
    assert values.read_timestamp(values.timestamp_text(moment)) == moment


@pytest.mark.parametrize(
    "text",
    [
        *("2024-01-31", "2024-1-31T00:00", "20240131T000000", "2024-01-31T24:00", "2024-01-31T12", "2024-01-31T12:60Z"),
        *("2024-01-31T12:34:60Z", "2024-01-31T12:34:56.Z", "2024-01-31T12:34:56.1234567Z", "2024-01-31T12:34:56z"),
        *("2024-01-31T12:34+2:00", "2024-01-31T12:34+0200", "2024-01-31T12:34+24:00", "2024-01-31T12:34+01:60", "2024-01-31  12:34", "2024-02-30T00:00Z"),
        *("2024-01-31T12:34Z ", "2024-01-31T12:34Z\n", "\u0662024-01-31T12:34Z", "0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00"),
        *("2024-W05-3T12:34", "0000-01-01T00:00Z"),
    ],
)  # fmt: skip
def test_what_is_no_timestamp(text: str) -> None:
    assert values.read_timestamp(text) is None


def test_dates() -> None:
    assert values.read_date("2024-02-29") == date(2024, 2, 29)
    for text in (
        "2023-02-29",
        "2024-2-1",
        "20240201",
        "2024-02-01 ",
        "2024-02-01\n",
        "0000-01-01",
        "2024-W05-3",
        "2024-02-01T00:00",
    ):
        assert values.read_date(text) is None


@given(strategies.specials)
def test_a_special_reads_back(special: kf.Special) -> None:
    assert values.read_special(str(special)) == special


def test_what_is_no_special() -> None:
    for text in ("Today", "today+5", "today +5d", "today+05d", "today+d", "today5d", "me", "now ", "tomorrow", ""):
        assert values.read_special(text) is None
    assert values.read_special("today+0d") == kf.TODAY


def test_every_special_is_read_built_and_documented() -> None:
    """The grammar's own list must hold the same names: each is read bare."""
    rows = re.findall(r"^\| (`[^|]+) \|[^|]+\|[^|]+\|$", (ROOT / "docs" / "language.md").read_text(), re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    listed = (ROOT / "docs" / "api.md").read_text()
    for name in values.SPECIALS:
        special = values.Special(name)
        assert kf.parse(f"x = {name}") == kf.Comparison("x", "eq", special)
        constant = name.partition(".")[0].upper()
        assert getattr(kf, constant) == special
        assert re.search(rf"\b{constant}\b", listed)
        assert name in documented


@pytest.mark.parametrize("name", [name for name, meaning in values.SPECIALS.items() if meaning.day])
def test_a_special_means_a_day_and_an_instant_of_it(name: str) -> None:
    context = kf.Context(now=datetime(2024, 5, 15, 22, 30, tzinfo=UTC), timezone="Europe/Vienna")
    meaning = values.SPECIALS[name]
    assert meaning.day is not None
    day = meaning.day(context, 0)
    assert isinstance(day, date)
    if meaning.instant is not None:
        instant = meaning.instant(context)
        assert isinstance(instant, datetime)
        assert local_date(instant, context.timezone) == day


@pytest.mark.parametrize("days", [999_999_999, 1_000_000_000, 123456789012345678, 10**100])
@pytest.mark.parametrize("sign", [1, -1])
def test_no_special_is_built_that_cannot_be_read(days: int, sign: int) -> None:
    endpoint = kf.Endpoint("e", {"d": "date"})
    text = f"today{sign * days:+d}d"
    lifted = kf.Limits.lifted()
    if days < 10**9:
        built = kf.field("d") == kf.TODAY + sign * days
        assert endpoint.parse(kf.to_dsl(built), limits=lifted).filter == endpoint.check(built, limits=lifted).filter
        assert endpoint.parse(f'd = "{text}"', limits=lifted).filter == built
    else:
        with pytest.raises(kf.FilterSyntaxError, match="more than 999999999 days"):
            kf.TODAY + sign * days
        for source in (f"d = {text}", f'd = "{text}"'):
            with pytest.raises(kf.FilterError, match="more than 999999999 days"):
                endpoint.parse(source, limits=lifted)
    with pytest.raises(kf.FilterSyntaxError, match="more than 36500 days"):
        kf.parse(f"d = {text}")


@pytest.mark.parametrize("number", [Decimal("1e1000000000"), Decimal("-1e-1000000000"), Decimal("0e2000000000")])
def test_the_greatest_numbers_read_back(number: Decimal) -> None:
    built = kf.field("n") == number
    assert kf.parse(kf.to_dsl(built), limits=kf.Limits.lifted()) == built


@pytest.mark.parametrize("number", [Decimal("1e2000000000"), Decimal("12e1000000000"), Decimal("1e-1000000001")])
def test_no_number_is_built_that_cannot_be_read(number: Decimal) -> None:
    with pytest.raises(kf.FilterSyntaxError, match="expected an exponent within ±1000000000"):
        kf.field("n") == number
    form = [("filter[field]", "n"), ("filter[op]", "eq"), ("filter[value]", str(number))]
    lifted = kf.Limits.lifted()
    with pytest.raises(kf.FilterCheckError) as error:
        kf.Endpoint("e", {"n": "number"}).check(kf.parse_form(form, limits=lifted), limits=lifted)
    assert error.value.problems[0].code == "number_too_long"
