"""The plan of the house, held against the import statements: floors only look down, guests stay in their rooms."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import kanbert_filter as kf

PACKAGE = Path(__file__).parents[1] / "kanbert_filter"

FLOORS = (
    {"immutable", "kinds"},
    {"errors", "limits", "operators"},
    {"values", "context", "nodes", "builder", "checked"},
    {"notations"},
    {"endpoints"},
    {"meaning"},
    {"backends", "integrations"},
    {"__init__", "cli", "__main__"},
)
"""Bottom to top. A room looks into lower floors and, without going in circles, into its own."""

CLOSED_DOORS = (
    ("backends", "notations"),
    ("backends", "endpoints.tables"),
    ("backends", "endpoints.openapi"),
    ("backends", "integrations"),
)
"""Who may not look into what, although it lies below."""

NOTATIONS = {"notations.dsl", "notations.json", "notations.form"}
"""Rooms that do not know each other; only `notations.query`, which tells them apart, knows all three."""

GUESTS = {
    "notations.dsl": {"lark"},
    "notations.lalr": {"lark"},
    "backends.sqlalchemy": {"sqlalchemy"},
    "backends.django": {"django"},
    "backends.frames": {"narwhals"},
    "integrations.django": {"django"},
    "integrations.starlette": {"starlette"},
    "integrations.fastapi": {"fastapi", "starlette"},
    "cli": {"click"},
}
"""Packages that are not ours, and the only rooms that import them."""

NAMELESS = {"utils", "util", "helpers", "base", "common", "core", "misc"}


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(module: str, *, running: bool = False) -> Iterator[str]:
    """The full names a module imports, wherever the statement stands; when `running`, without the type checker's."""
    package = ["kanbert_filter", *MODULES[module].relative_to(PACKAGE).parent.parts]
    statements = {*ast.walk(ast.parse(MODULES[module].read_text()))}
    if running:
        statements -= {inner for node in statements if is_for_type_checker(node) for inner in ast.walk(node)}
    for node in statements:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*start, *filter(None, [node.module])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def is_for_type_checker(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def looks_into(module: str, *, running: bool = False) -> set[str]:
    """The modules of this package that a module imports."""
    return {ours(target) for target in imports(module, running=running) if stands_in(target, "kanbert_filter")}


def ours(target: str) -> str:
    inside = target.removeprefix("kanbert_filter").removeprefix(".")
    while inside and inside not in MODULES:
        inside = inside.rpartition(".")[0]
    return inside or "__init__"


def stands_in(module: str, room: str) -> bool:
    """Whether a module is the room, lies inside it, or is split off from it (`dsl_tables` from `dsl`)."""
    return module == room or module.startswith((f"{room}.", f"{room}_"))


def floor_of(module: str) -> int:
    room = module.partition(".")[0]
    [floor] = [number for number, rooms in enumerate(FLOORS) if room in rooms] or pytest.fail(f"{room} has no floor")
    return floor


@pytest.mark.parametrize("module", MODULES)
def test_a_room_looks_only_down(module: str) -> None:
    doors = {door for room, door in CLOSED_DOORS if stands_in(module, room)}
    for target in looks_into(module):
        assert floor_of(target) <= floor_of(module)
        assert not any(stands_in(target, door) for door in doors), target


@pytest.mark.parametrize("module", MODULES)
def test_notations_do_not_know_each_other(module: str) -> None:
    if stands_in(module, "notations") and module not in ("notations", "notations.query"):
        others = {notation for notation in NOTATIONS if not stands_in(module, notation)}
        assert not [target for target in looks_into(module) if any(stands_in(target, other) for other in others)]


@pytest.mark.parametrize("module", MODULES)
def test_guests_stay_in_their_rooms(module: str) -> None:
    packages = {target.partition(".")[0] for target in imports(module)} - {"kanbert_filter"}
    welcome = set().union(*(guests for room, guests in GUESTS.items() if stands_in(module, room)))
    assert packages <= sys.stdlib_module_names | welcome


def test_no_circles() -> None:
    TopologicalSorter({module: looks_into(module, running=True) for module in MODULES}).prepare()


def test_every_room_has_a_name() -> None:
    assert not [module for module in MODULES if NAMELESS & {*module.split(".")}]


def test_only_explaining_a_fault_of_the_dsl_loads_a_guest() -> None:
    script = """if True:
        import sys
        import kanbert_filter as kf

        read = kf.parse_json('[{"field": "title", "op": "eq", "value": "Acme"}]')
        kf.parse_form(kf.to_form(read))
        kf.parse_query(kf.to_query(read, notation="form"))
        kf.to_dsl(read), kf.to_json_text(read)
        kf.parse_dsl("title = 'Acme' and (a in [1, 2] or t any (b is null)) or c isnull")
        print(*{name.partition(".")[0] for name in sys.modules})
        try:
            kf.parse_dsl("title == 'Acme'")
        except kf.FilterSyntaxError:
            assert "lark" in sys.modules
    """
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "kanbert_filter" in loaded
    assert not set().union(*GUESTS.values()) & {*loaded}


def test_the_front_door_opens_every_room_it_names() -> None:
    """The package names its rooms twice, for the type checker and for the interpreter."""
    tree = ast.parse(MODULES["__init__"].read_text())
    for_checkers = {
        (f"{statement.module}.{alias.name}" if alias.name == "types" else statement.module, alias.asname)
        for statement in ast.walk(tree)
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert for_checkers == {(room, name) for name, room in kf._ROOM_OF.items()} | {("importlib", None)}
    for name in kf.__all__:
        assert name in dir(kf)
        assert getattr(kf, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'parze'"):
        kf.parze  # noqa: B018


def test_importing_the_package_loads_none_of_its_rooms() -> None:
    script = "import sys, kanbert_filter; print(*[name for name in sys.modules if name.startswith('kanbert_filter')])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["kanbert_filter"]
