"""What engines say differently: expressions that get their words when a query is compiled for a database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.backends.signals import connection_created
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateField,
    Expression,
    ExpressionWrapper,
    Field,
    Func,
    Q,
    Value,
    When,
)
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from ..columns.mysql import (
    EXACT_COLLATIONS,
    MYSQL_FLOAT_TEXT,
    MYSQL_JSON_NUMBER_TEXT,
    MYSQL_LOWER,
    MYSQL_NUMBER,
    MYSQL_UTF8,
)
from ..columns.patterns import glob_spelling, like_spelling
from ..columns.placing import MomentView
from ..columns.sql import JSON_MOMENT_TESTS, JSON_VIEWS, JsonView, no_json
from ..columns.sqlite import (
    COMPARISON_SIGNS,
    SQLITE_NUMBER_TEXT,
    SQLITE_TIMESTAMP_COMPARISONS,
    python_lower,
    sqlite_number,
)

Compiled = tuple[str, list[Any]]


def prepare_sqlite() -> None:
    """Let `lower` know all of Unicode on SQLite connections, as Python does; call it once, in `AppConfig.ready`.

    SQLite's own knows ASCII only, so without this a case-insensitive text operator does not match `Ü` with `ü`.
    """
    connection_created.connect(_register_lower, dispatch_uid="kanbert_filter.prepare_sqlite")


def _register_lower(connection: Any, **_: object) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("lower", 1, python_lower, deterministic=True)


# conditions


class Holds(Exact):
    """A condition is true, said as it is: MySQL's indexes would not serve where it is compared with true."""

    def as_sql(self, compiler: Any, connection: Any) -> Compiled:  # type: ignore[override]
        """The condition."""
        return self.process_lhs(compiler, connection)  # type: ignore[return-value]


class ConditionField(BooleanField):  # type: ignore[type-arg]
    """The type of conditions that have words of their own."""

    def get_lookup(self, lookup_name: str) -> Any:
        """How Django asks whether one is true."""
        return Holds


