"""Random rows of every type and relation, as tables and as records: what the differential tests run filters over."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Enum, ForeignKey, Numeric, String, Table, null
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from kanbert_filter import types
from kanbert_filter.builder import field
from kanbert_filter.endpoints.endpoint import Endpoint
from kanbert_filter.nodes import EVERYTHING
from tests.backends.models import given_key, timestamp
from tests.strategies import COMMON_TEXTS

ITEMS = Endpoint(
    "items",
    {
        "id": "id",
        "key": "id",
        "ref": "id",
        "title": "string",
        "code": types.String(case_sensitive=True),
        "status": "enum",
        "state": types.String(source="status"),
        "amount": "number",
        "units": "number",
        "price": "currency",
        "pieces": types.Currency(source="units"),
        "done": "boolean",
        "due": "date",
        "made_on": types.Date(source="made_at"),
        "seen_on": types.Date(source="seen_at"),
        "made_at": "datetime",
        "seen_at": "datetime",
        "due_at": types.DateTime(source="due"),
        "note": types.Custom(source="title"),
        "rank": types.Custom(source="amount"),
        "extra.*": "custom",
        "parent.id": "id",
        "parent.title": "string",
        "parent.done": "boolean",
        "parent.made_at": "datetime",
        "parent.extra.*": "custom",
        "owner.id": "id",
        "owner.name": "string",
        "owner.city.id": "id",
        "owner.city.name": types.String(case_sensitive=True),
        "fresh": types.Scope(
            {"with": EVERYTHING, "only": field("seen_at").is_null(), "without": field("owner.name").is_not_null()}
        ),
        "children": {
            "title": "string",
            "units": "number",
            "due": "date",
            "extra.*": "custom",
            "owner.id": "id",
            "owner.name": "string",
            "children": {"units": "number", "title": "string"},
        },
        "pets": types.Relation({"name": "string", "owner.city.name": "string"}, source="owner.pets"),
        "tags": {"name": "string", "items": {"done": "boolean"}},
    },
)


class Base(DeclarativeBase):
    type_annotation_map = {str: String(200), datetime: timestamp()}  # noqa: RUF012


class Status(enum.Enum):
    RUNNING = "active"
    CLOSED = "Done%"
    ODD = "a_b\\"


class City(Base):
    __tablename__ = "cities"
    id: Mapped[int] = given_key()
    name: Mapped[str | None]


class Pet(Base):
    __tablename__ = "pets"
    id: Mapped[int] = given_key()
    name: Mapped[str | None]
    owner_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    owner: Mapped[Person] = relationship(back_populates="pets")


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = given_key()
    name: Mapped[str | None]
    city_id: Mapped[int | None] = mapped_column(ForeignKey("cities.id"))
    city: Mapped[City | None] = relationship()
    pets: Mapped[list[Pet]] = relationship(back_populates="owner")


item_tags = Table(
    "item_tags",
    Base.metadata,
    Column("item_id", ForeignKey("items.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = given_key()
    name: Mapped[str | None]
    items: Mapped[list[Item]] = relationship(secondary=item_tags, back_populates="tags")


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = given_key()
    key: Mapped[UUID | None]
    ref: Mapped[str | None]
    title: Mapped[str | None]
    code: Mapped[str | None]
    status: Mapped[Status | None] = mapped_column(Enum(Status))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 4))
    units: Mapped[int | None] = mapped_column(BigInteger)
    price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    done: Mapped[bool | None]
    due: Mapped[date | None]
    made_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None] = mapped_column(timestamp(timezone=True))
    extra: Mapped[Any] = mapped_column(JSON().with_variant(JSONB(), "postgresql"), nullable=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("items.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    parent: Mapped[Item | None] = relationship(remote_side="Item.id", back_populates="children")
    children: Mapped[list[Item]] = relationship(back_populates="parent")
    owner: Mapped[Person | None] = relationship()
    tags: Mapped[list[Tag]] = relationship(secondary=item_tags, back_populates="items")


TEXTS = [
    *COMMON_TEXTS,
    *("a/b", "[a]", "a*b", "?", "%_\\", "'", '"', "'\"", "true", "Ünder", "ünder", "a b ", " a"),
    *("\U0001f600", "\U0001f600\U0001f600"),
]
NUMBERS = [
    Decimal(n) for n in ("0", "1", "-1", "0.1", "0.5", "1.0001", "-2.5", "1000", "1000.5", "99999999.9999", "-0.0001")
]
NUMBERS += [Decimal(Random(cents).randrange(-(10**7), 10**7)) / 100 for cents in range(8)]
UNITS = [0, 1, 2, 7, 10, -1, 100, 2**31 - 1, 2**31, -(2**31) - 1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
UUIDS = [UUID(int=n) for n in (0, 1, 2**127)]
DATES = [date(2024, 5, d) for d in (1, 2, 3, 5, 6, 31)]
DATES += [
    date(1, 1, 1),
    date(9999, 12, 31),
    date(2024, 3, 31),
    date(2024, 10, 27),
    date(2018, 11, 4),
    date(2011, 12, 31),
]
WALLS = [
    datetime.fromisoformat(text)
    for text in (
        *(
            "2024-05-01 22:30",
            "2024-05-02",
            "2024-05-01 23:59:59.999999",
            "2024-05-02 00:00:00.000001",
            "2024-05-02 00:30",
        ),
        *(
            "2024-03-31 01:59:59",
            "2024-03-31 02:00",
            "2024-03-31 02:30",
            "2024-03-31 03:00",
            "2024-03-31 03:30",
            "2024-03-31 04:00",
        ),
        *("2024-10-27 01:59", "2024-10-27 02:00", "2024-10-27 02:30", "2024-10-27 02:59:59.999999", "2024-10-27 03:00"),
        *(
            "2024-10-27 00:30",
            "2024-10-27 01:30",
            "2024-03-31 00:30",
            "2024-03-31 01:30",
            "2018-11-04 02:59:59",
            "2018-11-04 03:00",
        ),
        *(
            "0001-01-02",
            "9999-12-30 12:00",
            "2011-12-30 10:00",
            "2011-12-30 09:59:59",
            "2024-04-29",
            "2024-04-28 22:00",
        ),
    )
]
WALLS += [
    datetime.fromisoformat(text)
    for text in (
        *("2010-03-14 00:00:59", "2010-03-14 00:01", "2010-03-14 01:01", "2010-03-14 03:31"),  # St John's
        *(
            "2024-04-07 01:45",
            "2024-04-06 14:59:59",
            "2024-04-06 15:15",
            "2024-10-06 02:15",
            "2024-10-05 15:30",
        ),  # Lord Howe
        *("2024-03-10 00:30", "2024-03-10 05:00", "2024-11-03 00:30", "2024-11-03 04:30", "2024-11-03 05:30"),  # Havana
        *("2022-03-22 00:30", "2022-03-21 20:30"),  # Tehran
    )
]
INSTANTS = [wall.replace(tzinfo=UTC) for wall in WALLS]
CUSTOM: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    7,
    0.5,
    -1.25,
    "",
    "a",
    "A",
    "7",
    "true",
    "50%",
    "ünder",
    "\U0001f600 'x' \"y\"",
    2**53 + 1,
    -(2**53) - 1,
    0.1 + 0.2,
    99.99,
    [],
    {"a": 1},
    [1],
    ["a"],
    [True, "7"],
    {"x": "a"},
]


POOLS: dict[str, list[Any]] = {
    "key": UUIDS,
    "ref": TEXTS,
    "title": TEXTS,
    "code": TEXTS,
    "status": [*Status],
    "amount": NUMBERS,
    "units": UNITS,
    "price": [number for number in NUMBERS if number == round(number, 2)],
    "done": [True, False],
    "due": DATES,
    "made_at": WALLS,
    "seen_at": INSTANTS,
}
"""What the columns are filled from."""

NOTHING = null()
"""SQL's null, where None is JSON's."""


def stored(session: Session, seed: int, size: int) -> list[dict[str, Any]]:
    """Random rows, stored; the same as records, in the order of their ids."""
    random = Random(seed)

    def maybe(values: list[Any]) -> Any:
        return None if random.random() < 0.15 else random.choice(values)

    cities = [City(id=n, name=maybe(TEXTS)) for n in range(1, 4)]
    people = [Person(id=n, name=maybe(TEXTS), city=maybe(cities)) for n in range(1, 8)]
    pets = [Pet(id=n, name=maybe(TEXTS), owner=random.choice(people)) for n in range(1, 9)]
    tags = [Tag(id=n, name=maybe(TEXTS)) for n in range(1, 6)]
    items: list[Item] = []
    for n in range(1, size + 1):
        item = Item(
            id=n,
            **{name: maybe(values) for name, values in POOLS.items()},
            owner=maybe(people),
            extra=maybe([*[{"x": random.choice(CUSTOM)}] * 4, {}, NOTHING, "x", ["x"], [{"x": "a"}]]),
            parent=maybe(items) if items else None,
            tags=random.sample(tags, random.choice([0, 0, 1, 2])),
        )
        items.append(item)
    session.add_all([*cities, *people, *pets, *tags, *items])
    session.flush()
    made: dict[Any, dict[str, Any]] = {}
    records = [_record(item, made) for item in items]
    session.commit()
    return records


def _record(row: Any, made: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    """The row as a record, which shares records as rows share rows."""
    if row not in made:
        made[row] = record = {}
        for name in [attribute.key for attribute in type(row).__mapper__.column_attrs]:
            record[name] = None if getattr(row, name) is NOTHING else getattr(row, name)
        for name in [attribute.key for attribute in type(row).__mapper__.relationships]:
            related = getattr(row, name)
            record[name] = (
                [_record(other, made) for other in related]
                if isinstance(related, list)
                else related and _record(related, made)
            )
    return made[row]
