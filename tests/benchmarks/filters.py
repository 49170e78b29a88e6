"""The filters that are measured, the endpoint they belong to, and records to match."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any, Final

import kanbert_filter as kf

F2: Final = 'title contains "Acme" and (created_at >= "2024-01-01" or client.name contains "Corp")'
F3: Final = (
    "status in ['ACTIVE','PENDING'] and budget >= 1000"
    " and (title startswith 'P-' or title startswith 'Q-' or title endswith '-X')"
    " and client.name contains 'Acme' and created_at >= '2024-01-01' and created_at < '2025-01-01'"
    " and primary_contact_id is null and (budget < 5000 or budget > 100000) and shortcode != 'P-1'"
)


def f4(conditions: int = 1000) -> str:
    """So many equalities on one field, joined by OR."""
    return " or ".join([f'shortcode = "P-{number}"' for number in range(conditions)])


FILTERS: Final = {"F2": F2, "F3": F3, "F4": f4()}

NO_LIMITS: Final = kf.Limits(
    max_text_length=10**8, max_conditions=10**7, max_list_values=10**7, max_values=10**7, max_depth=100
)

FIELDS: Final = {
    "title": "string",
    "status": "enum: ACTIVE, PENDING, DONE",
    "budget": "number",
    "created_at": "datetime",
    "client.name": "string",
    "primary_contact_id": "id",
    "shortcode": "string",
}
PROJECTS: Final = kf.Endpoint("projects", FIELDS)


class Project:
    """A record as an object."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.__dict__.update(record, client=record["client"] and Client(**record["client"]))


class Client:
    """A project's client as an object."""

    def __init__(self, name: str | None) -> None:
        self.name = name


def passing_records(number: int, *, iso: bool) -> list[dict[str, Any]]:
    """Records for which nothing of F3 can be left out, because they match; half of them need the second half of F2."""
    random = Random(4)
    return [
        {
            "id": index,
            "title": random.choice(["P-Acme {}", "Q-Acme {}", "acme {}-X"]).format(index),
            "status": random.choice(["ACTIVE", "PENDING"]),
            "budget": random.choice([random.randrange(1000, 5000), random.randrange(100_001, 900_000)]),
            "created_at": _moment(f"2024-{index % 12 + 1:02}-{index % 28 + 1:02}T{index % 24:02}:30:00Z", iso),
            "client": {"name": f"{random.choice(['Acme', 'ACME Corp'])} {index}"},
            "primary_contact_id": None,
            "shortcode": f"S-{index}",
        }
        for index in range(number)
    ]


def mixed_records(number: int, *, iso: bool, gaps: bool = True) -> list[dict[str, Any]]:
    """Records as a collection holds them: most fail early or late, some match, and with `gaps` some values are null or missing."""
    random = Random(5)
    records = []
    for index in range(number):
        day = f"{random.choice([2023, 2024, 2024, 2025])}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
        record: dict[str, Any] = {
            "id": index,
            "title": random.choice(["P-Acme {}", "Q-{} acme", "R-{}-X", "Something {}"]).format(index),
            "status": random.choice(["ACTIVE", "PENDING", "DONE"]),
            "budget": random.choice([random.randrange(5000), random.randrange(2000, 200_000)]),
            "created_at": _moment(f"{day}T{random.randrange(24):02}:15:00Z", iso),
            "client": {"name": random.choice(["Acme", "Acme Corp", "Big Corp", "Nobody"])},
            "primary_contact_id": random.choice([None, None, f"c-{index}"]),
            "shortcode": f"P-{random.randrange(2000)}",
        }
        if gaps and random.random() < 0.2:
            gap = random.choice(["title", "status", "budget", "created_at", "client", "shortcode"])
            record[gap] = None
            if random.random() < 0.5 and gap != "client":
                del record[gap]
        records.append(record)
    return records


def _moment(text: str, iso: bool) -> str | datetime:
    # A time zone of UTC's own, as databases and `fromisoformat` give it.
    return text if iso else datetime.fromisoformat(text)
