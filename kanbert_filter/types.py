"""The field types, under the names users know them by: `kanbert_filter.types.Enum("running", "closed")`."""

from .endpoints import scalars
from .endpoints.field_table import Relation, from_text
from .endpoints.field_type import FieldType
from .endpoints.scalars import *  # noqa: F403  # a new type is named in its own module only

__all__ = ["FieldType", "Relation", "from_text"]
__all__ += scalars.__all__
