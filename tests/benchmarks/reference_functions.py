"""What a careful person writes by hand for the filters F2 and F3: null-safe, every value's type checked, nothing looked up twice.

The predicate is measured against these. They mean what the filters mean, for the same records, and refuse the same values: whatever is
not simply of the expected type is given to the functions that the predicate gives it to. Conditions stand in the order in which a
person who thinks of speed puts them, cheap ones first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kanbert_filter.backends import records

F2 = 'title contains "Acme" and (created_at >= "2024-01-01" or client.name contains "Corp")'
F3 = (
    "status in ['ACTIVE','PENDING'] and budget >= 1000"
    " and (title startswith 'P-' or title startswith 'Q-' or title endswith '-X')"
    " and client.name contains 'Acme' and created_at >= '2024-01-01' and created_at < '2025-01-01'"
    " and primary_contact_id is null and (budget < 5000 or budget > 100000) and shortcode != 'P-1'"
)
FIELDS = {
    "title": "string",
    "status": "enum",
    "budget": "number",
    "client.name": "string",
    "created_at": "datetime",
    "primary_contact_id": "id",
    "shortcode": "string",
}

_START = datetime(2024, 1, 1, tzinfo=UTC)
_END = datetime(2025, 1, 1, tzinfo=UTC)
_STATUSES = frozenset({"ACTIVE", "PENDING"})


def f2_mapping(record: dict[str, Any]) -> bool:
    title = record.get("title")
    if title is None:
        return False
    if not isinstance(title, str):
        title = records.text(title, "title", "string")
    if "acme" not in title.lower():
        return False
    client = record.get("client")
    if client is not None:
        if not isinstance(client, dict):
            client = records.mapping(client, "client", "object")
        name = client.get("name")
        if name is not None:
            if not isinstance(name, str):
                name = records.text(name, "client.name", "string")
            if "corp" in name.lower():
                return True
    created_at = record.get("created_at")
    if created_at is None:
        return False
    if not isinstance(created_at, datetime) or created_at.tzinfo is not UTC:
        created_at = records.instant(created_at, UTC, "created_at", "datetime")
    return created_at >= _START


def f2_attribute(record: Any) -> bool:
    title = getattr(record, "title", None)
    if title is None:
        return False
    if not isinstance(title, str):
        title = records.text(title, "title", "string")
    if "acme" not in title.lower():
        return False
    client = getattr(record, "client", None)
    if client is not None:
        name = client.get("name") if isinstance(client, dict) else getattr(client, "name", None)
        if name is not None:
            if not isinstance(name, str):
                name = records.text(name, "client.name", "string")
            if "corp" in name.lower():
                return True
    created_at = getattr(record, "created_at", None)
    if created_at is None:
        return False
    if not isinstance(created_at, datetime) or created_at.tzinfo is not UTC:
        created_at = records.instant(created_at, UTC, "created_at", "datetime")
    return bool(created_at >= _START)


def f3_mapping(record: dict[str, Any]) -> bool:
    status = record.get("status")
    if status is None:
        return False
    if not isinstance(status, str):
        status = records.text(status, "status", "enum")
    if status not in _STATUSES:
        return False
    if record.get("primary_contact_id") is not None:
        return False
    budget = record.get("budget")
    if budget is None:
        return False
    if not isinstance(budget, int) or isinstance(budget, bool):
        budget = records.number(budget, "budget", "number")
    if budget < 1000 or 5000 <= budget <= 100000:
        return False
    shortcode = record.get("shortcode")
    if shortcode is None:
        return False
    if not isinstance(shortcode, str):
        shortcode = records.text(shortcode, "shortcode", "string")
    if shortcode == "P-1":
        return False
    client = record.get("client")
    if client is None:
        return False
    if not isinstance(client, dict):
        client = records.mapping(client, "client", "object")
    name = client.get("name")
    if name is None:
        return False
    if not isinstance(name, str):
        name = records.text(name, "client.name", "string")
    if "acme" not in name.lower():
        return False
    title = record.get("title")
    if title is None:
        return False
    if not isinstance(title, str):
        title = records.text(title, "title", "string")
    title = title.lower()
    if not title.startswith(("p-", "q-")) and not title.endswith("-x"):
        return False
    created_at = record.get("created_at")
    if created_at is None:
        return False
    if not isinstance(created_at, datetime) or created_at.tzinfo is not UTC:
        created_at = records.instant(created_at, UTC, "created_at", "datetime")
    return _START <= created_at < _END


def f3_attribute(record: Any) -> bool:
    status = getattr(record, "status", None)
    if status is None:
        return False
    if not isinstance(status, str):
        status = records.text(status, "status", "enum")
    if status not in _STATUSES:
        return False
    if getattr(record, "primary_contact_id", None) is not None:
        return False
    budget = getattr(record, "budget", None)
    if budget is None:
        return False
    if not isinstance(budget, int) or isinstance(budget, bool):
        budget = records.number(budget, "budget", "number")
    if budget < 1000 or 5000 <= budget <= 100000:
        return False
    shortcode = getattr(record, "shortcode", None)
    if shortcode is None:
        return False
    if not isinstance(shortcode, str):
        shortcode = records.text(shortcode, "shortcode", "string")
    if shortcode == "P-1":
        return False
    client = getattr(record, "client", None)
    if client is None:
        return False
    name = client.get("name") if isinstance(client, dict) else getattr(client, "name", None)
    if name is None:
        return False
    if not isinstance(name, str):
        name = records.text(name, "client.name", "string")
    if "acme" not in name.lower():
        return False
    title = getattr(record, "title", None)
    if title is None:
        return False
    if not isinstance(title, str):
        title = records.text(title, "title", "string")
    title = title.lower()
    if not title.startswith(("p-", "q-")) and not title.endswith("-x"):
        return False
    created_at = getattr(record, "created_at", None)
    if created_at is None:
        return False
    if not isinstance(created_at, datetime) or created_at.tzinfo is not UTC:
        created_at = records.instant(created_at, UTC, "created_at", "datetime")
    return bool(_START <= created_at < _END)


def equality(record: dict[str, Any]) -> bool:
    """One equality, the measure for a disjunction of a thousand."""
    shortcode = record.get("shortcode")
    if shortcode is None:
        return False
    if not isinstance(shortcode, str):
        shortcode = records.text(shortcode, "shortcode", "string")
    return bool(shortcode == "P-999")
