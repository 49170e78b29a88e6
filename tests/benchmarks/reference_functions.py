"""What a careful person writes by hand for the filters F2 and F3: null-safe, every value's type checked, nothing looked up twice.

The predicate is measured against these, and they are to be neither slow on purpose nor fast by leaving something out. The rule:

- They mean what the filters mean, for the same records, and refuse the same values. Tests hold both to the same answers and refusals.
- What a value usually is, is dealt with here, in the fastest way known to the author; a look at `__class__` beats `isinstance`. That
  goes for ISO text, too. What a value hardly ever is (an enumeration's member, a time zone other than UTC, a value of a wrong type)
  is given to the functions that the predicate gives it to.
- Conditions stand in the order in which a person who thinks of speed puts them: cheap and selective ones first.
- It is ordinary Python, one statement after another, and who finds a faster way to write it should change it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kanbert_filter.backends.predicate import records
from kanbert_filter.backends.predicate.records import OBJECTS, has_attributes
from kanbert_filter.errors import RecordError

_START = datetime(2024, 1, 1, tzinfo=UTC)
_END = datetime(2025, 1, 1, tzinfo=UTC)
_STATUSES = frozenset({"ACTIVE", "PENDING"})


def f2_mapping(record: dict[str, Any]) -> bool:
    title = record.get("title")
    if title.__class__ is not str:
        if title is None:
            return False
        title = records.as_text(title, ("title", "string"))
    if "acme" not in title.lower():
        return False
    client = record.get("client")
    if client is not None:
        if client.__class__ is not dict:
            client = records.mapping(client, ("client", "object"))
        name = client.get("name")
        if name.__class__ is not str and name is not None:
            name = records.as_text(name, ("client.name", "string"))
        if name is not None and "corp" in name.lower():
            return True
    created_at = record.get("created_at")
    if created_at.__class__ is not datetime or created_at.tzinfo is not UTC:
        if created_at is None:
            return False
        created_at = _instant(created_at)
    return created_at >= _START


def f2_attribute(record: Any) -> bool:
    title = getattr(record, "title", None)
    if title.__class__ is not str:
        if title is None:
            return False
        title = records.as_text(title, ("title", "string"))
    if "acme" not in title.lower():
        return False
    client = getattr(record, "client", None)
    if client is not None:
        name = (
            getattr(client, "name", None)
            if client.__class__ in OBJECTS or has_attributes(client)
            else client.get("name")
        )
        if name.__class__ is not str and name is not None:
            name = records.as_text(name, ("client.name", "string"))
        if name is not None and "corp" in name.lower():
            return True
    created_at = getattr(record, "created_at", None)
    if created_at.__class__ is not datetime or created_at.tzinfo is not UTC:
        if created_at is None:
            return False
        created_at = _instant(created_at)
    return bool(created_at >= _START)


def f3_mapping(record: dict[str, Any]) -> bool:
    status = record.get("status")
    if status.__class__ is not str:
        if status is None:
            return False
        status = records.as_text(status, ("status", "enum"))
    if status not in _STATUSES:
        return False
    if record.get("primary_contact_id") is not None:
        return False
    budget = record.get("budget")
    if budget is None:
        return False
    if not isinstance(budget, int) or isinstance(budget, bool):
        budget = records.as_number(budget, ("budget", "number"))
    if budget < 1000 or 5000 <= budget <= 100000:
        return False
    shortcode = record.get("shortcode")
    if shortcode.__class__ is not str:
        if shortcode is None:
            return False
        shortcode = records.as_text(shortcode, ("shortcode", "string"))
    if shortcode == "P-1":
        return False
    client = record.get("client")
    if client.__class__ is not dict:
        if client is None:
            return False
        client = records.mapping(client, ("client", "object"))
    name = client.get("name")
    if name.__class__ is not str:
        if name is None:
            return False
        name = records.as_text(name, ("client.name", "string"))
    if "acme" not in name.lower():
        return False
    title = record.get("title")
    if title.__class__ is not str:
        if title is None:
            return False
        title = records.as_text(title, ("title", "string"))
    title = title.lower()
    if not title.startswith(("p-", "q-")) and not title.endswith("-x"):
        return False
    created_at = record.get("created_at")
    if created_at.__class__ is not datetime or created_at.tzinfo is not UTC:
        if created_at is None:
            return False
        created_at = _instant(created_at)
    return _START <= created_at < _END


def f3_attribute(record: Any) -> bool:
    status = getattr(record, "status", None)
    if status.__class__ is not str:
        if status is None:
            return False
        status = records.as_text(status, ("status", "enum"))
    if status not in _STATUSES:
        return False
    if getattr(record, "primary_contact_id", None) is not None:
        return False
    budget = getattr(record, "budget", None)
    if budget is None:
        return False
    if not isinstance(budget, int) or isinstance(budget, bool):
        budget = records.as_number(budget, ("budget", "number"))
    if budget < 1000 or 5000 <= budget <= 100000:
        return False
    shortcode = getattr(record, "shortcode", None)
    if shortcode.__class__ is not str:
        if shortcode is None:
            return False
        shortcode = records.as_text(shortcode, ("shortcode", "string"))
    if shortcode == "P-1":
        return False
    client = getattr(record, "client", None)
    if client is None:
        return False
    name = (
        getattr(client, "name", None) if client.__class__ in OBJECTS or has_attributes(client) else client.get("name")
    )
    if name.__class__ is not str:
        if name is None:
            return False
        name = records.as_text(name, ("client.name", "string"))
    if "acme" not in name.lower():
        return False
    title = getattr(record, "title", None)
    if title.__class__ is not str:
        if title is None:
            return False
        title = records.as_text(title, ("title", "string"))
    title = title.lower()
    if not title.startswith(("p-", "q-")) and not title.endswith("-x"):
        return False
    created_at = getattr(record, "created_at", None)
    if created_at.__class__ is not datetime or created_at.tzinfo is not UTC:
        if created_at is None:
            return False
        created_at = _instant(created_at)
    return bool(_START <= created_at < _END)


_from_iso = datetime.fromisoformat


def _instant(value: Any) -> datetime:
    """The instant that ISO text or a `datetime` stands for. `fromisoformat` takes more than RFC 3339: the signs must stand where they do."""
    if value.__class__ is str and len(value) == 20 and value[4:20:3] == "--T::Z":
        try:
            return _from_iso(value)
        except ValueError:
            raise RecordError("created_at", "datetime", value) from None
    return records.as_instant(value, ("created_at", "datetime"), UTC)
