"""`python -m tests.conformance.generate`: write the suite from the corpora in `tests/corpus`.

The corpora are written by hand, an input a line; what each must give is what this library gives. The corpora's own tests hold the
library to what people expect, and `tests/test_conformance.py` holds the suite to the corpora.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import kanbert_filter as kf
from tests import corpora, matches
from tests.conformance import library, suite

Data = dict[str, Any]

DESCRIPTIONS: Final = {
    "dsl": "Filters in DSL, in canonical writing and in others.",
    "dsl-faults": "Texts that are not filters in DSL.",
    "json": "Filters in JSON.",
    "json-faults": "JSON that is not a filter.",
    "form-faults": "Forms that are not filters.",
    "query-faults": "Query strings with a parameter that can only be a misspelled filter.",
    "matches": "Filters, and the records they match; each has a look-alike that matches others.",
    "topics": "Every error code, and every heading and decision of the pages on the language, each beside a look-alike.",
}
CONTEXT: Final = {
    "now": "2024-05-01T22:30:00Z",
    "timezone": "Europe/Vienna",
    "storage_timezone": "UTC",
    "week_start": "monday",
    "me": "u-1",
}


def endpoints() -> dict[str, Data]:
    """The shared endpoints: descriptions as `Endpoint.to_dict` gives them, and the conditions of scopes in DSL."""
    described = {"projects": matches.PROJECTS.to_dict()}
    scopes = corpora.data("scopes.json")
    for name, rows in corpora.data("endpoints.json").items():
        choices = {scope: kf.types.Scope([*conditions]) for scope, conditions in scopes.get(name, {}).items()}
        described[name] = kf.Endpoint(name, rows | choices).to_dict()
    for name, conditions in scopes.items():
        described[name]["scopes"] = {scope: bound for scope, bound in conditions.items() if isinstance(bound, dict)}
    return described


def records() -> dict[str, list[Data]]:
    """The shared data sets. The owner of a project is where the name of the endpoint's field says."""
    projects = [
        {name: part for name, part in record.items() if name != "owner_id"} | {"owner": {"id": record["owner_id"]}}
        for record in matches.dataset()
    ]
    return {"projects": projects, **corpora.data("records.json")}


def pairs_of(query: str) -> list[list[str]]:
    """The pairs of a form that is written as a query string without encoding."""
    return [[key, value] for key, _, value in (part.partition("=") for part in query.split("&"))]


class Suite:
    """The files in the making. A case that several corpora have is in the first one's file."""

    def __init__(self) -> None:
        self.files: dict[str, list[Data]] = {name: [] for name in DESCRIPTIONS}
        self.known: dict[str, Data] = {}
        self.endpoints, self.records = endpoints(), records()

    def add(self, file: str, notation: str, text: Any, **others: Any) -> Data:
        """The case with this input, answered by the library."""
        asked = {"notation": notation, "input": text} | others
        key = json.dumps(asked, sort_keys=True, default=str)
        if key not in self.known:
            request = dict(asked)
            if "endpoint" in asked:
                request["endpoint"] = self.endpoints[asked["endpoint"]]
            if "records" in asked:
                request["records"] = self.records[asked["records"]]
            shown = text if isinstance(text, str) else "&".join("=".join(pair) for pair in text)
            words = re.sub(r"[^a-z0-9]+", "-", shown.lower()[:40]).strip("-")
            name = f"{file}/{words or notation}-{sha256(key.encode()).hexdigest()[:6]}"
            self.known[key] = {"id": name} | asked | library.answer(request)
            self.files[file].append(self.known[key])
        return self.known[key]


def made() -> tuple[Suite, list[Data]]:
    """The suite, and the table of topics."""
    new = Suite()
    for line in corpora.lines("dsl_identity.txt"):
        new.add("dsl", "dsl", line)
    for line in corpora.lines("dsl_rewritten.txt"):
        new.add("dsl", "dsl", line.split(" => ")[0])
    for block in corpora.blocks("dsl_faults.txt"):
        new.add("dsl-faults", "dsl", block[1])
    for file, name in (("json", "json.txt"), ("json-faults", "json_errors.txt")):
        for text, *_ in corpora.rows(name):
            new.add(file, "json", text)
    for text, *_ in corpora.rows("form_errors.txt"):
        new.add("form-faults", "form", pairs_of(text))
    for text, *_ in corpora.rows("parameters.txt"):
        new.add("query-faults", "query", text)
    return new, [*meanings(new), *topics(new)]


def meanings(new: Suite) -> Iterator[Data]:
    """The parts of the corpus of matches, each with its cases: pairs of a filter and a look-alike that matches other records."""
    headings = {
        number: line[2:]
        for number, line in enumerate(matches.MATCHES.read_text("utf-8").splitlines(), 1)
        if line.startswith("# ")
    }
    found: dict[str, list[list[str]]] = {}
    for case in matches.cases():
        others = {"endpoint": "projects", "records": "projects", "context": CONTEXT | {"timezone": case.timezone}}
        pair = [new.add("matches", "dsl", text, **others)["id"] for text in (case.filter, case.lookalike)]
        heading = headings[max([number for number in headings if number < case.line])]
        found.setdefault(f"meaning {heading}", []).append(pair)
    for topic, pairs in found.items():
        yield {"topic": topic, "pairs": pairs}


def topics(new: Suite) -> Iterator[Data]:
    """The topics, each with its cases: pairs of one and a look-alike with another answer."""
    found: dict[str, list[list[str]]] = {}
    for topic, endpoint, notation, first, second, *options in corpora.rows("topics.txt"):
        others = asked_with(endpoint, " ".join(options))
        pair = []
        for text in (first, second):
            shown = json.loads(text[1:]) if text.startswith('\\"') else text
            pair.append(new.add("topics", notation, pairs_of(shown) if notation == "form" else shown, **others)["id"])
        found.setdefault(topic, []).append(pair)
    for topic, pairs in found.items():
        yield {"topic": topic, "pairs": pairs}


def asked_with(endpoint: str, options: str) -> Data:
    """What a case says besides its input: the endpoint, and from options such as `records=projects timezone=UTC` the rest."""
    others: Data = {} if endpoint == "-" else {"endpoint": endpoint}
    given = dict(option.split("=", 1) for option in options.split())
    if "records" in given:
        others["records"] = given.pop("records")
        others["context"] = CONTEXT | {name: given.pop(name) for name in CONTEXT if name in given}
        if others["context"]["me"] == "nobody":
            del others["context"]["me"]
    return others | ({"limits": {name: int(bound) for name, bound in given.items()}} if given else {})


def texts() -> dict[str, str]:
    """The suite's files by name, as they are written: a case a line."""
    new, table = made()
    written = {
        "endpoints": _written(new.endpoints),
        "records": _written(new.records),
        "coverage": f"[\n{_lines(table)}\n]\n",
    }
    for name, cases in new.files.items():
        described = json.dumps(DESCRIPTIONS[name])
        written[name] = (
            f'{{\n"$schema": "schema.json",\n"description": {described},\n"cases": [\n{_lines(cases)}\n]}}\n'
        )
    return written


def _lines(items: list[Data]) -> str:
    return ",\n".join([json.dumps(item, ensure_ascii=False, default=_plain) for item in items])


def _written(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1, default=_plain) + "\n"


def _plain(number: Decimal) -> float:
    assert Decimal(str(float(number))) == number, "a number of the records is no float"
    return float(number)


def main() -> None:
    for name, text in texts().items():
        (suite.FOLDER / f"{name}.json").write_text(text, "utf-8")
    print(f"{sum(1 for _ in suite.cases())} cases")


if __name__ == "__main__":
    main()
