"""What SQLite lacks, in SQL for every library that uses it: numbers as text, timestamps, letters beyond ASCII.

Names in braces stand for expressions. An expression may be needed several times.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ...values import PLAIN_DIGITS
from .placing import MomentView


def python_lower(value: object) -> str | None:
    """`lower` as Python does it, for SQLite, whose own knows ASCII only."""
    return None if value is None else str(value).lower()


def sqlite_number(number: Decimal) -> int | float:
    """A number as SQLite's driver takes it: integers of 64 bits are exact, all others binary."""
    return int(number) if abs(number) < 2**63 and int(number) == number else float(number)


_ZEROS: Final = "0" * PLAIN_DIGITS
_ROUNDED: Final = {
    digits: f"(whole + {unit // 2 - 1} + (rest > 0 OR whole / {unit} % 2)) / {unit} * {unit}"
    for digits, unit in ((17, 10), (16, 100), (15, 1000))
}

SQLITE_NUMBER_TEXT: Final = f"""(
WITH kf_number AS (SELECT {{number}} AS n),
kf_printed AS (SELECT n, ltrim(printf('%!.20e', n), '-') AS shown FROM kf_number),
kf_digits AS (
  SELECT n, CAST(substr(shown, instr(shown, 'e') + 1) AS INTEGER) AS exponent,
    replace(substr(shown, 1, instr(shown, 'e') - 1), '.', '') || '{_ZEROS}' AS shown
  FROM kf_printed
),
kf_rounding AS (
  SELECT n, exponent, CAST(substr(shown, 1, 18) AS INTEGER) AS whole, CAST('.' || substr(shown, 19) AS REAL) AS rest,
    (abs(n) + abs(n) * 1.2e-16 - abs(n)) / 2 / CAST('1e' || (exponent - 17) AS REAL) AS reach
  FROM kf_digits
),
kf_shortest AS (
  SELECT n, exponent, CAST(CASE
    WHEN abs({_ROUNDED[15]} - whole - rest) < reach * 1.001 THEN {_ROUNDED[15]}
    WHEN abs({_ROUNDED[16]} - whole - rest) < reach THEN {_ROUNDED[16]}
    ELSE {_ROUNDED[17]}
  END AS TEXT) AS shortest
  FROM kf_rounding
),
kf_parts AS (
  SELECT n, CASE WHEN n < 0 THEN '-' ELSE '' END AS sign, rtrim(shortest, '0') AS digits,
    exponent + length(shortest) - 18 AS power
  FROM kf_shortest
)
SELECT CASE
  WHEN typeof(n) = 'integer' THEN CAST(n AS TEXT)
  WHEN typeof(n) <> 'real' THEN NULL
  WHEN abs(n) >= 1e-4 AND abs(n) < 1e15 AND CAST(printf('%.15g', n) AS REAL) = n THEN printf('%.15g', n)
  WHEN n = 0 THEN '0'
  WHEN power BETWEEN length(digits) - 1 AND {PLAIN_DIGITS - 1} THEN
    sign || digits || substr('{_ZEROS}', 1, power + 1 - length(digits))
  WHEN power BETWEEN 0 AND {PLAIN_DIGITS - 1} THEN
    sign || substr(digits, 1, power + 1) || '.' || substr(digits, power + 2)
  WHEN power < 0 AND length(digits) - power <= {PLAIN_DIGITS} THEN
    sign || '0.' || substr('{_ZEROS}', 1, -power - 1) || digits
  ELSE sign || rtrim(substr(digits, 1, 1) || '.' || substr(digits, 2), '.') || 'e' || power
END
FROM kf_parts)"""
"""A `{number}` as `values.number_text` writes it. SQLite's own text of a binary number has at most 15 digits, and may have an exponent.

A binary number means its shortest decimal: the one of 15, 16 or else 17 digits that is nearer to it than half the distance to its
neighbours (`reach`; at just half of it two numbers share the decimal, and the one of 15 digits is hardly there by chance). All are rounded here, from
21 digits whose first 18 are an integer (`whole`), since SQLite itself neither rounds nor reads decimals exactly. Of a number with 16 or
17 digits the last digit may be a neighbour's all the same. All that takes a hundred times as long as to see that 15 digits show a number.
"""


# timestamps

_CLOCK: Final = "rtrim(substr({{{0}}}, 12), 'Zz')"
_CANONICAL: Final = (
    "substr({{{0}}}, 1, 10) || ' ' || substr("
    + _CLOCK
    + " || substr('00:00:00.000000', length("
    + _CLOCK
    + ") + 1), 1, 15)"
)

SQLITE_TIMESTAMP: Final = f"({_CANONICAL.format('stored')})"
"""A `{stored}` timestamp as SQLAlchemy writes it. SQLite has no type for timestamps but compares texts, and those of its own functions,
Django's and other programs' have a `T`, a `Z`, or other digits behind the seconds, or lack the clock. Those with an offset stay wrong.
"""

