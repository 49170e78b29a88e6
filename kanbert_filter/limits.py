"""How large a filter may be: one object, which everything that reads or checks a filter takes."""

from __future__ import annotations

from .immutable import Immutable

MAX_DEPTH = 100
"""No tree is deeper, whatever the limits: so comparing, hashing, pickling, writing and compiling never run out of stack."""

MAX_DAY_OFFSET = 999_999_999
"""No special is further from today, whatever the limits: as far as a `timedelta` goes."""

MAX_EXPONENT = 10**9
"""No number has a greater exponent in scientific notation, whatever the limits: `decimal` goes little further."""

_GREATEST = {"max_depth": MAX_DEPTH, "max_exponent": MAX_EXPONENT, "max_day_offset": MAX_DAY_OFFSET}


class Limits(Immutable):
    """The bounds within which a filter is read and checked.

    Every bound is inclusive, and each has an error code of its own. `max_depth` counts a condition on its own as 1 and every
    group, list, pair of parentheses and relation around it as one more. It may be raised to 100 and no further, `max_exponent` to
    1 000 000 000, and `max_day_offset` to 999 999 999.

    Raises `ValueError` for a bound that is not a whole number of at least 1, or greater than these.

    >>> from kanbert_filter import Limits
    >>> Limits().max_conditions
    500
    >>> Limits(max_conditions=20).max_conditions
    20
    >>> Limits(max_depth=101)
    Traceback (most recent call last):
    ValueError: max_depth is 101, expected 1 to 100
    """

    __slots__ = (
        "max_conditions",
        "max_day_offset",
        "max_depth",
        "max_exponent",
        "max_form_key_bytes",
        "max_form_keys",
        "max_list_values",
        "max_number_digits",
        "max_problems",
        "max_relation_depth",
        "max_relation_tests",
        "max_string_length",
        "max_text_length",
        "max_values",
    )

    max_text_length: int
    max_depth: int
    max_conditions: int
    max_list_values: int
    max_values: int
    max_relation_depth: int
    max_relation_tests: int
    max_string_length: int
    max_number_digits: int
    max_exponent: int
    max_day_offset: int
    max_form_keys: int
    max_form_key_bytes: int
    max_problems: int

    def __init__(
        self,
        *,
        max_text_length: int = 64 * 1024,
        max_depth: int = 20,
        max_conditions: int = 500,
        max_list_values: int = 1000,
        max_values: int = 2000,
        max_relation_depth: int = 4,
        max_relation_tests: int = 50,
        max_string_length: int = 4096,
        max_number_digits: int = 40,
        max_exponent: int = 64,
        max_day_offset: int = 36_500,
        max_form_keys: int = 2000,
        max_form_key_bytes: int = 512,
        max_problems: int = 20,
    ) -> None:
        bounds = {name: value for name, value in locals().items() if name in self.__slots__}
        for name, value in bounds.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} is {value!r}, expected a whole number of at least 1")
            if value > _GREATEST.get(name, value):
                raise ValueError(f"{name} is {value}, expected 1 to {_GREATEST[name]}")
        self._fill(**bounds)

    @classmethod
    def lifted(cls) -> Limits:
        """Limits for input you trust, such as what the writers wrote: depth, exponents and days at their bounds, the rest out of the way.

        >>> import kanbert_filter as kf
        >>> long = kf.field("id").in_(range(3000))
        >>> kf.parse(kf.to_dsl(long), limits=kf.Limits.lifted()) == long
        True
        """
        return cls(**dict.fromkeys(cls.__slots__, 2**62) | _GREATEST)

    def __repr__(self) -> str:
        default = DEFAULT_LIMITS
        changed = [f"{n}={getattr(self, n)}" for n in self.__slots__ if getattr(self, n) != getattr(default, n)]
        return f"Limits({', '.join(changed)})"

    def _key(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__slots__])

    def __reduce__(self) -> tuple[object, ...]:
        return _restored_limits, self._key()


def _restored_limits(*bounds: int) -> Limits:
    return Limits(**dict(zip(Limits.__slots__, bounds, strict=True)))


DEFAULT_LIMITS = Limits()


def ensure_limits(limits: object) -> None:
    """Raise `TypeError` for anything but `Limits`."""
    if not isinstance(limits, Limits):
        raise TypeError(f"expected Limits, not {type(limits).__name__}; pass Limits.lifted() to lift them")
