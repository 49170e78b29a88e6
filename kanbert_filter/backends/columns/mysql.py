"""What MySQL and MariaDB say in their own way, in SQL for every library that uses them: exact texts and exact numbers.

Names in braces stand for expressions. An expression may be needed several times.
"""

from __future__ import annotations

from typing import Final

EXACT_COLLATIONS: Final = {True: "utf8mb4_nopad_bin", False: "utf8mb4_0900_bin"}
"""The collation that compares code points and does not pad with blanks: MariaDB's, and that of MySQL itself."""

MYSQL_UTF8: Final = "CONVERT({text} USING utf8mb4)"
"""A `{text}` in the character set that has every character. In another one, a constant with a character that it lacks is an error."""

MYSQL_LOWER: Final = f"LOWER({MYSQL_UTF8} COLLATE utf8mb4_unicode_520_ci)"
"""A `{text}` in lower case: each collation has its own letters, and this one has the most of those that both engines have."""

MYSQL_NUMBER: Final = (
    "({number} + 0e0, CASE WHEN ABS({number} + 0e0) < 1e40 THEN CAST({number} AS DECIMAL(65, 25)) ELSE 0 END)"
)
"""A `{number}`, given as text, that compares exactly: in binary first, and where that is equal, by 40 digits and 25 decimals.

Larger ones are compared in binary only; a cast of them is an error where rows are updated or deleted.
"""

MYSQL_JSON_DIGITS: Final = (
    "CASE WHEN JSON_TYPE({json}) IN ('INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL') THEN JSON_UNQUOTE({json}) END"
)
"""The number that a `{json}` value is, as text."""

_DECIMAL: Final = "CAST(CAST({number} AS CHAR(100)) AS DECIMAL(65, {decimals}))"
_PLAIN: Final = f"TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST({_DECIMAL} AS CHAR(100))))"

MYSQL_FLOAT_TEXT: Final = (
    f"CASE WHEN ABS({{number}}) < 1e35 AND {_DECIMAL.replace('{decimals}', '30')} + 0e0 = {{number}}"
    f" THEN {_PLAIN.replace('{decimals}', '30')} WHEN ABS({{number}}) >= 1 AND ABS({{number}}) < 1e40"
    f" THEN {_PLAIN.replace('{decimals}', '25')} ELSE CAST({{number}} AS CHAR(100)) END"
)
"""A binary `{number}` as `values.number_text` writes it: by itself it has an exponent from 1e15 on. One that needs more
than 30 decimals keeps its exponent.
"""

MYSQL_JSON_NUMBER_TEXT: Final = (
    f"CASE WHEN {MYSQL_JSON_DIGITS} REGEXP '^-?[0-9]+$' THEN {MYSQL_JSON_DIGITS}"
    f" ELSE {MYSQL_FLOAT_TEXT.replace('{number}', f'({MYSQL_JSON_DIGITS} + 0e0)')} END"
)
"""The number that a `{json}` value is, as `values.number_text` writes it: a whole one as it is, since in binary it may be another."""