_DAY_BEGINS: Final = "{stored} >= substr({constant}, 1, 10)"
_DAY_ENDS: Final = (
    "{stored} < substr({constant}, 1, 10) || 'u'"  # above every clock, with a blank, `T` or `t` before it
)
_COMPARED: Final = f"{SQLITE_TIMESTAMP} {{operator}} {_CANONICAL.format('constant')}"

COMPARISON_SIGNS: Final = {"eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}

SQLITE_TIMESTAMP_COMPARISONS: Final = {
    operator: f"({bounds}{_COMPARED.replace('{operator}', COMPARISON_SIGNS[operator])})"
    for operator, bounds in (
        ("eq", f"{_DAY_BEGINS} AND {_DAY_ENDS} AND "),
        ("ne", ""),
        *[(operator, f"{_DAY_ENDS} AND ") for operator in ("lt", "lte")],
        *[(operator, f"{_DAY_BEGINS} AND ") for operator in ("gt", "gte")],
    )
}
"""A `{stored}` timestamp compared with a `{constant}`. The text as it is is compared with the day, so that an index serves."""


# dates and timestamps in JSON

_TEXT: Final = "WITH kf_text AS (SELECT json_extract({json}, {path}) AS text)"
_MARKED: Final = "substr(text, 11, 1) IN ('T', 't', ' ')"
_A_DAY: Final = "day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' AND date(day, '+0 days') = day AND day >= '0001'"
_A_CLOCK: Final = """clock GLOB '[0-2][0-9]:[0-5][0-9]*' AND clock < '24' AND CASE length(clock)
    WHEN 5 THEN 1
    WHEN 8 THEN substr(clock, 6) GLOB ':[0-5][0-9]'
    ELSE substr(clock, 6, 4) GLOB ':[0-5][0-9].' AND length(clock) BETWEEN 10 AND 18 AND substr(clock, 10) NOT GLOB '*[^0-9]*'
  END"""
_WHOLE_CLOCK: Final = "substr(clock || substr('00:00:00.000000', length(clock) + 1), 1, 15)"

SQLITE_JSON_MOMENTS: Final[dict[MomentView, str]] = {
    "day": f"""(
{_TEXT},
kf_seen AS (SELECT max(day) AS seen FROM (SELECT text AS day FROM kf_text) WHERE {_A_DAY})
SELECT {{test}} FROM kf_seen)""",
    "wall": f"""(
{_TEXT},
kf_parts AS (
  SELECT max(substr(text, 1, 10)) AS day, replace(substr(text, 12), ',', '.') AS clock FROM kf_text WHERE {_MARKED}
),
kf_wall AS (SELECT day, {_WHOLE_CLOCK} AS clock FROM kf_parts WHERE {_A_DAY} AND {_A_CLOCK}),
kf_seen AS (SELECT max(day || ' ' || clock) AS seen FROM kf_wall)
SELECT {{test}} FROM kf_seen)""",
    "instant": f"""(
{_TEXT},
kf_offset AS (
  SELECT max(text) AS text, CASE
    WHEN substr(text, -1) IN ('Z', 'z') THEN 1
    WHEN substr(text, -6) GLOB '[+-][0-2][0-9]:[0-5][0-9]' THEN 6
    WHEN substr(text, -5) GLOB '[+-][0-2][0-9][0-5][0-9]' THEN 5
    WHEN substr(text, -3) GLOB '[+-][0-2][0-9]' THEN 3
  END AS width
  FROM kf_text WHERE {_MARKED}
),
kf_parts AS (
  SELECT max(substr(text, 1, 10)) AS day, replace(substr(text, 12, length(text) - 11 - width), ',', '.') AS clock,
    substr(text, -width, 1) AS sign, (width > 1) * substr(text, 1 - width, 2) * 60 + (width > 3) * substr(text, -2) AS minutes
  FROM kf_offset
),
kf_wall AS (
  SELECT day, {_WHOLE_CLOCK} AS clock, CASE sign WHEN '-' THEN minutes ELSE -minutes END AS later
  FROM kf_parts WHERE {_A_DAY} AND {_A_CLOCK} AND minutes < 1440
),
kf_instant AS (SELECT datetime(day || ' ' || substr(clock, 1, 8), later || ' minutes') || substr(clock, 9) AS instant FROM kf_wall),
kf_seen AS (
  SELECT max(CASE WHEN instant IS NULL THEN '9999-12-31 23:59:59.999999'
    WHEN instant < '0001' THEN '0001-01-01 00:00:00.000000' ELSE instant END) AS seen
  FROM kf_instant
)
SELECT {{test}} FROM kf_seen)""",
}
"""A `{test}` of the value at `{path}` of `{json}`, which is `kf_seen.seen`, where it is a text that writes a date, a timestamp without
offset or one with offset: in the canonical form `2024-01-31 12:00:00.000000`, of an instant in UTC. Other values are null. Beyond the calendar is its end.

What would be subqueries inside each other are tables one after the other: SQLite's parser, before version 3.46, keeps 100 marks in mind.
With `max` SQLite works out a table once, and does not put its expressions wherever they are named.
"""
