"""What each field type takes: every type, every operator, every kind of value."""

import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import pytest

import kanbert_filter as kf
from kanbert_filter.endpoints.field_table import TYPES
from kanbert_filter.endpoints.field_type import ValueFault
from kanbert_filter.limits import Limits
from kanbert_filter.nodes import Comparison, Membership, NullCheck, RelationTest
from kanbert_filter.operators import COMPARISONS, OPERATORS, TEXT_OPERATORS
from kanbert_filter.values import EOM, ME, NOW, TODAY, Special, UntypedText, Value

U = UntypedText

KINDS: Final[dict[str, Value]] = {
    "text": "a",
    "choice": "ACTIVE",
    "digits": "5",
    "day": "2024-01-31",
    "moment": "2024-01-31T12:00:00+02:00",
    "wall time": "2024-01-31 12:00",
    "text today": "today-1d",
    "text me": "me.id",
    "integer": 5,
    "decimal": Decimal("0.5"),
    "true": True,
    "me": ME,
    "today": TODAY,
    "now": NOW,
    "form text": U("a"),
    "form choice": U("ACTIVE"),
    "form digits": U("5"),
    "form true": U("true"),
    "form day": U("2024-01-31"),
    "form today": U("today-1d"),
    "form me": U("me.id"),
}
"""A value of every kind a notation can bring."""

TEXTS: Final = {name: str(value) for name, value in KINDS.items() if isinstance(value, (str, UntypedText))}
NUMBERS: Final = {"integer": 5, "decimal": Decimal("0.5"), "form digits": 5}
DAYS: Final = {
    "day": "2024-01-31",
    "text today": TODAY - 1,
    "today": TODAY,
    "now": NOW,
    "form day": "2024-01-31",
    "form today": TODAY - 1,
}
MOMENTS: Final = DAYS | {"moment": "2024-01-31T10:00:00Z", "wall time": "2024-01-31 12:00"}
CHOICES: Final = {"choice": "ACTIVE", "form choice": "ACTIVE"}
IDS: Final = TEXTS | {"integer": "5", "text me": ME, "me": ME, "form me": ME}
PLAIN: Final = TEXTS | {"integer": 5, "decimal": Decimal("0.5")}

TAKES: Final[dict[str, Mapping[str, object]]] = {
    "string": TEXTS,
    "number": NUMBERS,
    "currency": NUMBERS,
    "boolean": {"true": True, "form true": True},
    "date": DAYS,
    "datetime": MOMENTS,
    "enum": TEXTS,
    "enum: ACTIVE, DONE": CHOICES,
    "id": IDS,
    "id<UserData>": IDS,
    "custom": PLAIN | {"true": True},
}
"""What each type makes of the values it takes; with other values it refuses the filter."""

SET, EQUALITY, ORDER = {"in", "nin"}, {"eq", "ne"}, {"lt", "lte", "gt", "gte"}
TEXT, NULL = {"contains", "like", "startswith", "endswith"}, {"isnull", "isnotnull"}

ALLOWS: Final = {
    "string": SET | EQUALITY | TEXT | NULL,
    "number": SET | EQUALITY | ORDER | NULL,
    "currency": SET | EQUALITY | ORDER | NULL | TEXT,
    "boolean": EQUALITY | NULL,
    "date": SET | EQUALITY | ORDER | NULL,
    "datetime": SET | EQUALITY | ORDER | NULL,
    "enum": SET | EQUALITY | NULL,
    "id": SET | EQUALITY | NULL,
    "custom": SET | EQUALITY | ORDER | TEXT | NULL,
    "relation": {"any", "none", "all", "count"},
    "scope": {"eq"},
}
"""The operators of each type when an endpoint names none."""


def taken(notation: str, operator: str) -> Mapping[str, object]:
    if operator in TEXT:
        return TEXTS
    takes = TAKES[notation]
    return {k: v for k, v in takes.items() if v is not True} if notation == "custom" and operator in ORDER else takes


