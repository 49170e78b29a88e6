"""Tables in Markdown: as the public documentation prints them, as Redocly does, and as people write them."""

import re
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import kanbert_filter as kf
from kanbert_filter.endpoints.kanbert import kanbert_endpoints

PRINTED = """The number of results that will be returned per page.
Allowed filter fields (with allowed operators):
| Field | Type | Operators |
|---|---|---|
name | string | in, nin, notin, eq, ne, neq |
archived | enum: with, only, without | eq |
segment | enum<Segment> | eq, ne, neq, in, nin, notin, isnull, isnotnull, notnull |
tasks | Relation- id (id<TaskData>) - done (boolean) - status (enum) | any, none, count, all |
space.id | id<SpaceData> | eq |
Filtering expression. Accepts either JSON or a readable string DSL.
- me.id — current authenticated user id. Example:
"""

ENDPOINT = kf.Endpoint(
    "e",
    {
        "name": kf.types.String(operators=["in", "nin", "eq", "ne"]),
        "archived": kf.types.Scope(["with", "only", "without"]),
        "segment": kf.types.Enum(name="Segment"),
        "tasks": {"id": "id<TaskData>", "done": "boolean", "status": "enum"},
        "space.id": kf.types.Id("SpaceData", operators=["eq"]),
    },
)


def table(*rows: str) -> str:
    return "\n".join(["Field | Type | Operators", "--- | :-: | ---", *rows])


def read(*rows: str) -> kf.Endpoint:
    return kf.Endpoint.from_markdown("e", table(*rows))


def test_as_the_public_pages_print_them() -> None:
    assert kf.Endpoint.from_markdown("e", PRINTED) == ENDPOINT


RELATIONS = {
    "in one line": "tasks | Relation - id (id<TaskData>) - done (boolean) - status (enum) | any, none, count, all",
    "with breaks": "| tasks | Relation<br>- id (id<TaskData>)<br/> - done (boolean)<BR /> - status (enum) | ANY, None, count, all |",
    "over lines": "| tasks | Relation\n- id (id<TaskData>)\n  - done (boolean)\n\t- status (enum) | any, none, count, all |",
    "with the operators below": "tasks | Relation\n- id (id<TaskData>)\n- done (boolean)\n- status (enum)\n| any, none, count, all |",
    "begun at once": "| tasks | Relation - id (id<TaskData>)\n- done (boolean) - status (enum)\n",
    "escaped": "tasks | Relation: - id (id&lt;TaskData&gt;) - done (boolean) - status (`enum`) | any, none, count, all",
    "without operators": "tasks | relation -id(id\\<TaskData\\>)-done(boolean)-status(enum)",
}


@pytest.mark.parametrize("row", RELATIONS.values(), ids=RELATIONS)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_relations(row: str, end: str) -> None:
    rows = ["name | string | eq", row, "", "Text | with a pipe"]
    read_back = kf.Endpoint.from_markdown("e", table(*rows).replace("\n", end))
    assert read_back == kf.Endpoint("e", {"name": "string; eq", "tasks": ENDPOINT["tasks"]})


def test_a_row_after_an_open_relation() -> None:
    assert list(read("a | Relation", "b | string", "| c | date |")) == ["a", "b", "c"]
    assert list(read("a | Relation - x (id)", "| b | string |")) == ["a", "b"]
    assert list(read("a | Relation - x (id)", "Text follows.", "- x (id)")) == ["a"]


def test_relations_in_relations() -> None:
    endpoint = read(
        "a | Relation - b (Relation - c (enum: x, (y), z) - d (Relation; any); count) - e (id; eq, in) | all"
    )
    inner = kf.types.Relation(
        {"c": "enum: x, (y), z", "d": kf.types.Relation({}, operators=["any"])}, operators=["count"]
    )
    assert endpoint["a"] == kf.types.Relation({"b": inner, "e": "id; eq, in"}, operators=["all"])


