"""The architecture, held against the source: layers import only what is below them, and optional packages stay where they belong.

The page "Contributing" describes the layers; `python -m tests.figures` prints what the tests here measure.
"""

import ast
import re
import subprocess
import sys
from importlib import import_module

import jedi
import pytest

import kanbert_filter as kf
from tests.figures import PACKAGE, Sources, repeated, share_of_repeated

SOURCES = Sources()
STUB = PACKAGE / "__init__.pyi"

LAYERS = (
    {"immutable", "kinds", "operators", "limits", "errors", "messages", "values", "context", "suggestions"},
    {"nodes", "builder", "checked", "trees"},
    {"notations"},
    {"endpoints", "types"},
    {"meaning"},
    {"backends"},
    {"reasoning"},
    {"integrations"},
    {"__init__", "__main__", "cli"},
)
"""From the ground up. A module imports from the layers below its own and, without cycles, from its own."""

FORBIDDEN = (
    ("meaning", "notations"),
    ("backends", "notations"),
    ("backends", "endpoints.tables"),
    ("backends", "endpoints.openapi"),
)
"""Packages that must not know a module although it is in a lower layer."""

UPWARD = {("nodes", "__init__")}
"""What `str(filter)` needs: a node asks the package, when it is called, for the public name of the DSL's writer."""

SHARED_BY_BACK_ENDS = "backends.columns"

NOTATIONS = {"notations.dsl", "notations.json", "notations.form"}
"""Notations do not know each other; only `notations.query`, which tells them apart, knows all three."""

OPTIONAL = {
    "notations.dsl": {"lark"},
    "backends.sqlalchemy": {"sqlalchemy"},
    "backends.django": {"django"},
    "backends.frames.arrow": {"pyarrow"},
    "backends.frames.duckdb": {"duckdb"},
    "backends.frames.narwhals": {"narwhals"},
    "backends.frames.pandas": {"pandas", "pyarrow"},
    "backends.frames.polars": {"polars"},
    "backends.frames.pyspark": {"pyspark"},
    "integrations.django": {"django"},
    "integrations.drf": {"django", "rest_framework"},
    "integrations.starlette": {"starlette"},
    "integrations.fastapi": {"fastapi", "pydantic", "pydantic_core"},
    "integrations.pydantic": {"pydantic", "pydantic_core"},
    "cli": {"click"},
    "cli.columnar_records": {"pyarrow"},
    "cli.record_files": {"compression", "zstandard"},  # the first is the standard library's from Python 3.14 on
    "cli.bulk_search": {"msgspec"},
}
"""Other projects' packages and the only modules that import them."""

VAGUE = {"utils", "util", "helpers", "base", "common", "core", "misc"}

MODULES = list(SOURCES.paths)


def is_in(module: str, part: str) -> bool:
    """Whether a module is the given one, lies inside it, or is split off from it (`dsl_faults` from `dsl`)."""
    return module == part or module.startswith((f"{part}.", f"{part}_"))


def layer_of(module: str) -> int:
    name = module.partition(".")[0]
    [layer] = [number for number, names in enumerate(LAYERS) if name in names] or pytest.fail(f"{name} is in no layer")
    return layer


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_from_its_own_layer_and_those_below(module: str) -> None:
    higher = {(module, name) for name in SOURCES.own_imports(module) if layer_of(name) > layer_of(module)}
    assert higher <= UPWARD


@pytest.mark.parametrize(("package", "hidden"), FORBIDDEN)
def test_some_lower_layers_stay_unknown(package: str, hidden: str) -> None:
    known = {(module, name) for module in MODULES if is_in(module, package) for name in SOURCES.own_imports(module)}
    assert not {(module, name) for module, name in known if is_in(name, hidden)}