CASES: Final = [
    (notation, operator)
    for notation in TAKES
    for operator in sorted(ALLOWS[notation.partition(":")[0].partition("<")[0]] - NULL)
]


@pytest.mark.parametrize(("notation", "operator"), CASES)
@pytest.mark.parametrize("row", ["x.y", "x.*"])
def test_values(notation: str, operator: str, row: str) -> None:
    endpoint = kf.Endpoint("e", {row: notation})
    expected = taken(notation, operator)
    for kind, value in KINDS.items():
        condition = comparing(operator, value)
        if kind in expected:
            checked = endpoint.check(condition).filter
            assert checked == comparing(operator, expected[kind]), kind
            assert endpoint.check(checked).filter == checked, kind
        else:
            with pytest.raises(kf.FilterCheckError) as error:
                endpoint.check(condition)
            [problem] = error.value.problems
            assert problem.field == "x.y"
            assert problem.code.startswith("invalid_")


def comparing(operator: str, value: object) -> kf.Filter:
    return Membership("x.y", operator, [value]) if operator in SET else Comparison("x.y", operator, value)


def condition_with(operator: str, field: str = "x") -> kf.Filter:
    if operator == "count":
        return Comparison(f"{field}.count", "gt", 1)
    if operator in SET:
        return Membership(field, operator, [])
    if operator in NULL:
        return NullCheck(field, operator)
    if operator in ("any", "none", "all"):
        return RelationTest(field, operator, Comparison("y", "eq", "a"))
    return Comparison(field, operator, "a")


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("kind", TYPES)
def test_operators(kind: str, operator: str) -> None:
    row: Any = {"y": "string"} if kind == "relation" else "scope: a" if kind == "scope" else kind
    endpoint = kf.Endpoint("e", {"x": row})
    problems: tuple[kf.Problem, ...] = ()
    try:
        endpoint.check(condition_with(operator))
    except kf.FilterCheckError as error:
        problems = error.problems
    refused = {"operator_not_allowed", "unknown_field"} & {problem.code for problem in problems}
    assert bool(refused) == (operator not in ALLOWS[kind])
    if refused and operator != "count":
        said, _, remedy = problems[0].message.partition("; write x ")
        assert said == f"Operator '{operator}' is not allowed for type '{kind}'"
        assert bool(remedy) == (kind == "relation")
        assert problems[0].suggestions == tuple(name for name in OPERATORS if name in ALLOWS[kind])


@pytest.mark.parametrize("kind", TYPES)
def test_a_sample_passes_the_check(kind: str) -> None:
    row: Any = {"y": "string"} if kind == "relation" else "scope: a" if kind == "scope" else kind
    endpoint = kf.Endpoint("e", {"x": row})
    shown = endpoint["x"].sample("x")
    assert shown is not None
    assert endpoint.check(shown).filter == shown
    assert endpoint["x"].with_parts(operators=[]).sample("x") is None


def test_a_sample_takes_a_choice_of_the_field_and_an_operator_it_allows() -> None:
    endpoint = kf.Endpoint(
        "e",
        {
            "status": "enum: open, done; ne",
            "archived": "enum: with, only, without",
            "tasks": kf.types.Relation({}, operators=["count"]),
        },
    )
    assert [row.sample(name) for name, row in endpoint.items()] == [
        kf.parse(text) for text in ("status != 'open'", "archived = 'with'", "tasks.count > 0")
    ]


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind not in ("relation", "scope")])
@pytest.mark.parametrize("operator", sorted(COMPARISONS | SET | NULL))
def test_a_restricted_field_names_itself(kind: str, operator: str) -> None:
    endpoint = kf.Endpoint("e", {"x": TYPES[kind](operators=[])})
    with pytest.raises(kf.FilterCheckError) as error:
        endpoint.check(condition_with(operator))
    target = "field 'x'" if operator in ALLOWS[kind] else f"type '{kind}'"
    assert error.value.problems[0].message == f"Operator '{operator}' is not allowed for {target}"