@pytest.mark.parametrize(
    ("row", "name", "type"),
    [
        ("name | string | eq, NEQ, ne, is null,IS NOT NULL, <=", None, "string; eq"),
        ("custom_field.* — see below | custom |", "custom_field.*", "custom"),
        ("custom_field.* – see below | custom", "custom_field.*", "custom"),
        ("custom_field.* - see below | custom", "custom_field.*", "custom"),
        ("custom_field.*— see (below) | custom", "custom_field.*", "custom"),
        ("custom_field.* (see below) | custom | ", "custom_field.*", "custom"),
        ("`custom_field.*` | custom |", "custom_field.*", "custom"),
        ("custom\\_field.\\* | custom |", "custom_field.*", "custom"),
        ("custom_field.* | any of the types |", "custom_field.*", "custom"),
        ("custom_field.* | mixed | eq", "custom_field.*", "custom; eq"),
        ("custom_field.* | |", "custom_field.*", "custom"),
        ("custom_field.* | number | eq", "custom_field.*", "number; eq"),
        ("| title | String; Case-Sensitive | Like |", "title", "string; case-sensitive; like"),
        ("title | string; eq |", "title", "string; eq"),
        ("title | string | eq,,in, ", "title", "string; eq, in"),
        ("title | string | eq<br>in", "title", "string; eq, in"),
        ("title | string | =, != ", "title", "string; eq, ne"),
        ("title | string | — |", "title", "string; —"),
        ("title | string | - |", "title", "string; —"),
        ("a.b-c | enum: A , B,, C | eq", "a.b-c", "enum: A, B, C; eq"),
        ("a | enum: with, only, without | eq", "a", "enum: with, only, without"),
        ("a | enum<Name>: with, only, without", "a", "enum<Name>: with, only, without"),
        ('a | enum: "A \\| B", C', "a", 'enum: "A | B", C'),
        ('a | `enum: "A \\| B", C`', "a", 'enum: "A | B", C'),
        ('`a` | ``enum: "`"`` | `eq`, `in`', "a", 'enum: "`"; eq, in'),
        ("a` | enum: x \\` y", "a", 'enum: "x ` y"'),
        ("`a` | `id<App\\Data\\User>` | eq", "a", "id<App\\Data\\User>; eq"),
        ('a | `enum: "&lt;", "\\u0041"`', "a", 'enum: "&lt;", A'),
        ("a\t| enum:\xa0A,\xa0B\t|\xa0eq ", "a", "enum: A, B; eq"),
        ("\u200b| a | string | eq |\ufeff", "a", "string; eq"),
        ("a | enum: [x, y] | eq", "a", "enum: x, y; eq"),
        ("a | enum: {x, y}", "a", "enum: x, y"),
        ('a | enum: ["x; z", "y]"] | eq', "a", 'enum: "x; z", "y]"; eq'),
        ("a | enum: 'x', 'y, z', it's, ''", "a", 'enum: x, "y, z", it\'s, ""'),
        ("a | enum: “x”, ‘y’", "a", "enum: x, y"),
        ("a | enum: x<br>y,<br/> z", "a", "enum: x, y, z"),
        ("a | enum: 'with', 'only', 'without'", "a", "enum: with, only, without"),
        ("a | ENUM < Name > ", "a", "enum<Name>"),
        ("a | id<App\\Data\\UserData> | eq", "a", "id<App\\Data\\UserData>; eq"),
        ('a | enum: "x, y" , z\\\\, "\\\\"", w | eq', "a", 'enum: "x, y", "z\\\\", "\\"", w; eq'),
        ("a | scope: draft, live", "a", "scope: draft, live"),
        ("a | enum: it's, 5\" disk", "a", 'enum: it\'s, "5\\" disk"'),
    ],
)
def test_rows(row: str, name: str | None, type: str) -> None:
    if name is None:
        with pytest.raises(ValueError, match="type 'string' has no operator lte"):
            read(row)
    else:
        assert read(row) == kf.Endpoint("e", {name: type})


def test_columns_by_their_headings() -> None:
    text = "| **Type** | Allowed operators | `Field` |\n|---|---|---|\n| id<A> | eq | a.id |\n"
    assert kf.Endpoint.from_markdown("e", text) == kf.Endpoint("e", {"a.id": "id<A>; eq"})
    assert kf.Endpoint.from_markdown("e", "field | type\na | string") == kf.Endpoint("e", {"a": "string"})
    assert list(kf.Endpoint.from_markdown("e", "field | type\n---|---")) == []


