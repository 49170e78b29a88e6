"""What DuckDB says in its own way: exact numbers in JSON, binary numbers as text."""

from __future__ import annotations

from typing import Final

DUCKDB_NUMBER: Final = "(CAST({number} AS DOUBLE), CASE WHEN abs(CAST({number} AS DOUBLE)) < 1e20 THEN CAST({number} AS DECIMAL(38, 18)) ELSE 0 END)"
"""A `{number}`, given as text, that compares exactly: in binary first, and where that is equal, by 20 digits and 18 decimals."""

_DECIMAL: Final = "CAST(CAST({number} AS VARCHAR) AS DECIMAL(38, 18))"

DUCKDB_FLOAT_TEXT: Final = (
    f"CASE WHEN abs({{number}}) < 1e20 AND CAST({_DECIMAL} AS DOUBLE) = {{number}}"
    f" THEN rtrim(rtrim(CAST({_DECIMAL} AS VARCHAR), '0'), '.') ELSE replace(CAST({{number}} AS VARCHAR), 'e+', 'e') END"
)
"""A binary `{number}` in plain decimal without trailing zeros; with an exponent from 1e20 on, or where it needs more than 18 decimals."""
