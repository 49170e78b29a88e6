"""The one dataset and the one list of filters that every back end answers alike.

`corpus/dataset.json` holds projects with their client, tasks and members, as JSON; `corpus/matches.txt` one case a line: a filter, the
ids it selects, a look-alike filter, the other ids that that one selects, and, where it is not Vienna's, the time zone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from kanbert_filter import types
from kanbert_filter.builder import field
from kanbert_filter.context import Context
from kanbert_filter.endpoints.endpoint import Endpoint
from kanbert_filter.nodes import EVERYTHING

CORPUS = Path(__file__).parent / "corpus"
MATCHES = CORPUS / "matches.txt"

PROJECTS = Endpoint(
    "projects",
    {
        "id": "id",
        "title": "string",
        "code": types.String(case_sensitive=True),
        "status": "enum: ACTIVE, PENDING, DONE",
        "budget": "number",
        "price": "currency",
        "done": "boolean",
        "due": "date",
        "created_at": "datetime",
        "owner.id": types.Id("UserData", source="owner_id"),
        "client.name": "string",
        "client.vip": "boolean",
        "custom_field.*": "custom",
        "archived": types.Scope(
            {"with": EVERYTHING, "only": field("archived_at").is_not_null(), "without": field("archived_at").is_null()}
        ),
        "tasks": {
            "title": "string",
            "status": "enum: ACTIVE, PENDING, DONE",
            "hours": "number",
            "due": "date",
            "members": {"name": "string"},
        },
    },
)


@dataclass(frozen=True)
class Case:
    """A filter beside one that looks like it and means something else."""

    line: int
    filter: str
    ids: tuple[int, ...]
    lookalike: str
    lookalike_ids: tuple[int, ...]
    timezone: str

    @property
    def context(self) -> Context:
        """The moment of all cases: half past midnight in Vienna on Thursday, 2 May 2024; stored times without offset are UTC's."""
        return Context(now=datetime(2024, 5, 1, 22, 30, tzinfo=UTC), timezone=self.timezone, me="u-1")

    def __str__(self) -> str:
        return f"line {self.line}"


def dataset() -> list[dict[str, Any]]:
    """The records, numbers exact."""
    records: list[dict[str, Any]] = json.loads(
        (CORPUS / "dataset.json").read_text(encoding="utf-8"), parse_float=Decimal
    )
    return records


def cases() -> list[Case]:
    """The cases, in order."""
    found = []
    for number, line in enumerate(MATCHES.read_text(encoding="utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            parts = [part.strip() for part in line.split(" | ")]
            zone = parts[4] if len(parts) > 4 else "Europe/Vienna"
            found.append(Case(number, parts[0], _ids(parts[1]), parts[2], _ids(parts[3]), zone))
    return found


def _ids(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.replace("none", "").split()))
