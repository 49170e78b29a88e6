"""The plot beside the table: where each peer stands."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.report import Report, time
from tests.benchmarks.rows import Row

INK: Final = "#7a7a7a"  # stands out as much from white as from nearly black
COLOURS: Final = {"F2": "#3b8eea", "F3": "#e0762f", "F4": "#8f6fd8"}
US: Final = "kanbert-filter"

PANELS: Final = (
    ("text", "Text to tree", ("F2", "F3", "F4")),
    ("json", "JSON text to tree", ("F2", "F3", "F4")),
    ("ready", "Text to ready predicate, shape never seen", ("F2, unseen", "F3, unseen")),
    ("predicate-peers", "Predicate, per record", ("F3",)),
)


def save(report: Report, path: Path) -> None:
    """Draw the sections that the report has, and write them as SVG. Without matplotlib, do nothing."""
    try:
        matplotlib: Any = import_module("matplotlib")
    except ImportError:
        return
    matplotlib.use("svg")
    pyplot: Any = import_module("matplotlib.pyplot")
    style = dict.fromkeys(["text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"], INK)
    # A fixed salt and no date: the same results draw the same file.
    with matplotlib.rc_context({**style, "font.size": 9, "svg.hashsalt": US, "svg.fonttype": "none"}):
        figure, axes = pyplot.subplots(2, 2, figsize=(9.5, 6.8), layout="constrained")
        for axis, (section, title, subjects) in zip(axes.flat, PANELS, strict=True):
            result = report.results.get(section)
            if result is None:
                axis.set_visible(False)
            else:
                _panel(axis, title, subjects, result.rows)
        dots = [matplotlib.lines.Line2D([], [], marker="o", linestyle="", color=colour) for colour in COLOURS.values()]
        figure.legend(dots, COLOURS, frameon=False, ncols=len(dots), loc="outside upper right")
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})
        pyplot.close(figure)


def _panel(axis: Any, title: str, subjects: Sequence[str], rows: Sequence[Row]) -> None:
    """One dot for each library and filter, on a logarithmic scale, the fastest on top."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        if row.subject in subjects:
            found.setdefault(row.other, {})[row.subject] = row.theirs
            found.setdefault(US, {})[row.subject] = row.ours
    names = sorted(found, key=lambda name: max(found[name][s] for s in subjects[:2] if s in found[name]), reverse=True)
    axis.set_title(title, fontsize=10, loc="left")
    axis.set_yticks(range(len(names)), names)
    for label in axis.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() == US else "normal")
    for subject in subjects:
        points = [(found[name][subject], height) for height, name in enumerate(names) if subject in found[name]]
        colour = COLOURS[subject[:2]]
        axis.plot([x for x, _ in points], [y for _, y in points], "o", color=colour)
        side = "right" if subject.startswith("F2") else "left"
        for x, y in points:
            if names[y] == US:
                axis.annotate(time(x), (x, y), (0, 6), textcoords="offset points", ha=side, color=colour, fontsize=8)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(lambda value, _: tick(value))
    axis.margins(x=0.12, y=0.14)
    axis.grid(axis="y", color=INK, alpha=0.3)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)


def tick(nanoseconds: float) -> str:
    """A round time, without decimals."""
    number, unit = time(nanoseconds).split()
    return f"{float(number):g} {unit}"
