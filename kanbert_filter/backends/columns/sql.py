"""What SQL engines share: values in JSON, how to ask for related records seldom, and how large a condition they can take.

The bounds are the tightest of the engines the back ends are held to, with room for what is around a condition. Within the default limits
only filters of odd shapes come near; a filter beyond them is refused before there is a statement, not by the database.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from ...errors import Problem, UnsupportedFilterError
from ...kinds import exhaustive
from ...meaning.lowering import all_of, any_of
from ...meaning.tests import (
    AllOf,
    Always,
    AnyOf,
    Between,
    Constant,
    Counted,
    Equal,
    Null,
    OneOf,
    Order,
    Related,
    Test,
    Text,
)
from .duckdb import DUCKDB_NUMBER
from .lines import INT64
from .mysql import MYSQL_JSON_DIGITS, MYSQL_NUMBER
from .placing import ColumnTest, MomentView, View
from .sqlite import SQLITE_JSON_MOMENTS

# values in JSON

JsonView = Literal["kind", "shown", View]

JSON_VIEWS: Final[dict[str, dict[JsonView, str]]] = {
    "duckdb": {
        "kind": "lower(json_type({json}))",
        "shown": "{json} ->> '$'",
        "text": "CASE WHEN json_type({json}) = 'VARCHAR' THEN {json} ->> '$' END",
        "number": "CASE WHEN json_type({json}) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')"
        " THEN " + DUCKDB_NUMBER.replace("{number}", "({json} ->> '$')") + " END",
        "boolean": "CASE WHEN json_type({json}) = 'BOOLEAN' THEN ({json} ->> '$') = 'true' END",
    },
    "postgresql": {
        "kind": "jsonb_typeof({json})",
        "shown": "{text}",
        "text": "CASE WHEN jsonb_typeof({json}) = 'string' THEN {text} END",
        "number": "CASE WHEN jsonb_typeof({json}) = 'number' THEN CAST({text} AS NUMERIC) END",
        "boolean": "CASE WHEN jsonb_typeof({json}) = 'boolean' THEN CAST({text} AS BOOLEAN) END",
        "id": "CASE WHEN jsonb_typeof({json}) = 'string' OR (jsonb_typeof({json}) = 'number' AND {text} !~ '[.]') THEN {text} END",
    },
    "mysql": {
        "kind": "LOWER(JSON_TYPE({json}))",
        "shown": "JSON_UNQUOTE({json})",
        "text": "CASE WHEN JSON_TYPE({json}) = 'STRING' THEN JSON_UNQUOTE({json}) END",
        "number": MYSQL_NUMBER.replace("{number}", MYSQL_JSON_DIGITS),
        "boolean": "CASE WHEN JSON_TYPE({json}) = 'BOOLEAN' THEN JSON_UNQUOTE({json}) = 'true' END",
        "id": "CASE WHEN JSON_TYPE({json}) IN ('STRING', 'INTEGER', 'UNSIGNED INTEGER') THEN JSON_UNQUOTE({json}) END",
    },
    "sqlite": {
        "kind": "json_type({json}, {path})",
        "shown": "json_extract({json}, {path})",
        "text": "CASE json_type({json}, {path}) WHEN 'text' THEN json_extract({json}, {path}) END",
        "number": "CASE WHEN json_type({json}, {path}) IN ('integer', 'real') THEN json_extract({json}, {path}) END",
        "boolean": "CASE WHEN json_type({json}, {path}) IN ('true', 'false') THEN json_extract({json}, {path}) END",
        "id": "CASE WHEN json_type({json}, {path}) IN ('text', 'integer') THEN CAST(json_extract({json}, {path}) AS TEXT) END",
    },
}
"""The kind of a value as engines call it (`null` for JSON's own null, null where there is none), the value as they show one of any
kind, and the value as each view shows it, else null. `{json}` is the value; on SQLite the JSON in which `{path}` leads to it. On PostgreSQL `{text}` is the text
of the value, of whatever kind. Where a number is a row, its constants are too: see `EXACT_NUMBERS`.
"""

JSON_KIND_TESTS: Final[dict[str, dict[View, str]]] = {
    "postgresql": {"text": "jsonb_typeof({json}) = 'string'"},
    "sqlite": {
        "text": "json_type({json}, {path}) = 'text'",
        "number": "json_type({json}, {path}) IN ('integer', 'real')",
    },
}
"""What has to be true of a value besides what is asked of it as it is. Then an index on the value serves. What is missing is an error
where the value is of another kind, so it must be seen first.
"""

ISO_DAY: Final = (
    "(?!0000)([0-9][0-9][0-9][0-9]-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9][0-9](0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
)
"""A regular expression for the days of the calendar, as ISO 8601 writes them."""

ISO_CLOCK: Final = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?"
ISO_OFFSET: Final = "([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"

_POSTGRESQL_WALL: Final = "CAST(left(replace({wall}, ',', '.'), 26) AS TIMESTAMP)"
"""What is finer than a microsecond is cut off; the engine would round it."""

_POSTGRESQL_INSTANT: Final = (
    _POSTGRESQL_WALL.replace("{wall}", "left(text, 11) || substring(substr(text, 12) from '^[0-9:.,]*')")
    + " - CAST(coalesce(substring(text from '([+-][0-9][0-9]):?[0-9]*$'), '0') || ':'"
    + " || coalesce(substring(text from '[+-][0-9][0-9]:?([0-9][0-9])$'), '0') AS INTERVAL)"
)
_POSTGRESQL_TEXT: Final = "(SELECT {text} AS text OFFSET 0) AS kf_text"
_POSTGRESQL_TEST: Final = "OFFSET 0) AS kf_seen)"

_MYSQL_TEXT: Final = "CASE WHEN JSON_TYPE({json}) = 'STRING' THEN JSON_UNQUOTE({json}) END"
_MYSQL_OFFSET: Final = "REGEXP_SUBSTR({text}, '[+-][0-9][0-9]:?[0-9]*$')"
_MYSQL_WALL: Final = "CAST(LEFT(REPLACE(REPLACE(UPPER({wall}), ',', '.'), 'T', ' '), 26) AS DATETIME(6))"
_MYSQL_MOMENTS: Final[dict[MomentView, str]] = {
    "day": f"CASE WHEN {{text}} REGEXP '^{ISO_DAY}$' AND CHAR_LENGTH({{text}}) = 10 THEN CAST({{text}} AS DATE) END",
    "wall": f"CASE WHEN {{text}} REGEXP '^{ISO_DAY}[Tt ]{ISO_CLOCK}$' AND RIGHT({{text}}, 1) <> CHAR(10)"
    f" THEN {_MYSQL_WALL.replace('{wall}', '{text}')} END",
    "instant": f"CASE WHEN {{text}} REGEXP '^{ISO_DAY}[Tt ]{ISO_CLOCK}{ISO_OFFSET}$' AND RIGHT({{text}}, 1) <> CHAR(10)"
    f" THEN CASE WHEN RIGHT({{text}}, 1) IN ('Z', 'z') THEN {_MYSQL_WALL.replace('{wall}', 'LEFT({text}, CHAR_LENGTH({text}) - 1)')}"
    f" ELSE COALESCE(TIMESTAMPADD(MINUTE, CASE LEFT({_MYSQL_OFFSET}, 1) WHEN '-' THEN 1 ELSE -1 END * (SUBSTR({_MYSQL_OFFSET}, 2, 2) * 60"
    f" + CASE CHAR_LENGTH({_MYSQL_OFFSET}) WHEN 3 THEN 0 ELSE RIGHT({{text}}, 2) END),"
    f" {_MYSQL_WALL.replace('{wall}', 'LEFT({text}, CHAR_LENGTH({text}) - CHAR_LENGTH(' + _MYSQL_OFFSET + '))')}),"
    " CAST(CASE LEFT({text}, 4) WHEN '0001' THEN '0001-01-01' ELSE '9999-12-31 23:59:59.999999' END AS DATETIME(6))) END END",
}

JSON_MOMENT_TESTS: Final[dict[str, dict[MomentView, str]]] = {
    "postgresql": {
        "day": f"(SELECT {{test}} FROM (SELECT CASE WHEN text ~ '^{ISO_DAY}$' THEN CAST(text AS DATE) END AS seen"
        f" FROM {_POSTGRESQL_TEXT} {_POSTGRESQL_TEST}",
        "wall": f"(SELECT {{test}} FROM (SELECT CASE WHEN text ~ '^{ISO_DAY}[Tt ]{ISO_CLOCK}$' THEN"
        f" {_POSTGRESQL_WALL.replace('{wall}', 'text')} END AS seen FROM {_POSTGRESQL_TEXT} {_POSTGRESQL_TEST}",
        "instant": "(SELECT {test} FROM (SELECT"
        " CASE WHEN moment < '0001-01-01' THEN TIMESTAMP '0001-01-01'"
        " WHEN moment >= '10000-01-01' THEN TIMESTAMP '9999-12-31 23:59:59.999999' ELSE moment END AT TIME ZONE 'UTC' AS seen"
        f" FROM (SELECT CASE WHEN text ~ '^{ISO_DAY}[Tt ]{ISO_CLOCK}{ISO_OFFSET}$' THEN {_POSTGRESQL_INSTANT} END AS moment"
        f" FROM {_POSTGRESQL_TEXT} OFFSET 0) AS kf_instant {_POSTGRESQL_TEST}",
    },
    "mysql": {  # an aggregate, which HAVING does not work out again for each mention; with no row here, it would be of the query around it
        view: f"EXISTS(SELECT MAX(CASE WHEN kf_row.here = 1 THEN {seen.replace('{text}', _MYSQL_TEXT)} END) AS kf_seen"
        f" FROM (SELECT 1 AS here) AS kf_row HAVING {{test}})"
        for view, seen in _MYSQL_MOMENTS.items()
    },
    "sqlite": SQLITE_JSON_MOMENTS,
}
"""A `{test}` of the value as a view of dates or timestamps shows it, `kf_seen.seen`, which is worked out once for the whole test.

Names in braces stand for what they do in `JSON_VIEWS`. On SQLite dates and timestamps are texts.
"""

TEXT_KINDS: Final = ("string", "text")
NUMBER_KINDS: Final = (
    "number",
    "integer",
    "real",
    "unsigned integer",
    "bigint",
    "ubigint",
    "hugeint",
    "double",
    "decimal",
)
"""The kinds that engines call texts and numbers. None of them calls anything else so."""

MAX_CONTAINED: Final = 10
"""How many values of a list PostgreSQL looks for one by one in an index on JSON. Without an index that takes it longer than one look at
each row, which more values become."""


def json_objects(keys: Sequence[str], constants: Sequence[Constant]) -> list[str]:
    """The texts of objects that contain nothing but the value behind these keys, one of the constants.

    >>> from kanbert_filter.backends.columns.sql import json_objects
    >>> json_objects(["a", "value"], ["x", True])
    ['{"a": {"value": "x"}}', '{"a": {"value": true}}']
    """
    before = "".join([f"{{{json.dumps(key)}: " for key in keys])
    texts = [json.dumps(constant) if isinstance(constant, str | bool) else str(constant) for constant in constants]
    return [f"{before}{text}{'}' * len(keys)}" for text in texts]


EXACT_NUMBERS: Final = {"duckdb": DUCKDB_NUMBER, "mysql": MYSQL_NUMBER}
"""By engine, a row that compares as a `{number}` that is given as text."""


def no_json(engine: str, view: JsonView | MomentView = "kind") -> UnsupportedFilterError:
    """The error for an engine on which a view of JSON has no words."""
    if view in JSON_MOMENT_TESTS["sqlite"]:
        values, engines = "Dates and timestamps", "PostgreSQL, SQLite, MySQL or MariaDB"
    elif engine in JSON_VIEWS:
        values, engines = "Ids", "PostgreSQL, SQLite, MySQL or MariaDB"
    else:
        values, engines = "Values", "PostgreSQL, SQLite, MySQL, MariaDB or DuckDB"
    message = f"{values} in JSON cannot be filtered on {engine}; filter them on {engines}"
    return UnsupportedFilterError(Problem("unsupported", message))


# fewer subqueries


def simplified(test: Test) -> Test:
    """A test that means the same and asks less often for related records: equal tests are one, and tests of one relation's records
    are joined where some record, no record or each record has to pass them all the same. Whether there are any is not counted, unless
    another test of a group has to count.

    >>> import kanbert_filter as kf
    >>> from kanbert_filter.backends.columns.sql import simplified
    >>> from kanbert_filter.meaning.lowering import lower
    >>> projects = kf.Endpoint("projects", {"tasks": {"status": "string"}})
    >>> simplified(lower(projects.parse("tasks any (status = 'a') or tasks any (status = 'b')")))
    Related(column=<Column 'tasks': relation>, operator='any', test=OneOf(column=<Column 'tasks.status': string>, constants=('a', 'b'), negated=False))
    """
    if not _asks_for_records(test):
        return test
    match test:
        case Related(column, operator, inner) if inner is not None:
            return Related(column, operator, simplified(inner))
        case Counted():
            return _uncounted(test)
        case AllOf(tests) | AnyOf(tests):
            counts = Counter([inner.column for inner in tests if isinstance(inner, Counted)])
            several = {column for column, number in counts.items() if number > 1}
            items = [t if isinstance(t, Counted) and t.column in several else simplified(t) for t in tests]
            return _fewer(isinstance(test, AnyOf), items)
    return test


def _uncounted(test: Counted) -> Test:
    """The test whether there are records, or none, for a count that is compared so."""
    column, operator, number = test
    if (operator, number) in _SOME:
        return Related(column, "any", None)
    return Related(column, "none", None) if (operator, number) in _NONE else test


def bound_of(test: Counted) -> tuple[int, bool] | None:
    """The number that a count must exceed, or (with True) must not; None where the test is of another kind, or the number beyond all counts.

    An engine need not count further than that.
    """
    _, operator, number = test
    bound = number - (operator in ("gte", "lt"))
    if operator in ("eq", "ne") or not 0 <= bound <= INT64.high:
        return None
    return bound, operator in ("lt", "lte")


_SOME: Final = {("gt", 0), ("gte", 1), ("ne", 0)}
_NONE: Final = {("eq", 0), ("lt", 1), ("lte", 0)}


def _asks_for_records(test: Test) -> bool:
    if test.__class__ is AllOf or test.__class__ is AnyOf:
        return any(_asks_for_records(inner) for inner in test.tests)
    return test.__class__ is Related or test.__class__ is Counted


def _fewer(either: bool, tests: Iterable[Test]) -> Test:
    kept: dict[object, Test] = {}
    of_records: dict[object, list[Test | None]] = {}
    for test in tests:
        if isinstance(test, Related) and (test.operator == "any") is either:
            key: object = (test.column, test.operator)
            of_records.setdefault(key, []).append(test.test)
        else:
            key = _identity(test)
        kept.setdefault(key, test)
    for key, inner in of_records.items():
        first = kept[key]
        if len(inner) > 1 and isinstance(first, Related):
            join = all_of if first.operator == "all" else any_of
            known = [test for test in inner if test is not None]
            kept[key] = first._replace(test=simplified(join(known)) if len(known) == len(inner) else None)
    return any_of(kept.values()) if either else all_of(kept.values())


def _identity(test: Test) -> object:
    """What equal tests share: as tuples, `true` and `1` would be equal, and AND and OR."""
    match test:
        case AllOf(tests) | AnyOf(tests):
            return test.__class__, tuple([_identity(inner) for inner in tests])
        case Related(column, operator, inner):
            return Related, column, operator, None if inner is None else _identity(inner)
        case OneOf(_, constants):
            return OneOf, test, constants[0].__class__
        case Equal(_, constant):
            return Equal, test, constant.__class__
    return test.__class__, test


# capacity


class Capacity(NamedTuple):
    """What tests ask of an engine: parameters, marks of a parser, levels of an expression. Rather too much than too little."""

    parameters: int
    nesting: int
    height: int


GROUP_WIDTH: Final = 50
"""How many conditions are joined in one flat group. SQLite nests what is flat, to a depth of 1000 at most."""

MOST: Final = Capacity(parameters=32_000, nesting=85, height=900)
"""SQLite takes 32 766 parameters (PostgreSQL's drivers 65 535); its parser, before version 3.46, keeps 100 marks in mind; its
expressions are at most 1000 levels high, and a flat group is as high as it is long."""

MAX_PATTERN: Final = 12_000
"""SQLite's patterns have at most 50 000 bytes; a character has up to four."""

MAX_DIGITS: Final = 1000
"""PostgreSQL's exact numbers reach a good deal further."""

_NOTHING: Final = Capacity(0, 0, 0)
_LEAF: Final = Capacity(1, nesting=8, height=12)
_LEAVES: Final = {
    "custom": _LEAF._replace(parameters=8),
    "number": _LEAF._replace(parameters=3),
    "currency": _LEAF._replace(parameters=3, nesting=28),
    "date": _LEAF._replace(parameters=8, nesting=24),
    "datetime": _LEAF._replace(parameters=10, nesting=24),
}
_RELATION: Final = {"any": 10, "none": 12, "all": 15}


def ensure_fits(test: Test) -> Capacity:
    """What a test asks of an engine. Raises `UnsupportedFilterError` for one that some engine could not take."""
    found = _needed(test)
    if found.parameters > MOST.parameters:
        raise _too_large(f"about {found.parameters} parameters, expected at most {MOST.parameters}")
    if found.nesting > MOST.nesting or found.height > MOST.height:
        raise _too_large("more groups and relations inside each other than they can take; make it flatter")
    return found


def _needed(test: Test) -> Capacity:
    return _NEEDED[test.__class__](test)


def _of_comparison(test: Equal | Order) -> Capacity:
    _ensure_numbers((test.constant,))
    return _leaf(test)


def _of_list(test: OneOf) -> Capacity:
    _ensure_numbers(test.constants)
    one = _leaf(test)
    if test.column.kind in ("date", "datetime"):
        return _in_group([one] * len(test.constants))
    return one._replace(parameters=one.parameters + len(test.constants))


def _of_text(test: Text) -> Capacity:
    if any(len(needle) > MAX_PATTERN for needle in test.needles):
        raise _too_large(f"a text of more than {MAX_PATTERN} characters to look for, expected at most that")
    return _in_group([_leaf(test)] * len(test.needles))


def _of_group(test: AllOf | AnyOf) -> Capacity:
    return _in_group([_needed(inner) for inner in test.tests])


def _of_relation(test: Related) -> Capacity:
    within = _NOTHING if test.test is None else _needed(test.test)
    return Capacity(within.parameters, within.nesting + _RELATION[test.operator], within.height + 10)


def _leaf(test: ColumnTest | Counted) -> Capacity:
    return _LEAVES.get(test.column.kind, _LEAF)


_NEEDED: Final[dict[type, Callable[[Any], Capacity]]] = exhaustive(
    Test,
    {
        Always: lambda test: _NOTHING,
        AllOf: _of_group,
        AnyOf: _of_group,
        Related: _of_relation,
        **dict.fromkeys((Null, Counted, Between), _leaf),
        **dict.fromkeys((Equal, Order), _of_comparison),
        OneOf: _of_list,
        Text: _of_text,
    },
)


def _in_group(items: Sequence[Capacity]) -> Capacity:
    if len(items) == 1:
        parameters, nesting, height = items[0]
        return Capacity(parameters, nesting + 3, height + 1)
    nesting, height, width = 0, 0, len(items)
    while width:
        nesting += 3
        height += min(width, GROUP_WIDTH)
        width = 0 if width <= GROUP_WIDTH else -(-width // GROUP_WIDTH)
    needed, nestings, heights = zip(*items, strict=True)
    return Capacity(sum(needed), nesting + max(nestings), height + max(heights))


def _ensure_numbers(constants: Iterable[Constant]) -> None:
    if any(isinstance(c, Decimal) and max(abs(c.adjusted()), len(c.as_tuple().digits)) > MAX_DIGITS for c in constants):
        raise _too_large(f"a number of more than {MAX_DIGITS} digits, expected at most that")


def _too_large(found: str) -> UnsupportedFilterError:
    return UnsupportedFilterError(Problem("unsupported", f"The filter holds {found}, in SQL databases"))