@pytest.mark.parametrize(
    "header",
    [
        "| Field | Type | Supported operators |",
        "| Field | Type | *Allowed* operators (any case) |",
        "| Field name | Field type | Operator |",
        "| Field | Field type | Ops |",
        "| FIELDS | Data type | __operators__ |",
        "| Field | Type | Filters |",
        "| Field | Type | |",
        "| Field\xa0| Type\xa0| Lookups\xa0|",
    ],
)
def test_a_column_of_operators_is_never_overlooked(header: str) -> None:
    """By its heading, or by what it lists; else every operator would be allowed."""
    text = f"{header}\n|---|---|---|\n| a | string | eq |\n| b | number | eq, lte |\n| c | date | — |\n| d | id | |"
    read = kf.Endpoint.from_markdown("e", text)
    assert read == kf.Endpoint("e", {"a": "string; eq", "b": "number; eq, lte", "c": "date; —", "d": "id"})


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        ("Verbs", ["eq, ne", "between"], "row 'f1': found operator 'between'"),
        ("Verbs | More", ["eq, ne | in, nin"], "found 2 columns of operators, 'Verbs' and 'More', expected one"),
        ("Operators | Null operators", ["eq | isnull"], None),
        ("Text operators | Null operators", ["eq | isnull"], "found 2 columns of operators"),
        (
            "Unsupported operators",
            ["eq, ne"],
            "found the column 'Unsupported operators', expected one of the operators",
        ),
        ("Operators not allowed", ["eq"], "expected one of the operators that are allowed"),
        ("Field", ["x"], "found 2 columns of fields, 'Field' and 'Field', expected one"),
        ("Type", ["x"], "found 2 columns of types, 'Type' and 'Type', expected one"),
    ],
)
def test_columns_that_cannot_be_told_apart(header: str, rows: list[str], message: str | None) -> None:
    width = header.count("|") + 3
    lines = [f"Field | Type | {header}", "|".join(["---"] * width)]
    lines += [f"f{number} | string | {row}" for number, row in enumerate(rows)]
    if message is None:
        with pytest.warns(UserWarning, match="Ignored columns"):
            assert kf.Endpoint.from_markdown("e", "\n".join(lines)) == kf.Endpoint("e", {"f0": "string; eq"})
    else:
        with pytest.raises(ValueError, match=message):
            kf.Endpoint.from_markdown("e", "\n".join(lines))


def test_a_column_of_which_a_cell_is_no_operator_is_another() -> None:
    text = "Field | Type | Default\n---|---|---\nname | string | in\nsize | number | 5"
    with pytest.warns(UserWarning, match="'Default'"):
        read = kf.Endpoint.from_markdown("e", text)
    assert read == kf.Endpoint("e", {"name": "string", "size": "number"})


def test_other_columns_are_ignored_and_reported() -> None:
    text = """
    | # | Field | Required | Type | Example | Operators | Field description | |
    |---|-------|:--------:|------|---------|-----------|-------------------|-|
    | 1 | name  | no       | string | eq    | eq, like  | all, or any: in   | |
    | 2 | size  | yes      | number | 5     | lt        | none              | |
    """
    with pytest.warns(UserWarning, match="Ignored columns") as reported:
        read = kf.Endpoint.from_markdown("e", text)
    assert read == kf.Endpoint("e", {"name": "string; eq, like", "size": "number; lt"})
    [warning] = reported
    ignored = "'#', 'Required', 'Example', 'Field description'"
    assert str(warning.message) == f"Ignored columns, which say nothing of fields, types or operators: {ignored}"
    assert warning.filename == __file__


def test_columns_are_ignored_for_their_headings_or_their_cells() -> None:
    text = "| Field | Type | Notes | | |\n|-|-|-|-|-|\n| a | string | | x y | |"
    with pytest.warns(UserWarning, match="fields, types or operators: 'Notes', 'column 4'$"):
        kf.Endpoint.from_markdown("e", text)


def test_a_column_of_one_operator_or_none_a_row_lists_operators() -> None:
    text = "Field | Type | Filter\n---|---|---\na | string | eq\nb | string | —\nc | string |"
    assert kf.Endpoint.from_markdown("e", text) == kf.Endpoint(
        "e", {"a": "string; eq", "b": "string; —", "c": "string"}
    )