OTHER_SPELLINGS: Final = {
    "2024-01-31T12:00:00.1234567Z": "2024-01-31T12:00:00.123456Z",
    "2024-01-31T12:00:00,5Z": "2024-01-31T12:00:00.5Z",
    "2024-01-31T12:00:00z": "2024-01-31T12:00:00Z",
    "2024-01-31 12:00:00 UTC": "2024-01-31 12:00:00Z",
    "2024-01-31T12:00:00+0200": "2024-01-31T12:00:00+02:00",
    "2024-01-31T12:00-02": "2024-01-31T12:00-02:00",
    "2024-01-31 12:00:00 -02:00": "2024-01-31 12:00:00-02:00",
}.items()
"""Timestamps as other systems write them, and as a filter does."""


@pytest.mark.parametrize(
    ("notation", "operator", "value", "code", "message"),
    [
        ("string", "eq", 5, "invalid_value", "Found the number 5, expected a text; write it in quotes"),
        ("string", "eq", True, "invalid_value", "Found the boolean true, expected a text; write it in quotes"),
        (
            "string",
            "eq",
            TODAY,
            "invalid_value",
            'Found the special value today, expected a text; write "today" in quotes to mean the text',
        ),
        ("string", "like", "50\\", "invalid_pattern", "expected a character after it; write \\\\ for a backslash"),
        ("number", "eq", "5", "invalid_value", "Found the text '5', expected a number; write it without quotes"),
        ("number", "eq", U("5x"), "invalid_value", "Found the text '5x', expected a number"),
        ("number", "eq", U("9" * 41), "number_too_long", "Found a number of more than 40 digits, expected at most 40"),
        (
            "number",
            "eq",
            U("1e65"),
            "number_too_long",
            "Found a number with the exponent 65, expected an exponent within ±64",
        ),
        ("boolean", "eq", "true", "invalid_value", "Found the text 'true', expected true or false"),
        ("boolean", "eq", 1, "invalid_value", "Found the number 1, expected true or false"),
        ("boolean", "eq", U("2"), "invalid_value", "expected true or false"),
        ("boolean", "eq", U("True"), "invalid_value", "expected true or false"),
        ("date", "eq", "31.1.2024", "invalid_date", "expected a date such as '2024-01-31' or a special"),
        ("date", "eq", "2023-02-29", "invalid_date", "Found '2023-02-29', expected a day that is in the calendar"),
        ("date", "eq", "2024-01-31T12:00:00Z", "invalid_date", "expected a date; write '2024-01-31'"),
        ("date", "eq", 5, "invalid_value", "Found the number 5, expected a date in quotes"),
        (
            "date",
            "eq",
            ME,
            "invalid_value",
            "Found the special value me.id, expected a date; me.id is for id fields",
        ),
        ("date", "lt", "tomorrow", "invalid_special", "Found 'tomorrow', expected 'today+1d'"),
        ("datetime", "lt", "Now()", "invalid_special", "Found 'Now()', expected 'now'"),
        ("datetime", "lt", U("NOW"), "invalid_special", "Found 'NOW', expected 'now' in lower case"),
        ("date", "lt", U("today 5d"), "lost_plus", "a '+' in a query string must be sent as %2B"),
        ("date", "lt", Special("today", 36_501), "day_offset_too_large", "more than 36500 days"),
        ("date", "lt", "today-99999999999999999999d", "day_offset_too_large", "write a date"),
        ("date", "lt", "TODAY+5d", "invalid_special", "expected 'today+5d' in lower case"),
        ("datetime", "lt", U("Now"), "invalid_special", "expected 'now' in lower case"),
        ("datetime", "eq", "2024-01-31T12:00:00 02:00", "lost_plus", "must be sent as %2B"),
        ("datetime", "eq", "2024-01-31 12:00:00 02:00", "lost_plus", "must be sent as %2B"),
        ("datetime", "eq", "2024-01-31T25:00:00", "invalid_timestamp", "expected a timestamp such as"),
        *(("datetime", "eq", text, "invalid_timestamp", f"did you mean '{meant}'?") for text, meant in OTHER_SPELLINGS),
        ("datetime", "eq", "2024-02-30", "invalid_timestamp", "expected a day that is in the calendar"),
        ("datetime", "eq", "2023-02-29T12:00:00Z", "invalid_timestamp", "expected a day that is in the calendar"),
        ("date", "eq", "0000-01-01", "invalid_date", "expected a day that is in the calendar"),
        ("datetime", "eq", "0001-01-01T00:00:00+14:00", "invalid_timestamp", "an instant between the years 1 and 9999"),
        ("datetime", "eq", "9999-12-31T23:59-00:01", "invalid_timestamp", "an instant between the years 1 and 9999"),
        ("datetime", "eq", "2024-01-31T12:00:00.1234567Z", "invalid_timestamp", "expected a timestamp"),
        ("enum: ACTIVE, DONE", "eq", "active", "invalid_choice", "Found 'active', expected one of 'ACTIVE', 'DONE'"),
        ("enum: ACTIVE", "eq", 1, "invalid_value", "Found the number 1, expected a text; write it in quotes"),
        ("id", "eq", Decimal("0.5"), "invalid_value", "expected a text, an integer or me.id"),
        ("id", "eq", True, "invalid_value", "Found the boolean true, expected a text, an integer or me.id"),
        ("custom", "eq", EOM, "invalid_value", 'write "eom" in quotes to mean the text'),
        ("custom", "lt", True, "invalid_value", "booleans have no order"),
        ("enum: with, only, without", "eq", "none", "invalid_choice", "expected one of 'with', 'only', 'without'"),
        ("enum: with, only, without", "eq", 1, "invalid_value", "Found the number 1, expected a text"),
    ],
)
def test_refusals(notation: str, operator: str, value: Value, code: str, message: str) -> None:
    with pytest.raises(kf.FilterCheckError) as error:
        kf.Endpoint("e", {"x": notation}).check(Comparison("x", operator, value))
    [problem] = error.value.problems
    assert problem.code == code
    assert message in problem.message


