"""Columns whose type converts values by code of its owner's: what they seem to hold, and how numbers that are stored as others compare.

Nobody says what such code does. So it is asked for what is stored for a few samples, and for what is then shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from numbers import Real
from typing import Any, Final, cast
from uuid import UUID

from ...context import Edge
from ...meaning.tests import Constant, OrderOperator
from .lines import Booleans, Cut, Days, Line, SoundTexts, Storage, Stored, Timestamps, Uuids

Trip = Callable[[Any], tuple[Any, Any]]
"""Gives what is stored for a value, and what is then shown; raises any exception where the value is not taken."""

_NOON: Final = datetime(2000, 1, 1, 12)
_AWARE: Final = _NOON.replace(tzinfo=UTC)


def converted(storage: Storage, trip: Trip, texts: Sequence[Any] = ("a",)) -> Storage:
    """What a column seems to hold that stores such values and converts others into them; None where that is something else.

    `texts` are samples of texts.
    """

    def shows(sample: Any) -> bool:
        return bool(_tried(trip, sample)[1] == sample)

    match storage:
        case Timestamps(aware=True):
            return storage if shows(_AWARE) else None
        case Timestamps():
            stored, shown = _tried(trip, _AWARE)
            if shown == _AWARE and isinstance(stored, datetime) and stored.tzinfo is None:
                return storage._replace(aware=True)
            return storage if shows(_NOON) else None
        case Days():
            return storage if shows(_NOON.date()) else None
        case Booleans():
            return storage if shows(True) else None
        case SoundTexts():
            if any(
                isinstance(each, str) for text in texts for each in [_tried(trip, text)[1]]
            ):  # perhaps in upper case
                return storage
            return Uuids() if shows(UUID(int=10)) else None
    if not isinstance(storage, Line) or int not in storage.comparing:
        return storage
    first, second, third = [_tried(trip, number)[0] for number in range(3)]
    rise = all(map(_is_number, (first, second, third))) and first < second < third
    return ConvertedNumbers(storage, trip) if rise and all(map(shows, range(3))) else None


class ConvertedNumbers(Line):
    """Numbers that are stored as others, which rise with them: money in cents. Those between two stored ones equal none.

    >>> from decimal import Decimal
    >>> from kanbert_filter.backends.columns.conversions import ConvertedNumbers
    >>> from kanbert_filter.backends.columns.lines import INT64
    >>> money = ConvertedNumbers(INT64, lambda amount: (int(amount * 100), Decimal(int(amount * 100)) / 100))
    >>> money.points(Decimal("9.9")), money.points(Decimal("9.905")), money.direct("lt", Decimal("9.905"))
    ((990,), (), ('lte', 990))
    """

    comparing = frozenset({int, Decimal})

    def __init__(self, stored: Line, trip: Trip) -> None:
        self.stored = stored
        self.trip = trip

    def near(self, constant: Constant) -> tuple[Any, Decimal] | None:
        """The number that is stored for the constant, and the one it stands for; None where the column does not reach."""
        stored, shown = _tried(self.trip, constant)
        if not _is_number(stored) or not _is_number(shown) or not self.stored.points(Decimal(str(stored))):
            return None
        return stored, Decimal(str(shown))

    def points(self, constant: Constant) -> Sequence[Stored]:
        near = self.near(constant)
        return (near[0],) if near and near[1] == constant else ()

    def direct(self, operator: OrderOperator, constant: Constant) -> tuple[OrderOperator, Stored] | None:
        near = self.near(constant)
        if near is None:
            return None
        stored, shown = near
        below = operator in ("lt", "lte")
        if shown < cast("Decimal", constant):
            operator = "lte" if below else "gt"
        elif shown > cast("Decimal", constant):
            operator = "lt" if below else "gte"
        return operator, stored

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        return (Edge.AFTER if cast("Decimal", constant) > 0 else Edge.BEFORE,)


def _tried(trip: Trip, value: Any) -> tuple[Any, Any]:
    try:
        return trip(value)
    except Exception:  # somebody's code, for values of some other type
        return None, None


def _is_number(value: object) -> bool:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)