class IsNotTrue(Case):
    """A condition is false or unknown."""

    def __init__(self, condition: Q) -> None:
        super().__init__(When(condition, then=Value(False)), default=Value(True), output_field=ConditionField())

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """In words that planners see through."""
        try:
            return _filled("(({condition}) IS NOT TRUE)", condition=compiler.compile(self.cases[0].condition))
        except (EmptyResultSet, FullResultSet):
            return super().as_sql(compiler, connection)  # type: ignore[return-value]

    as_sqlite = as_mysql = as_postgresql

    def as_oracle(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """As a number, since a condition is no value there."""
        return _filled("{case} = 1", case=super().as_sql(compiler, connection))  # type: ignore[arg-type]


class CountTest(Func):
    """Whether there are more than so many records, or not: as a comparison of their number, and as one of whether there is one more."""

    output_field = ConditionField()

    def __init__(self, counted: Q, beyond: Q) -> None:
        super().__init__(*[ExpressionWrapper(condition, BooleanField()) for condition in (counted, beyond)])

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """As a number."""
        return compiler.compile(self.source_expressions[0])  # type: ignore[no-any-return]

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """As one more, where the search ends."""
        return compiler.compile(self.source_expressions[1])  # type: ignore[no-any-return]

    as_sqlite = as_postgresql  # type: ignore[assignment]

    def as_mysql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """On MariaDB as one more: only there the tests show that `EXISTS` heeds an offset."""
        return (
            self.as_postgresql(compiler, connection)
            if connection.mysql_is_mariadb
            else self.as_sql(compiler, connection)
        )


# text


class PatternMatch(Func):
    """Whether a text fits a pattern of the language, with regard to case."""

    output_field = ConditionField()

    def __init__(self, text: Any, pattern: str) -> None:
        super().__init__(text)
        self.pattern = pattern

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """`LIKE`, with an escape that no engine reads in another way."""
        return self._said(compiler, "LIKE %s ESCAPE '/'", like_spelling(self.pattern))

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """`GLOB`, since SQLite's `LIKE` ignores case."""
        return self._said(compiler, "GLOB %s", glob_spelling(self.pattern))

    def as_mysql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """`LIKE`, which goes by the collation."""
        [text] = self.source_expressions
        sql, params = compiler.compile(ByCodePoint(text))
        if _is_exact(text):
            sql = (
                f"CONCAT({sql}, '')"  # no column, since MariaDB's index lacks what begins with characters beyond U+FFFF
            )
        return f"{sql} LIKE %s ESCAPE '/'", [*params, like_spelling(self.pattern)]

    def _said(self, compiler: Any, words: str, pattern: str) -> Compiled:
        sql, params = compiler.compile(self.source_expressions[0])
        return f"{sql} {words}", [*params, pattern]


class LowerCase(Lower):
    """A text in lower case."""

    def as_mysql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """By a collation that has most letters."""
        return _filled(MYSQL_LOWER, text=compiler.compile(self.source_expressions[0]))


class SameText(Func):
    """Whether a text is equal to a constant, or one of several: as the engine does it, and by code point.

    `indexed` says that the former serves an index, and fails on no constant.
    """

    output_field = ConditionField()

    def __init__(self, by_collation: Any, by_code_point: Any, indexed: bool) -> None:
        super().__init__(by_collation, by_code_point)
        self.indexed = indexed

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """On engines whose collations take no other text for equal."""
        return compiler.compile(self.source_expressions[0])  # type: ignore[no-any-return]

    def as_mysql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """By code point, and before that by the column's collation, which its index has."""
        by_collation, by_code_point = self.source_expressions
        if not self.indexed or _is_exact(by_collation.get_source_expressions()[0]):
            return compiler.compile(by_code_point)  # type: ignore[no-any-return]
        return _filled(
            "({first} AND {exact})", first=compiler.compile(by_collation), exact=compiler.compile(by_code_point)
        )


class ByCodePoint(Func):
    """A text that compares by code point, whatever the collation."""

    template = "%(expressions)s"
    output_field = CharField()

    def as_mysql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """By a collation that knows nothing else."""
        [text] = self.source_expressions
        said = compiler.compile(text)
        if _is_exact(text):
            return said  # type: ignore[no-any-return]
        words = "{text}" if isinstance(text, LowerCase) else MYSQL_UTF8
        return _filled(f"{words} COLLATE {EXACT_COLLATIONS[connection.mysql_is_mariadb]}", text=said)

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """By bytes, which in UTF-8 is by code point."""
        return super().as_sql(compiler, connection, template='%(expressions)s COLLATE "C"')  # type: ignore[return-value]


def _is_exact(text: Any) -> bool:
    """Whether MySQL and MariaDB compare a text by code point as it is."""
    return getattr(text.output_field, "db_collation", None) in EXACT_COLLATIONS.values()


class AddressText(Func):
    """An IP address as text, without a mask."""

    template = "%(expressions)s"
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """Of PostgreSQL's own type for addresses."""
        return super().as_sql(compiler, connection, template="host(%(expressions)s)")  # type: ignore[return-value]


class DecimalText(Func):
    """A number as text, in plain decimal without trailing zeros."""

    output_field = CharField()
    template = (
        "CASE WHEN CAST(%(expressions)s AS CHAR(100)) LIKE '%%%%.%%%%' THEN TRIM(TRAILING '.' FROM TRIM(TRAILING '0'"
        " FROM CAST(%(expressions)s AS CHAR(100)))) ELSE CAST(%(expressions)s AS CHAR(100)) END"
    )

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """A binary number is first shown, so that it means its shortest decimal."""
        binary = self.source_expressions[0].output_field.get_internal_type() == "FloatField"
        shown = "%(expressions)s::text" if binary else "%(expressions)s"
        return super().as_sql(compiler, connection, template=f"trim_scale(({shown})::numeric)::text")  # type: ignore[return-value]

    def as_mysql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """A binary number without an exponent."""
        [number] = self.source_expressions
        if isinstance(number, JsonKind):
            return _filled(MYSQL_JSON_NUMBER_TEXT, json=number.extracted(compiler))
        if number.output_field.get_internal_type() == "FloatField":
            return _filled(MYSQL_FLOAT_TEXT, number=compiler.compile(number))
        return super().as_sql(compiler, connection)  # type: ignore[return-value]

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """The number is in it once, whatever it is."""
        return _filled(SQLITE_NUMBER_TEXT, number=compiler.compile(self.source_expressions[0]))


# timestamps


class TimestampComparison(Func):
    """A timestamp compared with a constant."""

    output_field = ConditionField()

    def __init__(self, stored: Any, operator: str, constant: Value) -> None:
        super().__init__(stored, constant)
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """On engines that have a type for timestamps."""
        return self._filled(compiler, f"{{stored}} {COMPARISON_SIGNS[self.operator]} {{constant}}")

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """On SQLite, which holds texts."""
        return self._filled(compiler, SQLITE_TIMESTAMP_COMPARISONS[self.operator])

    def _filled(self, compiler: Any, words: str) -> Compiled:
        stored, constant = [compiler.compile(expression) for expression in self.source_expressions]
        return _filled(words, stored=stored, constant=constant)


# JSON


class JsonKind(Func):
    """The kind of a value in a JSON column, `null` for JSON's own null; SQL's null where there is none.

    `keys` lead to the value; they are bound, never part of the query's text.
    """

    output_field: Field[Any, Any] = CharField()
    view: JsonView = "kind"

    def __init__(self, column: Any, keys: tuple[str, ...]) -> None:
        super().__init__(column)
        self.keys = keys

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """On other engines it has no words."""
        raise no_json(connection.vendor)

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """Of a `jsonb` column, by names only: a path for `#>` would take digits for an index of a list."""
        return self._said(compiler, JSON_VIEWS["postgresql"][self.view])

    def as_mysql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """Of a column of JSON, on MariaDB one of text."""
        return _filled(JSON_VIEWS["mysql"][self.view], json=self.extracted(compiler))

    def extracted(self, compiler: Any) -> Compiled:
        """On MySQL and MariaDB, the JSON that it is."""
        sql, params = compiler.compile(self.source_expressions[0])
        return (f"JSON_EXTRACT({sql}, %s)", [*params, self._path]) if self.keys else (sql, [*params])

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """Of a column of JSON text."""
        return self._said(compiler, JSON_VIEWS["sqlite"][self.view])

    def _said(self, compiler: Any, words: str, **parts: Compiled) -> Compiled:
        sql, params = compiler.compile(self.source_expressions[0])
        if "{path}" in words:
            return _filled(words, json=(sql, params), path=("%s", [self._path]), **parts)
        bound = [*params, *self.keys]
        json = sql + " -> %s::text" * len(self.keys)
        text = f"{json} #>> '{{}}'"
        if self.keys:
            text = f"({sql}{' -> %s::text' * (len(self.keys) - 1)} ->> %s::text)"
        return _filled(words, json=(json, bound), text=(text, bound), **parts)

    @property
    def _path(self) -> str:
        return "$" + "".join([f'."{key}"' for key in self.keys])

    def seen_as(self, view: JsonView) -> JsonScalar:
        """The value where it is of this kind."""
        return JsonScalar(self.source_expressions[0], self.keys, view)


class JsonScalar(JsonKind):
    """A value in a JSON column where it is of one kind, else null; as `shown`, of any kind."""

    def __init__(self, column: Any, keys: tuple[str, ...], view: JsonView) -> None:
        super().__init__(column, keys)
        self.view = view
        self.output_field = _SCALARS[view]


class JsonContains(Func):
    """A value in a JSON column is one of some constants: `objects` are the texts of what the column then contains.

    Where no index could serve that, it is the condition that means it; with `inexact`, both.
    """

    output_field = ConditionField()

    def __init__(self, value: JsonKind, condition: Q, objects: Sequence[str], inexact: bool) -> None:
        super().__init__(value.source_expressions[0], ExpressionWrapper(condition, BooleanField()))
        self.objects = tuple(objects)
        self.inexact = inexact

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """The condition."""
        return compiler.compile(self.source_expressions[1])  # type: ignore[no-any-return]

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """Always of the whole column, never of what a key leads to: there a list would contain its elements."""
        sql, params = compiler.compile(self.source_expressions[0])
        found = " OR ".join([f"{sql} @> %s::jsonb"] * len(self.objects))
        bound = [param for text in self.objects for param in (*params, text)]
        if not self.inexact:
            return f"({found})", bound
        condition = compiler.compile(self.source_expressions[1])
        return _filled("(({found}) AND {condition})", found=(found, bound), condition=condition)


class JsonMomentTest(JsonKind):
    """A condition on `JsonSeen`, the date or timestamp that a text in a JSON column writes in the form of a view."""

    output_field: Field[Any, Any] = ConditionField()

    def __init__(self, value: JsonKind, view: MomentView, condition: Q) -> None:
        super().__init__(value.source_expressions[0], value.keys)
        self.moment_view: MomentView = view
        self.source_expressions.append(ExpressionWrapper(condition, BooleanField()))

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """The value is worked out once for all comparisons."""
        return self._tested(compiler, "postgresql")

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Compiled:  # type: ignore[override]
        """The value is worked out once for all comparisons."""
        return self._tested(compiler, "sqlite")

    def as_mysql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """By a name of its own for the value, which a table in between could not have: it does not see the row outside."""
        test = compiler.compile(self.source_expressions[1])
        return _filled(JSON_MOMENT_TESTS["mysql"][self.moment_view], json=self.extracted(compiler), test=test)

    def _tested(self, compiler: Any, engine: str) -> Compiled:
        test = compiler.compile(self.source_expressions[1])
        return self._said(compiler, JSON_MOMENT_TESTS[engine][self.moment_view], test=test)


class JsonSeen(Expression):
    """The value in a `JsonMomentTest`."""

    def __init__(self, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)

    def as_sql(self, compiler: Any, connection: Any) -> Compiled:  # type: ignore[override]
        """The name it has there."""
        return "kf_seen.seen", []

    def as_mysql(self, compiler: Any, connection: Any) -> Compiled:
        """The name it has there."""
        return "kf_seen", []


class BareMoment(Field):  # type: ignore[type-arg]
    """Binds a timestamp for what is no column: SQLite compares it as the text that `SQLITE_JSON_MOMENTS` writes."""

    def get_internal_type(self) -> str:
        """As which type Django knows it."""
        return "DateTimeField"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """What the driver is given."""
        return value.replace(tzinfo=None).isoformat(" ", "microseconds") if connection.vendor == "sqlite" else value


class BareNumber(Field):  # type: ignore[type-arg]
    """Binds a number for what is no column: SQLite compares such an expression with numbers only, which it holds in binary."""

    def get_internal_type(self) -> str:
        """As which type Django knows it."""
        return "DecimalField"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """What the driver is given."""
        if connection.vendor == "mysql":
            return str(value)
        return sqlite_number(value) if connection.vendor == "sqlite" else value


class ExactNumber(Func):
    """A constant that is compared with a number in JSON."""

    template = "%(expressions)s"

    def __init__(self, number: Any) -> None:
        super().__init__(Value(number, output_field=BareNumber()))

    def as_mysql(self, compiler: Any, connection: Any, **_: Any) -> Compiled:
        """In binary, and exactly."""
        return _filled(MYSQL_NUMBER, number=compiler.compile(self.source_expressions[0]))


_SCALARS: Final[dict[JsonView, Field[Any, Any]]] = {
    "shown": CharField(),
    "text": CharField(),
    "number": BareNumber(),
    "boolean": BooleanField(),
    "id": CharField(),
}
MOMENTS: Final[dict[MomentView, Field[Any, Any]]] = {"day": DateField(), "wall": BareMoment(), "instant": BareMoment()}


def _filled(words: str, **parts: Compiled) -> Compiled:
    """The words of an engine with these parts in their places, and the parameters in that order."""
    bound = [param for name in re.findall(r"\{(\w+)\}", words) for param in parts[name][1]]
    return re.sub(r"\{(\w+)\}", lambda name: parts[name[1]][0], words.replace("%", "%%")), bound