@pytest.mark.parametrize("count", [1, 19, 20, 21, 100])
def test_a_refused_choice_is_offered_at_most_twenty_others(count: int) -> None:
    row = kf.types.Enum(*map(str, range(count)))
    with pytest.raises(ValueFault) as error:
        row.admit("eq", "x", Limits())
    offered = tuple(map(str, range(min(count, 20))))
    assert error.value.problem.suggestions == offered
    shown = ", ".join(f"'{choice}'" for choice in offered)
    assert error.value.problem.message == f"Found 'x', expected one of {shown}" + (", …" if count > 20 else "")


@pytest.mark.parametrize("exponent", [39, 40, 45, 64])
def test_the_id_of_a_number_is_its_plain_digits(exponent: int) -> None:
    endpoint = kf.Endpoint("e", {"id": "id"})
    for checked in (
        endpoint.parse(f"id = 1e{exponent}"),
        endpoint.parse([{"field": "id", "op": "eq", "value": 10**exponent}], limits=Limits.lifted()),
        endpoint.check(kf.field("id") == Decimal(10) ** exponent),
    ):
        assert checked.filter == Comparison("id", "eq", "1" + "0" * exponent)
        assert kf.compile_predicate(checked)({"id": 10**exponent})
    with pytest.raises(kf.FilterCheckError, match="expected a text, an integer or me"):
        endpoint.check(kf.field("id") == 10**65)


def test_limits_bound_numbers_and_days() -> None:
    endpoint = kf.Endpoint("e", {"n": "number", "d": "date"})
    endpoint.check(Comparison("n", "eq", U("9" * 40)))
    endpoint.check(Comparison("n", "eq", U("9" * 41)), limits=Limits(max_number_digits=41))
    endpoint.check(Comparison("d", "eq", TODAY + 36_500))
    with pytest.raises(kf.FilterCheckError, match="more than 7 days"):
        endpoint.check(Comparison("d", "eq", TODAY + 8), limits=Limits(max_day_offset=7))


