"""Bar 7: what a fresh process pays, in time of the processor (its own and the system's for it)."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from functools import partial

from tests.benchmarks.contest import contest
from tests.benchmarks.filters import F2
from tests.benchmarks.rows import Row

BARE = "pass"
IMPORT = "import kanbert_filter"
FIRST_PARSE = f"import kanbert_filter as kf; kf.parse_dsl({F2!r}); assert 'lark' not in sys.modules"
FIRST_JSON = "import kanbert_filter as kf; kf.parse_json('[]'); kf.parse_json({0!r}); assert 'lark' not in sys.modules"


def startup(seconds: float) -> list[Row]:
    """Processes that do nothing, import the package, and read their first filter, beside bare Python."""
    first_json = FIRST_JSON.format('[{"field": "title", "op": "eq", "value": "Acme"}]')
    scripts = {"bare Python": BARE, "import": IMPORT, "first parse": FIRST_PARSE, "first JSON": first_json}
    works = {name: partial(run, script) for name, script in scripts.items()}
    for work in works.values():
        work()
    times = contest(works, seconds=seconds, clock=children_time, warm=False)
    return [
        Row(
            subject,
            times.of(name),
            "bare Python",
            times.of("bare Python"),
            times.difference(name, "bare Python"),
            bar,
            "ms",
        )
        for subject, name, bar in (
            ("import", "import", 15.0),
            ("import, first DSL parse", "first parse", 40.0),
            ("import, first JSON parse", "first JSON", None),
        )
    ]


def run(script: str) -> None:
    """Run a script in a process of its own, which keeps its compiled modules as any installation does."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", f"import sys; {script}"], check=True, env=environment)


def children_time() -> int:
    """The processor's time that finished child processes used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int((usage.ru_utime + usage.ru_stime) * 1e9)
