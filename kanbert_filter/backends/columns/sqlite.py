"""What SQLite lacks, in SQL for every library that uses it: numbers as text, timestamps, letters beyond ASCII.

Names in braces stand for expressions. An expression may be needed several times.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ...values import PLAIN_DIGITS


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

_ANY_DIGITS: Final = f"""(
SELECT CASE
    WHEN n = 0 THEN '0'
    WHEN power BETWEEN length(digits) - 1 AND {PLAIN_DIGITS - 1} THEN
      sign || digits || substr('{_ZEROS}', 1, power + 1 - length(digits))
    WHEN power BETWEEN 0 AND {PLAIN_DIGITS - 1} THEN
      sign || substr(digits, 1, power + 1) || '.' || substr(digits, power + 2)
    WHEN power < 0 AND length(digits) - power <= {PLAIN_DIGITS} THEN
      sign || '0.' || substr('{_ZEROS}', 1, -power - 1) || digits
    ELSE sign || rtrim(substr(digits, 1, 1) || '.' || substr(digits, 2), '.') || 'e' || power
  END
FROM (
  SELECT n, CASE WHEN n < 0 THEN '-' ELSE '' END AS sign, rtrim(shortest, '0') AS digits,
    exponent + length(shortest) - 18 AS power
  FROM (
    SELECT n, exponent, CAST(CASE
      WHEN abs({_ROUNDED[15]} - whole - rest) < reach * 1.001 THEN {_ROUNDED[15]}
      WHEN abs({_ROUNDED[16]} - whole - rest) < reach THEN {_ROUNDED[16]}
      ELSE {_ROUNDED[17]}
    END AS TEXT) AS shortest
    FROM (
      SELECT n, exponent, CAST(substr(shown, 1, 18) AS INTEGER) AS whole, CAST('.' || substr(shown, 19) AS REAL) AS rest,
        (abs(n) + abs(n) * 1.2e-16 - abs(n)) / 2 / CAST('1e' || (exponent - 17) AS REAL) AS reach
      FROM (
        SELECT n, CAST(substr(shown, instr(shown, 'e') + 1) AS INTEGER) AS exponent,
          replace(substr(shown, 1, instr(shown, 'e') - 1), '.', '') || '{_ZEROS}' AS shown
        FROM (SELECT n, ltrim(printf('%!.20e', n), '-') AS shown FROM (SELECT number AS n))
      )
    )
  )
))"""
"""The text of a binary `number` of any size and any number of digits."""

SQLITE_NUMBER_TEXT: Final = f"""(
SELECT CASE typeof(number)
  WHEN 'integer' THEN CAST(number AS TEXT)
  WHEN 'real' THEN CASE
    WHEN abs(number) >= 1e-4 AND abs(number) < 1e15 AND CAST(printf('%.15g', number) AS REAL) = number THEN printf('%.15g', number)
    ELSE {_ANY_DIGITS}
  END
END
FROM (SELECT {{number}} AS number))"""
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
