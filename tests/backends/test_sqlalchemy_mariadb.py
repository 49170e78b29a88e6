"""What is MySQL's and MariaDB's own, on a real MariaDB: collations, numbers in JSON, strict updates, indexes, letters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy.dialects import mysql

import kanbert_filter as kf
from kanbert_filter.backends.sqlalchemy import verify, where
from tests.backends.databases import fresh_engine
from tests.backends.items import TEXTS

pytestmark = pytest.mark.heavy  # a server, which only some machines have

COLLATIONS = ("general_ci", "unicode_520_ci", "uca1400_ai_ci", "bin", "nopad_bin", "latin1")
SAID = "utf8mb4_nopad_bin"
WORDS = [
    *TEXTS,
    "a",
    "a ",
    "A",
    "á",
    "Á",
    "ss",
    "SS",
    "ẞ",
    "aͤ",
    "ａ",
    "\t",
    "straße",
    "STRASSE",
    "\U00010400",
    "\U0001f600 x",
]
LATIN = [word for word in WORDS if not set(word.encode("latin1", "replace").decode("latin1")) - set(word)]

texts = Table(
    "texts",
    MetaData(),
    Column("id", Integer, primary_key=True),
    *[Column(name, mysql.VARCHAR(40, charset="utf8mb4", collation=f"utf8mb4_{name}")) for name in COLLATIONS[:-1]],
    Column("latin1", mysql.VARCHAR(40, charset="latin1", collation="latin1_swedish_ci")),
    Column("said", String(40, collation=SAID)),
    Column("data", JSON),
    *[Index(f"by_{name}", name) for name in (*COLLATIONS, "said")],
)
numbers = Table(
    "numbers", MetaData(), Column("id", Integer, primary_key=True), Column("data", JSON), Column("binary", Float(53))
)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    with fresh_engine("mariadb") as engine, engine.connect() as connection:
        texts.create(connection)
        connection.execute(insert(texts), TEXT_ROWS)
        numbers.create(connection)
        connection.execute(insert(numbers), NUMBER_ROWS)
        connection.commit()
        yield connection


TEXT_ROWS: list[dict[str, Any]] = [
    {"id": n, **dict.fromkeys(COLLATIONS, word), "said": word, "data": {"x": word}}
    | ({} if word in LATIN else {"latin1": None})
    for n, word in enumerate([*WORDS, None], 1)
]
SIZES: list[int | float] = [
    *(
        0,
        1,
        -1,
        2**53,
        2**53 + 1,
        -(2**53) - 1,
        2**63,
        2**64 + 1,
        10**30,
        10**30 + 1,
        10**34 + 1,
        10**39,
        10**40,
        10**39 + 1,
    ),
    *(
        0.1,
        0.1 + 0.2,
        -0.5,
        1e15,
        1e16,
        1e23,
        123456789012345680.0,
        1e34,
        1e300,
        1e-5,
        1e-13,
        1e-14,
        1e-30,
        1e-40,
        5e-324,
    ),
    *(99.99, 1234567.89, 0.30000000000000004, 2.5e-7),
]
OTHERS: list[Any] = [None, True, "1", "", [1], {}]
NUMBER_ROWS: list[dict[str, Any]] = [
    {"id": n, "data": {"x": size}, "binary": float(size) if isinstance(size, int | float) else None}
    for n, size in enumerate([*SIZES, *OTHERS], 1)
]


def compare(connection: Connection, table: Table, rows: list[dict[str, Any]], checked: kf.CheckedFilter) -> None:
    expected = [row["id"] for row in kf.compile_predicate(checked).select(rows)]
    assert [*connection.scalars(select(table.c.id).where(where(checked, table)).order_by(table.c.id))] == expected


@pytest.mark.parametrize("name", [*COLLATIONS, "said", "data.x"])
def test_text_compares_alike_under_every_collation(connection: Connection, name: str) -> None:
    types: dict[str, kf.types.FieldType] = {
        "custom.*": kf.types.Custom(source="data.*"),
        "x": kf.types.Custom(source=name),
    }
    if name != "data.x":
        types |= {"loose": kf.types.String(source=name), "strict": kf.types.String(source=name, case_sensitive=True)}
    endpoint = kf.Endpoint("texts", types)
    verify(endpoint, texts, bind=connection)
    for asked in ["custom.x"] if name == "data.x" else ["x", "loose", "strict"]:
        field = kf.field(asked)
        tests: list[kf.Filter] = [
            field.like(pattern) for pattern in ("_", "%_ ", "a%", "%a", "A_", "\\%", "%S%", "\\\\", "%\\_%")
        ]
        for word in WORDS:
            tests += [field == word, field != word, field.in_([word, "a"]), field.not_in([word, "a "])]
            tests += [field.contains(word), field.startswith(word), field.endswith(word)]
            if asked in ("x", "custom.x"):
                tests += [field < word, field >= word]
        for test in tests:
            compare(connection, texts, TEXT_ROWS, endpoint.check(test))


@pytest.mark.parametrize("name", [*COLLATIONS, "said"])
def test_an_index_serves_equality(connection: Connection, name: str) -> None:
    for asked in ("= 'a'", "in ['a', 'b']", "= 'a' or id = 3"):
        checked = kf.Endpoint("texts", {name: "string", "id": "number"}).parse(f"{name} {asked}")
        condition = where(checked, texts).compile(connection, compile_kwargs={"literal_binds": True})
        [plan] = connection.execute(
            text(f"EXPLAIN SELECT id FROM texts FORCE INDEX (by_{name}, PRIMARY) WHERE {condition}".replace(":", "\\:"))
        ).mappings()
        assert f"by_{name}" in plan["key"], plan


def test_numbers_in_json_are_exact(connection: Connection) -> None:
    endpoint = kf.Endpoint("numbers", {"data.*": "custom"})
    field = kf.field("data.x")
    for size in SIZES:
        for test in (
            field == size,
            field != size,
            field < size,
            field <= size,
            field > size,
            field.in_([size, 1]),
            field.not_in([0, size]),
        ):
            compare(connection, numbers, NUMBER_ROWS, endpoint.check(test, limits=kf.Limits.lifted()))
    for other in (True, False, "1", "", "a"):
        for test in (field == other, field != other, field.in_([other])):
            compare(connection, numbers, NUMBER_ROWS, endpoint.check(test))


def test_strict_updates_and_deletions_never_fail(connection: Connection) -> None:
    """There, what a `SELECT` only warns of is an error."""
    endpoint = kf.Endpoint("numbers", {"data.*": "custom", "binary": "currency"})
    for asked in (
        "data.x = 1e40",
        "data.x > 1e-40 and data.x < 1",
        "data.x in [1e60, 12345]",
        "data.x contains '1'",
        "binary contains '1e'",
    ):
        checked = endpoint.parse(asked)
        found = delete(numbers).where(where(checked, numbers))
        expected = len(kf.compile_predicate(checked).select(NUMBER_ROWS))
        assert connection.execute(found).rowcount == expected
        connection.rollback()


def test_binary_numbers_as_text(connection: Connection) -> None:
    endpoint = kf.Endpoint("numbers", {"binary": "currency"})
    field = kf.field("binary")
    for needle in ("0", "1", "e", ".", "0.1", "100000", "e-", "30000000000000004", "-0.5", "000025"):
        for test in (field.contains(needle), field.startswith(needle), field.endswith(needle)):
            compare(connection, numbers, NUMBER_ROWS, endpoint.check(test))


def test_letters_in_lower_case(connection: Connection) -> None:
    """Which letters MariaDB's `lower` writes otherwise than Python's: those younger than Unicode 5.2, and one that becomes two."""
    letters = [chr(n) for n in range(1, 0x110000) if not 0xD800 <= n < 0xE000 and chr(n).lower() != chr(n)]
    endpoint = kf.Endpoint("letters", {"x": "string"})
    table = Table("letters", MetaData(), Column("id", Integer, primary_key=True), Column("x", mysql.VARCHAR(4)))
    table.create(connection)
    connection.execute(insert(table), [{"id": ord(letter), "x": letter} for letter in letters])
    missed = []
    for letter in letters:
        condition = where(endpoint.check(kf.field("x").contains(letter)), table)
        if not connection.scalars(select(table.c.id).where(table.c.id == ord(letter), condition)).all():
            missed.append(letter)
    assert [letter for letter in missed if letter < "\u0500"] == ["İ", "Ϳ"]
    assert len(missed) < len(letters) / 3
