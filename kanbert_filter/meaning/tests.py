"""The eleven plain tests that a back end translates, and the columns they are about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from ..context import Moment
from ..endpoints.field_table import PRIVATE, Relation
from ..endpoints.field_type import FieldType, Settled
from ..kinds import FieldKind
from ..values import Constant as Constant

OrderOperator = Literal["lt", "lte", "gt", "gte"]
TextOperator = Literal["contains", "startswith", "endswith", "like"]
CountOperator = Literal["eq", "ne", "lt", "lte", "gt", "gte"]


class Column:
    """Where a field's data is, and how it compares. Each field of a table has one, made when it is first needed.

    `path` is the public path from the top, for messages; `source` the path to the data, from the record or the related
    record; `wild` says of each source segment whether a wildcard admitted it. `kind` is the type's kind (a count has the
    column of its relation), `related` the table of a relation. `settle` gives what a value means; it is None where values
    mean themselves. A `mixed` column holds values of several sorts. An `absent` one is null in every record: a wildcard
    admitted a name that belongs to Python. Unless `case_sensitive`, text operators see lower-cased text.
    """

    __slots__ = (
        "absent",
        "case_sensitive",
        "columns",
        "kind",
        "mixed",
        "path",
        "related",
        "settle",
        "source",
        "type",
        "wild",
    )

    def __init__(
        self,
        path: str,
        source: tuple[str, ...],
        wild: tuple[bool, ...],
        type: FieldType,
    ) -> None:
        self.path = path
        self.source = source
        self.wild = wild
        self.type = type
        self.kind: FieldKind = type.kind
        self.mixed = type.mixed
        self.absent = any(w and segment.startswith(PRIVATE) for segment, w in zip(source, wild, strict=True))
        # Absent columns are looked at where values are settled too: the usual comparison pays for one question only.
        settles = type.__class__.settled is not FieldType.settled or self.absent
        self.settle: Callable[[str, Any, Moment, str], Settled] | None = type.settled if settles else None
        self.case_sensitive = bool(getattr(type, "case_sensitive", False))
        self.related = type.related if isinstance(type, Relation) else None
        self.columns: dict[str, Column] = {}

    def __repr__(self) -> str:
        return f"<Column {self.path!r}: {self.kind}>"


class Always(NamedTuple):
    """True, or false, for every record."""

    value: bool


class AllOf(NamedTuple):
    """Every one of two or more tests holds."""

    tests: tuple[Test, ...]


class AnyOf(NamedTuple):
    """At least one of two or more tests holds."""

    tests: tuple[Test, ...]


class Null(NamedTuple):
    """The value is absent or null; negated: present."""

    column: Column
    negated: bool


class Equal(NamedTuple):
    """The value is present and equals the constant; negated: present and does not."""

    column: Column
    constant: Constant
    negated: bool


class OneOf(NamedTuple):
    """The value is present and equals one of the constants; negated: present and equals none.

    The constants are two or more, all different, all texts, all numbers, or all of the column's own kind.
    """

    column: Column
    constants: tuple[Constant, ...]
    negated: bool


class Order(NamedTuple):
    """The value is present and less (or greater, or equal) than the constant."""

    column: Column
    operator: OrderOperator
    constant: Constant


class Between(NamedTuple):
    """The instant is present and in `low <= instant < high`; negated: present and outside."""

    column: Column
    low: datetime
    high: datetime
    negated: bool


class Text(NamedTuple):
    """The text is present and holds, begins with, ends with, or matches one of the needles.

    Where the column is not case-sensitive the needles are lower-cased already and the text is to be. A currency column is
    seen as number text, a custom one only where it holds text.
    """

    column: Column
    operator: TextOperator
    needles: tuple[str, ...]


class Related(NamedTuple):
    """Some (`any`), no (`none`) or each (`all`) related record passes the test; without one, is there any (or none)."""

    column: Column
    operator: Literal["any", "none", "all"]
    test: Test | None


class Counted(NamedTuple):
    """The number of related records compares so with the number."""

    column: Column
    operator: CountOperator
    number: int


Test = Always | AllOf | AnyOf | Null | Equal | OneOf | Order | Between | Text | Related | Counted
"""What a back end translates: one of eleven classes and no other."""

ALWAYS: Final = Always(True)
NEVER: Final = Always(False)
