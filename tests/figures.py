"""Figures of the code itself: size, prose, names that several modules define, cycles. Run as `python -m tests.figures`.

Some are bars that `test_architecture` holds; the rest is for whoever judges a change to the architecture.
"""

import ast
import io
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "kanbert_filter"

CONTRACT = {"where", "verify", "matching", "read_filter"}
"""Names that several modules define on purpose, each for its own engine or framework."""

FOR_TOOLS = re.compile(r"# *(type: ignore|noqa)")


def module_name(path: Path, package: Path) -> str:
    """`backends.frames` for `backends/frames/__init__.py`; the package itself is `__init__`.

    >>> module_name(PACKAGE / "backends" / "frames" / "__init__.py", PACKAGE)
    'backends.frames'
    """
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


class Sources:
    """The modules of a package by their dotted names, read and parsed."""

    def __init__(self, package: Path = PACKAGE) -> None:
        self.package = package
        self.paths = {module_name(path, package): path for path in sorted(package.rglob("*.py"))}
        self.texts = {module: path.read_text() for module, path in self.paths.items()}
        self.trees = {module: ast.parse(text) for module, text in self.texts.items()}

    def imported(self, module: str, *, at_run_time: bool = False) -> Iterator[str]:
        """The full names that a module imports anywhere in it; `at_run_time` without those under `if TYPE_CHECKING`."""
        parents = [self.package.name, *self.paths[module].relative_to(self.package).parent.parts]
        statements = {*ast.walk(self.trees[module])}
        if at_run_time:
            statements -= {inner for node in statements if for_type_checkers(node) for inner in ast.walk(node)}
        for node in statements:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                start = parents[: len(parents) - node.level + 1] if node.level else []
                source = ".".join([*start, *filter(None, [node.module])])
                yield from (f"{source}.{alias.name}" for alias in node.names)

    def own_imports(self, module: str, *, at_run_time: bool = False) -> set[str]:
        """The modules of this package that a module imports, itself aside."""
        found = set()
        for name in self.imported(module, at_run_time=at_run_time):
            if f"{name}.".startswith(f"{self.package.name}."):
                inside = name[len(self.package.name) + 1 :]
                while inside and inside not in self.paths:
                    inside = inside.rpartition(".")[0]
                found.add(inside or "__init__")
        return found - {module}

    def cycle(self, *, at_run_time: bool = False) -> list[str]:
        """The modules of one import cycle, in its order; empty where there is none."""
        graph = {module: self.own_imports(module, at_run_time=at_run_time) for module in self.paths}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            return list(error.args[1])
        return []

    def definitions(self) -> dict[str, list[str]]:
        """The modules that define each name at their top level; leading underscores and case aside."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for module, tree in self.trees.items():
            kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
            for name in sorted({node.name.lstrip("_").lower() for node in tree.body if isinstance(node, kinds)}):
                found[name].append(module)
        return found

    def prose(self, module: str) -> tuple[int, int, int]:
        """The lines of a module, those of its docstrings, and its comments, orders to tools aside."""
        text = self.texts[module]
        docstrings = 0
        for node in ast.walk(self.trees[module]):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                match node.body:
                    case [ast.Expr(ast.Constant(str()), lineno=first, end_lineno=int(last)), *_]:
                        docstrings += last - first + 1
        tokens = [*tokenize.generate_tokens(io.StringIO(text).readline)]
        comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
        return len(text.splitlines()), docstrings, sum(not FOR_TOOLS.match(comment) for comment in comments)


def for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def repeated(definitions: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The names that more than one module defines, the contract's own aside."""
    return {name: found for name, found in sorted(definitions.items()) if len(found) > 1 and name not in CONTRACT}


def share_of_repeated(definitions: Mapping[str, list[str]]) -> float:
    return len(repeated(definitions)) / len(definitions.keys() - CONTRACT)


def main(package: Path) -> None:
    sources = Sources(package)
    prose = {module: sources.prose(module) for module, text in sources.texts.items() if text.strip()}
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    for module, (lines, _, _) in prose.items():
        sizes[".".join(sources.paths[module].parent.relative_to(package).parts) or "(top)"].append(lines)
    lines, docstrings, comments = map(sum, zip(*prose.values(), strict=True))
    print(f"{'package':24}{'lines':>8}{'modules':>9}")
    for name, counts in [*sorted(sizes.items()), ("all", [lines for lines, _, _ in prose.values()])]:
        print(f"{name:24}{sum(counts):>8}{len(counts):>9}")
    print(f"\nlines of docstrings: {docstrings / lines:.0%}; comments: one in {lines // max(comments, 1)} lines")
    for label, at_run_time in (("at run time", True), ("type checkers' imports too", False)):
        print(f"cycle, {label}: {' -> '.join(sources.cycle(at_run_time=at_run_time)) or 'none'}")
    definitions = sources.definitions()
    print(f"names in more than one module: {len(repeated(definitions))}, {share_of_repeated(definitions):.1%}\n")
    for name, found in repeated(definitions).items():
        print(f"  {name}: {', '.join(found)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
