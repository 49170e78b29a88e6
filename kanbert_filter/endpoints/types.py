"""The field types, under the names users know them by: `kanbert_filter.types.Enum("running", "closed")`."""

from .field_table import Relation, from_notation
from .scalars import Boolean, Count, Currency, Custom, Date, DateTime, Enum, FieldType, Id, Number, Scope, String

__all__ = [
    "String",
    "Number",
    "Currency",
    "Boolean",
    "Date",
    "DateTime",
    "Enum",
    "Id",
    "Custom",
    "Relation",
    "Count",
    "Scope",
    "FieldType",
    "from_notation",
]
