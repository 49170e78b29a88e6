"""The conformance suite: what the corpora make, complete, and passed by the library and by a second implementation."""

from __future__ import annotations

import json
import re
import shutil
import sys
from decimal import Decimal
from pathlib import Path
from random import Random
from subprocess import PIPE, run
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kanbert_filter.errors import CODES
from tests import matches
from tests.conformance import generate, library, suite
from tests.conformance.__main__ import main

PAGES = [Path(__file__).parents[2] / "docs" / name for name in ("language.md", "json-and-form.md")]
JAVASCRIPT = ["node", str(suite.FOLDER / "dsl.mjs")]
CASES = {case["id"]: case for _, case in suite.cases()}

HEADINGS_WITHOUT_CASES = {"Building in Python"}
DECISIONS_ON_PYTHON = {"Decoded JSON", "NaN and infinities", "An enum member", "A fraction"}
"""What no case can show, because it is about objects of Python."""

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


def without_sentences(data: Any) -> Any:
    """Data without what is only informative."""
    if isinstance(data, list):
        return [without_sentences(item) for item in data]
    if isinstance(data, dict):
        return {key: without_sentences(part) for key, part in data.items() if key != "issue"}
    return data


def test_the_suite_is_what_the_corpora_make() -> None:
    written = {path.stem for path in suite.FOLDER.glob("*.json")} - {"schema"}
    texts = generate.texts()
    assert written == texts.keys()
    for name, text in texts.items():
        made = json.loads(text, parse_float=Decimal)
        assert without_sentences(suite.read(name)) == without_sentences(made), (
            "run python -m tests.conformance.generate"
        )


