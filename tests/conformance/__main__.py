"""`python -m tests.conformance COMMAND…`: judge an implementation of the filter language. The status is 1 if an answer is wrong,
and 2 if the command cannot be judged."""

from __future__ import annotations

import sys

from tests.conformance.suite import judged


def main(command: list[str]) -> int:
    if not command:
        print("usage: python -m tests.conformance COMMAND…", file=sys.stderr)
        return 2
    try:
        verdicts = judged(command)
    except (OSError, ValueError) as error:
        print(f"The command cannot be judged: {error}", file=sys.stderr)
        return 2
    print(f"{'':14}{'passed':>8}{'in part':>9}{'skipped':>9}{'wrong':>7}")
    for name, verdict in verdicts.items():
        counts = (verdict.passed, verdict.in_part, verdict.unanswered, len(verdict.failures))
        print(f"{name:14}{counts[0]:>8}{counts[1]:>9}{counts[2]:>9}{counts[3]:>7}")
    failures = [failure for verdict in verdicts.values() for failure in verdict.failures]
    for failure in failures:
        print(f"wrong: {failure}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