LAYOUTS = {
    "a byte order mark": "\ufeff| Field | Type | Operators |\n|---|---|---|\n| a | string | eq |\n| b | date | lt |",
    "a blank line below the header": "Field | Type | Operators\n\n---|---|---\na | string | eq\nb | date | lt",
    "blank lines around the rule": "Field | Type | Operators\n\n---|---|---\n\na | string | eq\nb | date | lt",
    "no rule, a blank line": "Field | Type | Operators\n\na | string | eq\nb | date | lt",
    "a heading's rule": "Field | Type | Operators\n========================\na | string | eq\nb | date | lt",
    "blank lines between rows": "| Field | Type | Operators |\n|-|-|-|\n| a | string | eq |\n\n \t\n| b | date | lt |\n\n\n",
    "a frame": "+---+\n| Field | Type | Operators |\n+===+===+\n| a | string | eq |\n+---+\n| b | date | lt |\n+---+",
    "another table below": "| Field | Type | Operators |\n|-|-|-|\n| a | string | eq |\n| b | date | lt |\n\n| x | y | z |\n|-|-|-|\n| 1 | 2 | 3 |",
    "text with pipes below": "| Field | Type | Operators |\n|-|-|-|\n| a | string | eq |\n| b | date | lt |\n\nOne | two | three\n\n| x |",
    "a header alone above": "Field | Type\n\nAs in:\n\nField | Type | Operators\n---|---|---\na | string | eq\nb | date | lt",
    "text like a header above": "The field | its type\n\nField | Type | Operators\n---|---|---\na | string | eq\nb | date | lt",
    "no-break spaces": "|\xa0Field\xa0|\xa0Type\xa0|\xa0Operators\xa0|\n|\xa0---\xa0|---|---|\n|\xa0a\xa0| string |\xa0eq\xa0|\n| b | date | lt |",
    "tabs": "\t|\tField\t|\tType\t|\tOperators\n\t|\t-\t|\t-\t|\t-\n\ta\t|\tstring\t|\teq\n\tb\t|\tdate\t|\tlt",
    "a field that is called field": "| Field | Type | Operators | \n|-|-|-|\n| a | string | eq |\n| b | date | lt |",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_layouts(text: str, end: str) -> None:
    read = kf.Endpoint.from_markdown("e", text.replace("\n", end))
    assert read == kf.Endpoint("e", {"a": "string; eq", "b": "date; lt"})


def test_fields_named_like_the_columns() -> None:
    text = (
        "| Field | Type | Operators |\n|-|-|-|\n| field | string | eq |\n| type | date | lt |\n| operators | id | in |"
    )
    assert list(kf.Endpoint.from_markdown("e", text)) == ["field", "type", "operators"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found no table of fields, expected one, beginning with the line '| Field | Type | Operators |'"),
        ("name | string | eq", "found no table"),
        ("field | type", "found no table"),
        ("Field | Type\n\nText follows.", "found no table"),
        (
            "<table><tr><th> Field</th><th>Type</th></tr></table>",
            "found a table of fields in HTML, expected one in Mark",
        ),
        (f"{PRINTED}\n{PRINTED}", "found 2 tables of fields, expected one"),
        (table("a | strng | eq"), "row 'a': found type 'strng', expected one of string, number"),
        (table("a | strng | eq"), "relation, scope; did you mean 'string'?"),
        (table("a | Integer | eq"), "found type 'integer', expected one of"),
        (table("a | Integer | eq"), "did you mean 'number'?"),
        (table("a | text | eq"), "did you mean 'string'?"),
        (table("a | string | eq, between"), "row 'a': found operator 'between', expected words such as eq, ne"),
        (table("a | boolean | eq, lt"), "row 'a': type 'boolean' has no operator lt; it has eq, isnotnull"),
        (table("a | enum: with, only, without | eq, ne"), "type 'scope' has no operator ne; it has eq"),
        (table("a | string; eq | eq"), "row 'a': found operators in the type too"),
        (
            table("a | string; eq; in"),
            "row 'a': found 'in' after ';', expected 'case-sensitive', 'source: …' or one list",
        ),
        (table("a | string;"), "row 'a': found '' after ';'"),
        (
            table("a | number; case-sensitive"),
            "found 'case_sensitive' on type 'number', expected no keys but type, operators",
        ),
        (table("a | string: x"), "found 'choices' on type 'string'"),
        (table("a | date<X>"), "found 'name' on type 'date'"),
        (table("a | string | eq | more"), "found 4 cells, expected 3; a pipe inside a cell is written \\|"),
        (table("first name | string | eq"), "row 'first name': 'first name' is not a field name: expected segments"),
        (table("a, b | string"), "row 'a, b': 'a, b' is not a field name"),
        (table("— see below | string"), "row '— see below': '— see below' is not a field name"),
        (table("| | string | eq |"), "row '': found no field name"),
        (table("|"), "row '': found no field name"),
        (table("| a |"), "row 'a': found '', expected a type such as string"),
        (table("|a"), "row 'a': found '', expected a type such as string"),
        (table("1a | string"), "row '1a': '1a' is not a field name"),
        (table("*.a | string"), "is not a field name"),
        (table("a | string", "a | date"), "row 'a': found the field a second time"),
        (table("a | Relation x (id)"), "found 'x (id)', expected the relation's fields as '- name (type)'"),
        (table("a | Relation - x"), "found '- x', expected the relation's fields as '- name (type)'"),
        (table("a | Relation - x (id"), "found no end of the type of 'x', expected ')'"),
        (table("a | Relation - x (id))"), "found ')', expected the end of the type"),
        (table("a | Relation - x (id) - x (id)"), "found the relation's field 'x' twice, expected it once"),
        (table("a | Relation - x (idd)"), "row 'a': field 'x': found type 'idd'"),
        (table("a | Relation - x (id; bad)"), "row 'a': field 'x': found operator 'bad'"),
        (table('a | enum: "\\\\q"'), "found the choice '\"\\q\"', expected plain text or a JSON string"),
        (
            table("a | enum: A \\| B"),
            "found the choice 'A | B', expected plain text or a JSON string, and commas between",
        ),
        (table("a | enum: [x, y"), "found the choice '[x', expected plain text"),
        (table("a | enum: (x, y)"), "found the choice '(x', expected plain text"),
        (table("a | enum: [[x], [y, z]]"), "found the choice '[y', expected plain text"),
        (table("a | enum: 'x"), "found the choice ''x', expected plain text"),
        (table("a | enum: 'x' y"), "found the choice ''x' y', expected plain text"),
        (table('a | enum: "x" y'), "found the choice '\"x\" y', expected plain text"),
        (table("a | enum: “x, y"), "found the choice '“x', expected plain text"),
        (table("a | enum:<br>- x<br>- y"), "found the choice '- x', expected plain text"),
        (table("a | id<x y  z>"), "is not the name of a schema"),
        (table("a | " + "Relation - x (" * 101), "nested more than 100 levels deep"),
    ],
)
def test_faults_name_the_row(text: str, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        kf.Endpoint.from_markdown("e", text)
    assert message in str(error.value)
    assert not isinstance(error.value, kf.FilterError)


HOSTILE: dict[str, str] = {
    "blanks in a type": "a | string" + " " * 10**5 + "! | eq",
    "blanks in a name": "a" + " " * 10**5 + "b | string",
    "dashes": "-" * 10**5 + "x | string",
    "quotes": 'a | enum: "' + '\\",' * 10**5,
    "opened quotes": 'a | enum: "' + ',"' * 10**5,
    "parentheses": "a | enum: " + "(" * 10**5,
    "semicolons": "a | string" + ";" * 10**5,
    "angles": "a | enum" + "<" * 10**5,
    "breaks": "a | string " + "<br " * 10**5,
    "blank breaks": "a | string <br" + " " * 10**5,
    "ampersands": "a | string " + "&a" * 10**5,
    "pipes": "|" * 10**5,
    "escapes": "a | string " + "\\" * 10**5,
    "open lines": "a | Relation" + "\n-" * 10**5,
    "items": "a | Relation" + " - x (id" * 10**5,
    "many items": "a | Relation" + " - x (id)" * 10**5,
    "backticks": "`" * 10**5 + " | string",
    "operators": "a | string | " + "," * 10**5,
    "words": "a | string | " + "is " * 10**5,
    "ticks of many lengths": " x ".join(["`" * length for length in range(500)]) + " | string",
    "one tick, two ticks": "a | string " + "` `` " * 10**5,
    "escaped ticks": "a | string " + "\\`" * 10**5,
    "blank lines": "a | string" + "\n" * 10**5 + "| b | string | eq |",
    "headers": "field | type\n" * 10**4,
    "single quotes": "a | enum: " + "'," * 10**5,
    "curly quotes": "a | enum: " + "“," * 10**5,
    "brackets": "a | enum: " + "[" * 10**5,
    "lines of choices": "a | enum: " + "<br>" * 10**5,
    "a long type": "a | " + "string" * 10**5,
}


@pytest.mark.parametrize("row", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_document_does_not_hang(row: str) -> None:
    before = time.process_time()
    try:
        read(row)
    except ValueError as error:
        assert len(str(error)) < 1000
    assert time.process_time() - before < 30  # far more than it takes, far less than what grows with the square


SOURCES: dict[str, Any] = {
    "contact_id": ("contact_id",),
    "data.*.value": None,
    "`Sepal.Length`": ("Sepal.Length",),
    "data.`first name`.x": ("data", "first name", "x"),
    "``a`b``.c": ("a`b", "c"),
    "a\\_b . c": ("a_b", "c"),
    "": None,
    "` a `": ("a",),
    "`  a  `": (" a ",),
    "` `": (" ",),
    "`a\\|b`": ("a|b",),
    "`a\\`\\|`b`": ("a\\|b",),
}


@pytest.mark.parametrize(("cell", "keys"), SOURCES.items())
def test_sources(cell: str, keys: tuple[str, ...] | None) -> None:
    text = f"| Source | Field | Type | Operators |\n|-|-|-|-|\n| {cell} | custom.* | custom | |"
    expected = kf.types.Custom(source="data.*.value" if "*" in cell else keys)
    read = kf.Endpoint.from_markdown("e", text)
    assert read == kf.Endpoint("e", {"custom.*": expected})
    assert kf.Endpoint.from_markdown("e", read.to_markdown(sources=True)) == read
    assert "Source" not in read.to_markdown()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "a | string | | x..y",
            "row 'a': found the source 'x..y', expected keys joined by '.', those with dots or bla",
        ),
        ("a | string | | first name", "found the source 'first name', expected keys joined by '.'"),
        ("a | string | | .", "found the source '.', expected keys"),
        ("a | string | | x.*", "field 'a' has the source 'x.*', expected no more wildcards than in its name"),
        ("a | string; source: x | | y", "found a source in the type too, expected it in the column of sources"),
        ("a | string; source: x; source: y | |", "found a second source, expected one"),
        ("a | enum: with, only, without | | x", "found 'source' on type 'scope'"),
        ("a | string; source: | |", "found operator 'source:', expected words"),
    ],
)
def test_faults_of_sources(row: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        kf.Endpoint.from_markdown("e", f"Field | Type | Operators | Source\n-|-|-|-\n{row}")


def test_only_a_column_called_source_has_sources() -> None:
    with pytest.warns(UserWarning, match="'Data source'"):
        read = kf.Endpoint.from_markdown("e", "Field | Type | Data source\n-|-|-\na | string | CRM")
    assert read == kf.Endpoint("e", {"a": "string"})


marks = st.text("|-=:`\\\\\n\r\t \xa0\ufeff<>&;,.*_[]{}()'\"“”ab") | st.sampled_from(
    [
        "Field",
        "Type",
        "Operators",
        "Source",
        "Note",
        "string",
        "enum: ",
        "id<A>",
        "Relation - x (",
        "eq, in",
        "<br>",
        "\n|-|-|\n",
        "| ",
    ]
)


@settings(max_examples=200)
@given(
    st.lists(marks, max_size=25).map("".join),
    st.sampled_from(["", "| Field | Type | Operators |\n|-|-|-|\n", "Field | Type | Note | Source\n-|-|-|-\n"]),
)
def test_every_text_is_a_table_or_a_fault(text: str, header: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read = kf.Endpoint.from_markdown("e", header + text)
        except ValueError as error:
            assert not isinstance(error, kf.FilterError)
            assert len(str(error)) < 2000
        else:
            assert kf.Endpoint.from_markdown("e", read.to_markdown(sources=True)) == read


def test_the_public_tables_ship_with_the_library() -> None:
    endpoints = kanbert_endpoints()
    assert list(endpoints) == ["clients", "clients/full"]
    full = endpoints["clients/full"]
    assert list(full) == [
        "name",
        "shortcode",
        "archived",
        "segment",
        "primary_contact.id",
        "projects",
        "origin_space.id",
    ]
    assert full["archived"] == kf.types.Scope(["with", "only", "without"])
    assert full["projects"] == kf.types.Relation(
        {"shortcode": "string", "name": "string", "is_acquisition": "boolean", "status": "enum"}
    )
    assert set(endpoints["clients"]) < set(full)
    full.check(kf.field("projects").any(kf.field("is_acquisition") == True) & (kf.field("archived") == "with"))


def test_the_example_of_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs/examples/projects.md").read_text()
    projects: Any = kf.Endpoint.from_markdown("projects", text)
    assert kf.Endpoint.from_markdown("projects", projects.to_markdown()) == projects
