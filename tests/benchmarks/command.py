"""Bar 11: the command `match` on long files, beside jq, Miller and DuckDB. All of them write what they find."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.benchmarks.contest import Ratio, Work, contest, wall_time
from tests.benchmarks.rows import Row, compared
from tests.benchmarks.startup import children_time

RECORDS: Final = 800_000
"""Some 210 MB of JSON Lines, 110 MB of CSV."""

TABLE: Final = """\
| Field | Type |
|---|---|
| title | string |
| status | string |
| budget | number |
| client.name | string |
| owner | string |
"""

FILTERS: Final = {
    "one in twelve": "title contains 'acme' and budget >= 5000",
    "one in a thousand": "owner = 'u-17'",
}
JQ: Final = {
    "one in twelve": 'select((.title | ascii_downcase | contains("acme")) and .budget >= 5000)',
    "one in a thousand": 'select(.owner == "u-17")',
}
SQL: Final = {
    "one in twelve": "lower(title) LIKE '%acme%' AND budget >= 5000",
    "one in a thousand": "owner = 'u-17'",
}
MILLER: Final = {
    "one in twelve": '(tolower($title) =~ "acme") && $budget >= 5000',
    "one in a thousand": '$owner == "u-17"',
}
COPY: Final = """\
import duckdb, sys
duckdb.connect().execute(
    "COPY (SELECT * FROM read_json('projects.jsonl', format='newline_delimited') WHERE " + sys.argv[1]
    + ") TO '/dev/stdout' (FORMAT json)"
)
"""


def command(seconds: float, records: int = RECORDS) -> list[Row]:
    """The processor's time of whole processes, and the time until the first record is there."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, records)
        for subject in FILTERS:
            for file, commands, bars in (
                ("projects.jsonl", on_json(subject), {"DuckDB": 1.0, "jq": 0.35}),
                ("projects.csv", on_csv(subject), {"Miller": 1.0}),
            ):
                works: dict[str, Work] = {name: partial(run, words, folder) for name, words in commands.items()}
                times = contest(works, seconds=seconds / 5, clock=children_time, fewest=5, warm=False)
                for other in [*works][1:]:
                    rows.append(compared(times, f"{file}, {subject}", "match", other, bars[other]))
        first = partial(run, match("title is not null", "first.jsonl"), folder)
        times = contest({"match": first}, seconds=seconds / 10, clock=wall_time, warm=False)
        took = sorted(time / 1e6 for time in times.rounds["match"])
        ratio = Ratio(took[0], times.of("match") / 1e6, took[-1])
        rows.append(Row("start to the end of one record", times.of("match"), "nothing", 0, ratio, 120, "ms"))
    return rows


def match(filter: str, file: str) -> list[str]:
    """Our command."""
    script = "from kanbert_filter.cli import main; main()"
    return [sys.executable, "-c", script, "match", "-e", "projects.md", filter, file]


def on_json(subject: str) -> Mapping[str, list[str]]:
    """What reads JSON Lines, as far as it is installed."""
    commands = {
        "match": match(FILTERS[subject], "projects.jsonl"),
        "DuckDB": [sys.executable, "-c", COPY, SQL[subject]],
        "jq": ["jq", "-c", JQ[subject], "projects.jsonl"],
    }
    return {name: words for name, words in commands.items() if shutil.which(words[0])}


def on_csv(subject: str) -> Mapping[str, list[str]]:
    """What reads CSV, as far as it is installed."""
    commands = {
        "match": match(FILTERS[subject], "projects.csv"),
        "Miller": ["mlr", "--icsv", "--ocsv", "filter", MILLER[subject], "projects.csv"],
    }
    return {name: words for name, words in commands.items() if shutil.which(words[0])}


def run(words: list[str], folder: Path) -> int:
    """Run a command; how many lines it writes."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    with open(folder / "found", "w+b") as found:
        subprocess.run(words, cwd=folder, env=environment, stdout=found, stderr=subprocess.PIPE, check=True)
        found.seek(0)
        return sum(1 for _ in found)


WORDS: Final = [
    "Shop",
    "Website",
    "Intranet",
    "Campaign",
    "Audit",
    "Relaunch",
    "Archive",
    "Acme",
    "Globex",
    "Initech",
    "Café",
    "Straße",
    "München",
    "App",
    "Trade",
    "Fair",
    "Ledger",
]


def write_files(folder: Path, records: int) -> None:
    """The same records as JSON Lines and as CSV, the first one alone, and the table of their fields."""
    (folder / "projects.md").write_text(TABLE)
    with (
        open(folder / "projects.jsonl", "w", encoding="utf-8") as lines,
        open(folder / "projects.csv", "w", encoding="utf-8", newline="") as cells,
    ):
        rows = csv.writer(cells, lineterminator="\n")
        for record in map(record_of, range(records)):
            row = record | {"archived": json.dumps(record["archived"])}
            del row["client"]
            row["client.name"] = record["client"]["name"]
            if record["id"] == 0:
                rows.writerow(row)
                (folder / "first.jsonl").write_text(json.dumps(record))
            rows.writerow(row.values())
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


def record_of(number: int) -> dict[str, Any]:
    """The record of a number, always the same."""
    random = Random(number)
    client = random.randint(1, 1000)
    day = f"2024-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    return {
        "id": number,
        "title": " ".join(random.choices(WORDS, k=3)),
        "status": random.choice(["PLANNED", "ACTIVE", "PENDING", "DONE"]),
        "budget": random.randint(0, 1_000_000) / 100,
        "created_at": f"{day}T{random.randint(0, 23):02}:{random.randint(0, 59):02}:00Z",
        "client": {"id": client, "name": f"Client {client}"},
        "owner": f"u-{random.randint(1, 1000)}",
        "archived": random.random() < 0.1,
        "note": ", ".join(random.choices(WORDS, k=6)),
    }