@pytest.mark.parametrize("value", [0, 3, U("3"), U("3.0")])
def test_counts_are_whole_numbers(value: Value) -> None:
    endpoint = kf.Endpoint("e", {"tasks": {}})
    [comparison] = kf.walk(endpoint.check(Comparison("tasks.count", "gte", value)).filter)
    assert comparison == Comparison("tasks.count", "gte", 3 if value != 0 else 0)


@pytest.mark.parametrize("value", [-1, Decimal("0.5"), True, "3", U("three"), U("-1"), U("0.5"), TODAY])
def test_nothing_else_is_a_count(value: Value) -> None:
    endpoint = kf.Endpoint("e", {"tasks": {}})
    with pytest.raises(kf.FilterCheckError, match="expected a whole number of at least 0"):
        endpoint.check(Comparison("tasks.count", "gte", value))


@pytest.mark.parametrize("operator", sorted(COMPARISONS | SET | NULL))
def test_counts_are_compared_and_nothing_else(operator: str) -> None:
    endpoint = kf.Endpoint("e", {"tasks": {}})
    if operator in TEXT_OPERATORS | SET | NULL:
        with pytest.raises(kf.FilterCheckError, match=f"Operator '{operator}' is not allowed for type 'count'"):
            endpoint.check(condition_with(operator, "tasks.count"))
    else:
        endpoint.check(Comparison("tasks.count", operator, 1))


class Status(enum.Enum):
    OPEN = "open"
    DONE = "done"


class Priority(enum.IntEnum):
    LOW = 1


def test_enumerations_from_python() -> None:
    assert kf.types.Enum(Status, "late", "open").choices == ("open", "done", "late")
    endpoint = kf.Endpoint("e", {"status": kf.types.Enum(Status)})
    assert endpoint.check(kf.field("status") == Status.DONE).filter == Comparison("status", "eq", "done")


@pytest.mark.parametrize("members", [Priority, enum.Enum("Mixed", {"A": "a", "N": None})])
def test_only_enumerations_of_texts_have_choices(members: Any) -> None:
    with pytest.raises(
        ValueError, match=r"(Priority.LOW|Mixed.N) has the value (1|None), expected a text; .* another type"
    ):
        kf.types.Enum(members)
    number = kf.Endpoint("e", {"p": "number"})
    assert kf.compile_predicate(number.check(kf.field("p") == Priority.LOW))({"p": Priority.LOW})


@pytest.mark.parametrize("choice", [5, ["a"], None, str])
def test_choices_are_texts_and_classes(choice: Any) -> None:
    with pytest.raises(TypeError, match="expected texts or a Python enum class as choices"):
        kf.types.Enum(choice)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: kf.types.String(operators=["between"]), "'between' is no operator; expected words such as contains"),
        (lambda: kf.types.String(operators=["eq", "lt"]), "type 'string' has no operator lt; it has contains"),
        (lambda: kf.types.Id("a<b"), "'a<b' is not the name of a schema"),
        (lambda: kf.types.Enum(name="a;b"), "'a;b' is not the name of a schema"),
    ],
)
def test_wrong_types_cannot_be_made(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_types_are_values() -> None:
    import pickle

    row = kf.types.Enum("a", "b", name="Letters", operators=["EQ", "neq"], source="x.y")
    assert row.operators == {"eq", "ne"}
    assert pickle.loads(pickle.dumps(row)) == row
    assert hash(pickle.loads(pickle.dumps(row))) == hash(row)
    assert row.with_parts(source=None) == kf.types.Enum("a", "b", name="Letters", operators=["eq", "ne"])
    assert kf.types.String() != kf.types.String(case_sensitive=True)
    assert kf.types.Currency(case_sensitive=True) != kf.types.Custom(case_sensitive=True)
    with pytest.raises(AttributeError):
        row.name = "Others"
    with pytest.raises(NotImplementedError):
        kf.types.Relation({}).admit("any", "x", Limits())
