"""From plain tests to conditions of the ORM."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, F, Func, IntegerField, Model, Q, QuerySet, Subquery

from ...context import Context
from ...meaning.tests import Column
from ..columns.finding import Given
from ..columns.lines import INT64
from ..columns.placing import Cell
from ..columns.translation import Translation
from .cells import LOGIC, Condition, LookupCell, lookup_cell
from .fields import ModelFields


class LookupTranslation(Translation[Q, type[Model], "QuerySet[Any]"]):
    """Translates tests on the rows of a model, in one context."""

    __slots__ = ("columns", "context")

    logic = LOGIC

    def __init__(self, given: Given | None, context: Context) -> None:
        self.columns = ModelFields(given)
        self.context = context

    def cell(self, column: Column, row: type[Model], prefix: str) -> Cell[Q]:
        return lookup_cell(column, *self.columns.value(row, column, prefix), self.context)

    def records(self, column: Column, row: type[Model], prefix: str) -> QuerySet[Any]:
        return self.columns.related(row, column, prefix)

    def row_of(self, records: QuerySet[Any]) -> type[Model]:
        return records.model

    def exists(self, records: QuerySet[Any], condition: Condition) -> Condition:
        if condition is False:
            return False
        return Q(Exists(records if condition is True else records.filter(condition)))

    def number(self, records: QuerySet[Any]) -> Cell[Q]:
        # A bare aggregate function, which Django does not group by: one row, also of none.
        counting: Func = Func(F("pk"), function="COUNT", output_field=IntegerField())
        counted = records.order_by().annotate(kanbert_filter_count=counting).values("kanbert_filter_count")
        return LookupCell(INT64, Subquery(counted), None)