@pytest.mark.parametrize("name", suite.files())
def test_files_are_in_the_format(name: str) -> None:
    schema = json.loads((suite.FOLDER / "schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    faults = Draft202012Validator(schema).iter_errors(json.loads((suite.FOLDER / f"{name}.json").read_text("utf-8")))
    assert not [(list(fault.absolute_path), fault.message) for fault in faults]


def test_endpoints_are_in_the_format() -> None:
    schema = json.loads((suite.FOLDER / "schema.json").read_text("utf-8"))
    described = schema | {"$ref": "#/$defs/endpoint", "type": "object"}
    for key in ("required", "additionalProperties", "properties"):
        del described[key]
    validator = Draft202012Validator(described)
    for name, endpoint in suite.read("endpoints").items():
        assert not [fault.message for fault in validator.iter_errors(endpoint)], name
        assert not validator.is_valid(endpoint | {"fields": {"title": {"type": "text", "operators": []}}})
        assert not validator.is_valid(endpoint | {"fields": {"tasks": {"type": "relation", "operators": []}}})


def test_cases_have_their_own_ids_and_inputs() -> None:
    assert len(CASES) == len([*suite.cases()])
    asked = [
        {key: part for key, part in case.items() if key not in (*suite.NORMATIVE, "id")} for case in CASES.values()
    ]
    assert len({json.dumps(case, sort_keys=True, default=str) for case in asked}) == len(CASES)


def test_filters_match_what_the_corpus_of_matches_says() -> None:
    found = {
        (case["input"], case["context"]["timezone"]): case["matches"]
        for name, case in suite.cases()
        if name == "matches"
    }
    for case in matches.cases():
        assert found[case.filter, case.timezone] == sorted(case.ids)
        assert found[case.lookalike, case.timezone] == sorted(case.lookalike_ids)


# coverage


def expected_topics() -> set[str]:
    """Every error code, and the headings and decisions of the pages on the language."""
    page = "".join([page.read_text("utf-8") for page in PAGES])
    headings = {*re.findall(r"^###? (.+)$", page, re.MULTILINE)} - HEADINGS_WITHOUT_CASES
    topics = {f"code {code}" for code in CODES}
    for part in re.split(r"^###? ", page, flags=re.MULTILINE):
        heading, _, text = part.partition("\n")
        if heading in headings:
            topics.add(f"heading {heading}")
        if heading not in HEADINGS_WITHOUT_CASES:
            decisions = {decision.replace("`", "") for decision in re.findall(r"^- \*\*(.+?)\*\*", text, re.MULTILINE)}
            topics |= {f"decision {decision}" for decision in decisions - DECISIONS_ON_PYTHON}
    return topics


def test_every_code_heading_and_decision_has_cases() -> None:
    topics = {row["topic"] for row in suite.read("coverage") if not row["topic"].startswith("meaning ")}
    assert topics == expected_topics()


@pytest.mark.parametrize("row", suite.read("coverage"), ids=lambda row: row["topic"])
def test_every_case_of_the_table_has_a_look_alike_with_another_answer(row: dict[str, Any]) -> None:
    for first, second in row["pairs"]:
        case, look_alike = CASES[first], CASES[second]
        keys = ("matches", "fails") if "records" in case else suite.NORMATIVE
        answers = [{key: suite.comparable(key, each.get(key)) for key in keys} for each in (case, look_alike)]
        assert answers[0] != answers[1]
        kind, _, code = row["topic"].partition(" ")
        if kind == "code" and code != "unsupported":
            assert code in {problem["code"] for problem in case["problems"]}
            assert code not in {problem["code"] for problem in look_alike.get("problems", ())}
        if code == "unsupported":
            assert None in (case["dsl"], case["form"])
            assert None not in (look_alike["dsl"], look_alike["form"])


# judging


def test_the_library_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([sys.executable, "-m", "tests.conformance.library"]) == 0
    _, *rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [name for name, *_ in rows] == suite.files()
    assert sum(int(passed) for _, passed, *_ in rows) == len(CASES)


def answers_other_than(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Wrong answers to a case, each in one part."""
    right = {key: case[key] for key in suite.NORMATIVE if key in case}
    wrong: list[dict[str, Any]] = [right | {"tree": {"field": "?", "op": "isnull"}}]
    if "problems" in case:
        [problem, *others] = case["problems"]
        changes: list[dict[str, Any]] = [{"code": "?"}, {"field": "?"}, {"place": {"key": "?"}}]
        wrong += [right | {"problems": [problem | change, *others]} for change in changes]
        wrong += [{"problems": []}, {"problems": [problem, *others, problem]}]
    else:
        wrong += [
            {"refused": True},
            {"problems": []},
            right | {"dsl": "?"},
            right | {"json": '["?"]'},
            right | {"form": [["?", ""]]},
        ]
    if "matches" in case:
        wrong += [right | {"matches": [*case["matches"], 0]}, {"fails": "record"}]
    return wrong


@pytest.mark.parametrize("name", suite.files())
def test_a_wrong_answer_is_noticed(name: str) -> None:
    for case in suite.read(name)["cases"]:
        for answer in answers_other_than(case):
            verdict = suite.Verdict()
            verdict.judge(case, answer)
            assert verdict.failures, answer


def test_what_is_only_informative_may_differ() -> None:
    for case in CASES.values():
        answer = {key: case[key] for key in suite.NORMATIVE if key in case}
        if case.get("json"):
            answer["json"] = (
                json.dumps(json.loads(case["json"], parse_float=float), indent=3)
                if "e" not in case["json"]
                else case["json"]
            )
        if "problems" in case:
            answer["problems"] = [problem | {"issue": "?"} for problem in case["problems"]]
        verdict = suite.Verdict()
        verdict.judge(case, answer)
        assert verdict.passed, case["id"]


def test_parts_and_skips_are_counted_apart() -> None:
    verdict = suite.Verdict()
    case = next(case for case in CASES.values() if "tree" in case)
    for answer in ({}, {"tree": case["tree"]}):
        verdict.judge(case, answer)
    assert (verdict.passed, verdict.in_part, verdict.unanswered, verdict.failures) == (0, 1, 1, [])


def test_the_command_reports_wrong_answers(capsys: pytest.CaptureFixture[str]) -> None:
    everything_is_refused = "import sys\nfor line in sys.stdin: print('{\"refused\": true}')"
    assert main([sys.executable, "-c", everything_is_refused]) == 1
    shown = capsys.readouterr().out
    assert "wrong: dsl/title-acme" in shown
    assert "  refused: expected null, found true" in shown
    assert main([]) == 2


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ([sys.executable, "-c", "print('{}')"], "found 1 answers to"),
        ([sys.executable, "-c", "print('[]')"], "found the line '[]', expected an answer as a JSON object"),
        ([sys.executable, "-c", "print('Traceback')"], "found the line 'Traceback'"),
        ([sys.executable, "-c", "import sys; sys.exit(3)"], "the exit status 3"),
        (["no-such-command"], "no-such-command"),
    ],
)
def test_a_command_that_cannot_be_judged_is_said_so(
    command: list[str], fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2
    assert fault in capsys.readouterr().err


# a second implementation


@needs_node
def test_the_second_implementation_passes_its_part() -> None:
    verdicts = suite.judged(JAVASCRIPT)
    assert not [failure for verdict in verdicts.values() for failure in verdict.failures]
    assert not verdicts["dsl"].unanswered
    assert not verdicts["dsl-faults"].unanswered
    assert verdicts["topics"].in_part > 100


@needs_node
def test_both_implementations_agree_on_altered_texts() -> None:
    """The suite has no texts that nobody thought of. Random changes to its texts do."""
    random = Random(7)
    texts = [case["input"] for case in CASES.values() if case["notation"] == "dsl"]
    pieces = [
        *" .'\"\\_-0aeE()[],=<>!\n\x0b\xa0é😀\u2028ſ",
        "",
        " and ",
        " or ",
        "in [",
        " is ",
        "not",
        "today+",
        "e64",
        "0" * 20,
        "\\ud83d",
    ]
    altered = []
    for _ in range(4000):
        text = random.choice(texts)
        start = random.randint(0, len(text))
        altered.append(text[:start] + random.choice(pieces) + text[start + random.randint(0, 3) :])
    asked = "".join(json.dumps({"notation": "dsl", "input": text}) + "\n" for text in altered)
    answers = run(JAVASCRIPT, input=asked.encode(), stdout=PIPE, check=True).stdout.decode().split("\n")
    for text, line in zip(altered, answers, strict=False):
        expected = library.answer({"notation": "dsl", "input": text})
        known = {"refused": True} if "problems" in expected else {key: expected[key] for key in ("tree", "dsl")}
        assert json.loads(line) == known, text
    assert len(answers) == len(altered) + 1
