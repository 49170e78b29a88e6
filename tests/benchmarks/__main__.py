"""`python -m tests.benchmarks`: run the benchmarks, print their tables, and write them into the documentation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tests.benchmarks import (
    command,
    engines,
    frames,
    growth,
    plot,
    predicates,
    questions,
    reading,
    report,
    requests,
    sql_shapes,
    startup,
)
from tests.benchmarks.rows import Row

SECTIONS: dict[str, tuple[str, float, Callable[[float], list[Row]]]] = {
    "text": ("1. Text to tree", 30, reading.text_to_tree),
    "json": ("2. JSON text to tree", 15, reading.json_to_tree),
    "check": ("3. Check", 10, reading.check),
    "completion": ("3. Completion", 5, reading.completion),
    "predicate": ("4. Predicate, by hand and compiled, per record", 48, predicates.predicate),
    "predicate-peers": ("4. Predicate, beside the peers, per record", 10, predicates.predicate_peers),
    "growth": ("5. Growth of reading and checking, per condition", 40, growth.growth),
    "lists": ("5. Long disjunctions and conjunctions, per record", 10, predicates.long_lists),
    "ready": ("6. Text to ready predicate", 20, predicates.text_to_predicate),
    "startup": ("7. Start of a process", 20, startup.startup),
    "postgresql": ("8. PostgreSQL by SQLAlchemy, one million rows", 60, engines.postgresql),
    "sql-shapes": ("8. Shapes of filters on PostgreSQL, a million tasks", 120, sql_shapes.postgresql),
    "sqlite-shapes": ("8. Shapes of filters on SQLite, a million tasks", 120, sql_shapes.sqlite),
    "django-shapes": ("8. Shapes of filters on PostgreSQL, by Django", 120, sql_shapes.django_postgresql),
    "django-sqlite-shapes": ("8. Shapes of filters on SQLite, by Django", 120, sql_shapes.django_sqlite),
    "frames": ("8. Data frames, one million rows", 60, frames.frames),
    "questions": ("9. Questions about filters", 60, questions.questions),
    "requests": ("10. Requests in FastAPI and SQLAlchemy, on SQLite", 20, requests.requests),
    "command": ("11. The command on 800 000 records", 120, command.command),
}
"""By name: the title, the seconds it takes unless told otherwise, and what it does."""


def main() -> int:
    """Run the chosen sections. The status is 1 if a bar is not held."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"all, or some of: {', '.join(SECTIONS)}")
    parser.add_argument("--skip", action="append", default=[], choices=SECTIONS, help="a section to leave out")
    parser.add_argument("--seconds", type=float, help="the time for each section")
    parser.add_argument("--dry", action="store_true", help="print the tables and write nothing")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"unknown sections: {', '.join(unknown)}")
    chosen = [name for name in arguments.sections or SECTIONS if name not in arguments.skip]
    known = report.load()
    results: dict[str, report.Result] = dict(known.results)
    for name in chosen:
        title, seconds, run = SECTIONS[name]
        rows = run(arguments.seconds or seconds)
        results[name] = report.Result(title, report.today(), rows)
        print(f"\n{title}\n\n{report.table(rows)}", flush=True)
    ordered = {name: results[name] for name in SECTIONS if name in results}
    made = report.Report(known.machine, ordered)
    print(f"\n{report.summary(report.Report(known.machine, {name: results[name] for name in chosen}))}")
    print("; ".join(f"{name} {value}" for name, value in known.machine.items()))
    if not arguments.dry:
        report.save(made)
        plot.save(made, report.RESULTS.with_suffix(".svg"))
    return int(any(row.passed is False for name in chosen for row in results[name].rows))


if __name__ == "__main__":
    sys.exit(main())
