"""The suite as data: its files, what an implementation is asked, and how its answer is judged."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
SHARED: Final = {"endpoints", "records", "coverage", "schema"}
"""The files that hold no cases."""

NORMATIVE: Final[tuple[str, ...]] = ("tree", "dsl", "json", "form", "matches", "fails", "problems")
"""What a case expects; of a problem its code, field and place."""

MOST_CHARACTERS: Final = 300
"""So many characters of an answer are shown."""

Data = dict[str, Any]


def read(name: str) -> Any:
    """What a file of the suite holds. Numbers are exact."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"), parse_float=Decimal)


def files() -> list[str]:
    """The names of the files that hold cases."""
    return sorted({path.stem for path in FOLDER.glob("*.json")} - SHARED)


def cases() -> Iterator[tuple[str, Data]]:
    """Every case, with the name of its file."""
    for name in files():
        for case in read(name)["cases"]:
            yield name, case


class Requests:
    """What implementations are asked: cases without what is expected, with the endpoint and the records that they name."""

    def __init__(self) -> None:
        self.endpoints, self.records = read("endpoints"), read("records")

    def of(self, case: Data) -> Data:
        request = {key: part for key, part in case.items() if key not in NORMATIVE}
        if "endpoint" in case:
            request["endpoint"] = self.endpoints[case["endpoint"]]
        if "records" in case:
            request["records"] = self.records[case["records"]]
        return request


def comparable(key: str, part: Any) -> Any:
    """A part of an answer, without what is only informative: sentences, and how JSON is spaced."""
    if key == "problems" and isinstance(part, list):
        return [{name: problem.get(name) for name in ("code", "field", "place")} for problem in part]
    if key == "json" and isinstance(part, str):
        # numbers are compared by value, and never taken for booleans
        return json.loads(part, parse_int=_number, parse_float=_number)
    return part


def _number(text: str) -> Data:
    return {"number": str(Decimal(text).normalize())}


def _shown(part: Any) -> str:
    text = json.dumps(part, ensure_ascii=False, default=str)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


@dataclass
class Verdict:
    """What became of the cases of one file."""

    passed: int = 0
    in_part: int = 0
    unanswered: int = 0
    failures: list[str] = field(default_factory=list)

    def judge(self, case: Data, answer: Data) -> None:
        """Count a case by the parts that are answered. `refused` is an answer to problems that tells neither codes nor places."""
        expected = {key: case[key] for key in NORMATIVE if key in case}
        given = {key: answer[key] for key in NORMATIVE if key in answer}
        if answer.get("refused") is True:
            wrong = [] if "problems" in expected else ["refused"]
        else:
            wrong = [
                key
                for key, part in given.items()
                if key not in expected or comparable(key, part) != comparable(key, expected[key])
            ]
        if wrong:
            lines = [
                f"\n  {key}: expected {_shown(expected.get(key))}, found {_shown(answer.get(key))}" for key in wrong
            ]
            self.failures.append(f"{case['id']}, {_shown(case['input'])}{''.join(lines)}")
        elif not given and "refused" not in answer:
            self.unanswered += 1
        elif given.keys() < expected.keys() or "refused" in answer:
            self.in_part += 1
        else:
            self.passed += 1


def _answer(line: str) -> Data:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise ValueError(f"found the line {line[:MOST_CHARACTERS]!r}, expected an answer as a JSON object")
    return answer


def judged(command: Sequence[str]) -> dict[str, Verdict]:
    """The verdicts on an implementation, by file. Raises `ValueError` where it does not answer each case with a line of JSON."""
    requests, asked = Requests(), [*cases()]
    lines = "".join(json.dumps(requests.of(case), default=float) + "\n" for _, case in asked)
    run = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=False)
    answers = [_answer(line) for line in run.stdout.decode(errors="replace").split("\n") if line]
    if run.returncode or len(answers) != len(asked):
        raise ValueError(
            f"found {len(answers)} answers to {len(asked)} cases and the exit status {run.returncode}, expected a line for each and 0"
        )
    verdicts: dict[str, Verdict] = {}
    for (name, case), answer in zip(asked, answers, strict=True):
        verdicts.setdefault(name, Verdict()).judge(case, answer)
    return verdicts