@pytest.mark.parametrize("module", [module for module in MODULES if is_in(module, "backends")])
def test_back_ends_share_the_theory_of_columns_and_nothing_else(module: str) -> None:
    """A back end may use another's public names, which its package gives; the modules behind them are its own."""
    own = ".".join(module.split(".")[:2])
    names = {name for name in SOURCES.own_imports(module) if is_in(name, "backends") and not is_in(name, own)}
    assert not {name for name in names if not is_in(name, SHARED_BY_BACK_ENDS) and name.count(".") > 1}
    assert own != SHARED_BY_BACK_ENDS or not names


@pytest.mark.parametrize("module", [module for module in MODULES if is_in(module, "notations")])
def test_notations_do_not_know_each_other(module: str) -> None:
    if module not in ("notations", "notations.query"):
        others = {notation for notation in NOTATIONS if not is_in(module, notation)}
        assert not {name for name in SOURCES.own_imports(module) if any(is_in(name, other) for other in others)}


@pytest.mark.parametrize("module", MODULES)
def test_optional_packages_are_imported_where_they_belong(module: str) -> None:
    packages = {name.partition(".")[0] for name in SOURCES.imported(module)} - {"kanbert_filter"}
    allowed = set().union(*(names for part, names in OPTIONAL.items() if is_in(module, part)))
    assert packages <= sys.stdlib_module_names | allowed


@pytest.mark.parametrize("part", OPTIONAL)
def test_what_may_import_optional_packages_exists(part: str) -> None:
    imported = {
        name.partition(".")[0] for module in MODULES if is_in(module, part) for name in SOURCES.imported(module)
    }
    assert OPTIONAL[part] <= imported


def test_no_cycle() -> None:
    """Imports for type checkers included: who must know whom to be read must not go in circles either."""
    assert not SOURCES.cycle()


def test_modules_have_telling_names() -> None:
    assert not [module for module in MODULES if VAGUE & {*module.split(".")}]


def test_few_names_are_defined_in_several_modules() -> None:
    definitions = SOURCES.definitions()
    assert share_of_repeated(definitions) <= 0.08, repeated(definitions)


def test_only_explaining_a_fault_of_the_dsl_loads_an_optional_package() -> None:
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
    assert not set().union(*OPTIONAL.values()) & {*loaded}


def test_the_package_gives_every_name_it_lists() -> None:
    for name in kf.__all__:
        assert name in dir(kf)
        assert getattr(kf, name) is not None
    assert import_module("kanbert_filter.types") is kf.types  # so `from kanbert_filter.types import Enum` works
    with pytest.raises(AttributeError, match="no attribute 'parze'"):
        kf.parze  # type: ignore[attr-defined]  # noqa: B018


def test_type_checkers_and_the_interpreter_see_the_same_names() -> None:
    imports = [node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ImportFrom)]
    listed = {alias.name: (node.module, alias.asname) for node in imports for alias in node.names}
    modules = {name: None if name == "types" else module for name, module in vars(kf)["_MODULE_OF"].items()}
    assert listed == {name: (module, name) for name, module in modules.items()}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("kf.", {*kf.__all__}),
        ("kf.types.", {"Enum", "Id", "Relation", "Scope"}),
        ("kf.field('a').", {"contains", "in_", "is_null", "any", "count"}),
        ("kf.Endpoint('a', {}).", {"check", "parse", "only", "to_dict"}),
        ("kf.parse_dsl('').", {"field", "value"}),
    ],
)
def test_editors_complete_the_names(text: str, names: set[str]) -> None:
    """Jedi, which completes in many editors, reads the source and runs nothing."""
    completions = jedi.Script(f"import kanbert_filter as kf\n{text}").complete()
    assert names <= {completion.name for completion in completions}


@pytest.mark.parametrize("module", MODULES)
def test_no_group_of_a_pattern_is_possessive(module: str) -> None:
    """Python before 3.11.5, which Debian 12 has, does not match `(?:…)*+` where there are several ways through the group."""
    assert not re.search(r"[^(]\)[*+?]\+", SOURCES.paths[module].read_text(encoding="utf-8"))


def test_importing_the_package_loads_none_of_its_modules() -> None:
    script = "import sys, kanbert_filter; print(*[name for name in sys.modules if name.startswith('kanbert_filter')])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["kanbert_filter"]
