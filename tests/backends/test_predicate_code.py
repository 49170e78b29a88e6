"""Predicates as code: what filters share, when they are compiled, and what that costs."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from random import Random
from types import CodeType
from typing import Any
from weakref import ref

import pytest
from hypothesis import example, given, settings

from kanbert_filter.backends.predicate import Predicate, code as predicate_code, compile_predicate
from kanbert_filter.backends.predicate.caches import BoundedCache
from kanbert_filter.backends.predicate.code import CONDITIONS, FACTORIES, FILTERS, Code
from kanbert_filter.backends.predicate.code_text import Access
from kanbert_filter.backends.predicate.outline import outlined
from kanbert_filter.backends.predicate.shapes import Constants, Shape, shape_of
from kanbert_filter.backends.predicate.waiting import SOON
from kanbert_filter.builder import field
from kanbert_filter.checked import CheckedFilter
from kanbert_filter.context import Context, Moment
from kanbert_filter.endpoints.endpoint import Endpoint
from kanbert_filter.errors import RecordError
from kanbert_filter.limits import Limits
from kanbert_filter.meaning.lowering import lower
from kanbert_filter.nodes import And, Filter, Or, RelationTest
from tests.backends.test_predicate import CHECKED, CONTEXTS, PROJECTS, TEXTS, as_objects, waiting_and_compiled


def code_of(matches: Predicate) -> CodeType:
    return matches.__code__  # type: ignore[attr-defined, no-any-return]


def outlined_shape(checked: CheckedFilter) -> Shape:
    shape = outlined(checked, Moment(Context()), [])
    assert shape is not None
    return shape


# from filters to shapes


def compare_outline(checked: CheckedFilter, context: Context) -> None:
    of_outline: Constants = []
    of_test: Constants = []
    shape = outlined(checked, Moment(context), of_outline)
    if shape is None:
        assert of_outline == []
    else:
        assert shape == shape_of(lower(checked, context), of_test)
        assert comparable(of_outline) == comparable(of_test)


@settings(max_examples=150)
@given(CHECKED, CONTEXTS)
@example(PROJECTS.parse("title startswith 'a' or title startswith 'A' or title = 'b'"), Context())
def test_an_outline_is_the_shape_of_the_lowered_filter(checked: CheckedFilter, context: Context) -> None:
    compare_outline(checked, context)


@pytest.mark.heavy
def test_outlines_are_the_shapes_of_thousands_of_filters(pytestconfig: pytest.Config) -> None:
    settings(max_examples=pytestconfig.getoption("filters"))(given(CHECKED, CONTEXTS)(compare_outline))()


def comparable(constants: Constants) -> list[object]:
    """The constants, functions as what they answer for some texts."""
    return [
        [constant(text) for text in TEXTS]
        if callable(constant)
        else comparable(constant)
        if isinstance(constant, list)
        else constant
        for constant in constants
    ]


@pytest.mark.parametrize(
    "text",
    [
        "title contains 'a' and (created_at >= '2024-01-01' or client.name contains 'b')",
        "budget = 1 and budget > 0.5 and title like 'a%' and due = today and owner.id in [1, 2] and done = true",
        "title startswith 'a' or title startswith 'b' or title endswith 'c' or title endswith 'd' or budget = 1",
        "tasks any (title = 'a' and hours > 1) or tasks.count > 3 or tasks none or custom_field.x = 1",
    ],
)
def test_plain_filters_have_an_outline(text: str) -> None:
    assert outlined_shape(PROJECTS.parse(text))


def test_filters_of_one_shape_do_not_share_constants() -> None:
    text = "title = '{0}' and budget >= {1} and created_at < '{2}'"
    compile_predicate(PROJECTS.parse(text.format("", 0, "2024-01-01")))
    first = compile_predicate(PROJECTS.parse(text.format("a", 1, "2024-01-01")))
    second = compile_predicate(PROJECTS.parse(text.format("b", 2, "2025-01-01")))
    assert first.__code__ is second.__code__  # type: ignore[attr-defined]
    records = [
        {"title": "a", "budget": 1, "created_at": "2023-06-01"},
        {"title": "b", "budget": 2, "created_at": "2024-06-01"},
    ]
    assert [first.select(records), second.select(records)] == [records[:1], records[1:]]
    assert [[*map(matches, records)] for matches in (first, second)] == [[True, False], [False, True]]


def test_shapes_that_differ_in_names_alone_are_compiled_once() -> None:
    waiting_and_compiled(PROJECTS.parse("custom_field.secret = 'a' and custom_field.other contains 'b'"))
    before = len(FACTORIES)
    first, second = waiting_and_compiled(PROJECTS.parse("custom_field.another = 'c' and custom_field.x contains 'd'"))
    assert len(FACTORIES) == before
    for matches in (first, second):
        assert matches({"custom_field": {"another": "c", "x": "d"}})
        assert not matches({"custom_field": {"secret": "c", "other": "d"}})


# predicates that wait to be compiled

MIXED = "title contains 'a' and (created_at >= '2024-01-01' or tasks any (due < today and hours > 0.5)) or status in ['x', 'y']"


@pytest.mark.parametrize("access", ["mapping", "attribute"])
@pytest.mark.parametrize("text", [MIXED, "title = 'a' and budget = 1", "tasks none or tasks all (title = 'b')"])
def test_a_predicate_that_is_asked_often_is_compiled_and_answers_alike(text: str, access: Access) -> None:
    checked = PROJECTS.parse(text)
    matches, compiled = waiting_and_compiled(checked, access=access)
    record: Any = {
        "title": "a",
        "budget": 1,
        "created_at": "2023-01-01",
        "tasks": [{"due": "2020-01-01", "hours": 1, "title": "b"}],
    }
    record = record if access == "mapping" else as_objects(record)
    code = matches.__code__  # type: ignore[attr-defined]
    assert code is not compiled.__code__  # type: ignore[attr-defined]
    assert code.co_freevars == compiled.__code__.co_freevars  # type: ignore[attr-defined]
    for asked in range(SOON + 3):
        assert matches(record) is True
        assert (matches.__code__ is code) is (asked + 1 < SOON)  # type: ignore[attr-defined]
    assert matches.__code__ is compiled.__code__  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        "title contains 'a' and budget = 1",
        "title contains 'a' or budget = 1 or created_at > '2024-01-01'",
        "created_at = '2024-01-01' or title = 'a' or (budget = 1 and title startswith 'b') or created_at > '2024-01-01'",
        "(title = 'a' or budget = 2) and (created_at < '2024-01-01' or budget > 0) and status = 'x'",
    ],
)
@pytest.mark.parametrize(
    "wrong", [{"title": 5}, {"budget": "x"}, {"created_at": "x"}, {"title": 5, "budget": "x", "created_at": "x"}]
)
def test_a_waiting_predicate_raises_where_a_compiled_one_does(text: str, wrong: dict[str, Any]) -> None:
    def outcome(matches: Predicate, record: dict[str, Any]) -> object:
        try:
            return matches(record)
        except RecordError as error:
            return str(error)

    for rest in (1, 2):
        record = {"title": "b", "budget": rest, "created_at": "2023-01-01", "status": "x"} | wrong
        matches, compiled = waiting_and_compiled(PROJECTS.parse(text))
        outcomes = {outcome(matches, record) for _ in range(SOON + 2)}
        assert outcomes == {outcome(compiled, record)}


def test_a_waiting_predicate_that_cannot_be_compiled_yet_answers_and_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matches, compiled = waiting_and_compiled(PROJECTS.parse("title = 'a' and budget = 1"))
    with monkeypatch.context() as patch:
        patch.setattr(Code, "matching", raises_recursion_error)
        assert {matches({"title": "a", "budget": 1}) for _ in range(SOON + 1)} == {True}
    assert matches.__code__ is not compiled.__code__  # type: ignore[attr-defined]
    assert {matches({"title": "a", "budget": 1}) for _ in range(SOON)} == {True}
    assert matches.__code__ is compiled.__code__  # type: ignore[attr-defined]


def raises_recursion_error(*_: object) -> None:
    raise RecursionError


def test_conditions_of_new_filters_push_no_filter_out() -> None:
    known = PROJECTS.parse("title = 'a' and budget = 1")
    waiting, _ = waiting_and_compiled(known)
    for number in range(40):
        compile_predicate(PROJECTS.parse(" and ".join([f"custom_field.m{number}_{n} is null" for n in range(10)])))
    assert code_of(compile_predicate(known)) is not code_of(waiting)


def test_what_is_unusual_deep_inside_makes_no_filter_dear() -> None:
    """The outline gives up once, and not once more on each level."""
    text = " and ".join([f"custom_field.n{number} contains 'x'" for number in range(250)])
    for level in range(8):
        text = f"({text}) {'and' if level % 2 else 'or'} title = 'a' {'and' if level % 2 else 'or'} title = 'b'"
    checked = PROJECTS.parse(text)
    visited = 0

    def count_calls(frame: Any, event: str, argument: object) -> None:
        nonlocal visited
        visited += event == "call"

    sys.setprofile(count_calls)
    try:
        shape_of(lower(checked), [])
        plain, visited = visited, 0
        assert outlined(checked, Moment(Context()), []) is None
    finally:
        sys.setprofile(None)
    assert visited <= plain


def test_a_waiting_predicate_is_freed_without_the_garbage_collector() -> None:
    matches, _ = waiting_and_compiled(PROJECTS.parse(MIXED))
    gone = ref(matches)
    gc.disable()
    try:
        del matches, _
        assert gone() is None
    finally:
        gc.enable()


def test_a_waiting_predicate_is_compiled_while_many_threads_ask_it() -> None:
    from concurrent.futures import ThreadPoolExecutor

    records = [{"title": "abc"[index % 3], "budget": index % 2} for index in range(6)]
    expected = [record["title"] == "a" or record["budget"] == 1 for record in records]
    for _ in range(20):
        matches, _compiled = waiting_and_compiled(PROJECTS.parse("title = 'a' or budget = 1"))

        def ask(_: int, matches: Predicate = matches) -> list[bool]:
            return [matches(record) for record in records]

        with ThreadPoolExecutor(8) as pool:
            assert all(answers == expected for answers in pool.map(ask, range(100)))


# what is in the code, and what is not

NAMED = (
    "custom_field.secret_1 = 'secret_2' and custom_field.secret_3 contains 'secret_4'",
    "title = 'secret_2' or title contains 'secret_4' or budget in [98765, 1.5] or custom_field.secret_1 = 'secret_5'",
    "extra.secret_1 is null or tasks any (custom.secret_2 = 'a' and subtasks none (title like 'secret_3%'))",
    " or ".join([f"custom_field.secret_{number} is null" for number in range(250)]),
)


def code_objects(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from code_objects(constant)


def texts_in(constant: object) -> Iterator[str]:
    if isinstance(constant, str):
        yield constant
    elif isinstance(constant, (tuple, frozenset)):
        for item in constant:
            yield from texts_in(item)


@pytest.mark.parametrize("access", ["mapping", "attribute"])
@pytest.mark.parametrize("text", NAMED)
def test_nothing_that_anybody_chose_is_in_a_code_object(
    text: str, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPython 3.12 and free-threaded builds intern names among the constants of code, and keep them for ever."""
    compiled: list[CodeType] = []

    def compile_and_note(*given: Any, **how: Any) -> Any:
        compiled.append(compile(*given, **how))
        return compiled[-1]

    monkeypatch.setattr(predicate_code, "compile", compile_and_note, raising=False)
    FACTORIES.clear()
    for matches in waiting_and_compiled(PROJECTS.parse(text), access=access):
        record: Any = {"title": "b", "budget": 1}
        record = record if access == "mapping" else as_objects(record)
        for _ in range(SOON + 1):
            matches(record)
        matches.select([record])
    assert len(compiled) >= 3
    for code in [inner for outer in compiled for inner in code_objects(outer)]:
        chosen = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars, *texts_in(code.co_consts)}
        assert not [word for word in chosen if "secret" in word or word in ("title", "custom_field", "tasks", "extra")]
        assert not {98765, 1.5} & {constant for constant in code.co_consts if not isinstance(constant, CodeType)}
        assert {name for name in code.co_names if name.startswith("__")} <= {"__class__"}


def test_names_that_a_wildcard_admits_are_not_interned() -> None:
    """Those of the endpoint's rows are, so that look-ups find them by identity."""
    code = Code(outlined_shape(PROJECTS.parse("custom_field.a_wild_name is null and title is null")), "mapping")
    matches = code.matching([], Context())
    names = {name for cell in matches.__closure__ or () for name in [cell.cell_contents] if isinstance(name, str)}
    assert names == {"custom_field", "a_wild_name", "title"}
    twins = {name: sys.intern("".join([*name])) for name in names}
    assert {name for name in names if twins[name] is not name} == {"a_wild_name"}


# size


@pytest.mark.parametrize("kind", ["flat or", "flat and", "many columns", "many needles"])
def test_as_many_conditions_as_anyone_sends(kind: str) -> None:
    count = 10_000 if kind == "many columns" else 100_000
    conditions: list[Filter]
    if kind == "flat or":
        conditions = [field("budget") < index for index in range(count)]
    elif kind == "flat and":
        conditions = [field("budget") != index for index in range(count)]
    elif kind == "many needles":
        conditions = [field("title").contains(f"<{index}>") for index in range(count)]
    else:
        conditions = [field(f"custom_field.x{index}") == index for index in range(count)]
    joined = And(conditions) if kind == "flat and" else Or(conditions)
    matches = compile_predicate(PROJECTS.check(joined, limits=Limits.lifted()))
    record = {"budget": count - 2, "title": f"<{count - 1}>", "custom_field": {f"x{count - 1}": count - 1}}
    assert matches(record) is (kind != "flat and")
    assert matches.select([record, {"budget": count}]) == ([{"budget": count}] if kind == "flat and" else [record])


def test_a_hundred_levels() -> None:
    endpoint_rows: Any = {"a": "number", "b": "number"}
    for _ in range(49):
        endpoint_rows = {"a": "number", "b": "number", "r": endpoint_rows}
    endpoint = Endpoint("deep", endpoint_rows)
    node: Filter = field("a") == 1
    record: dict[str, Any] = {"a": 1}
    for _ in range(49):
        node = RelationTest("r", "any", node) | (field("b") == 2)
        record = {"r": [record]}
    checked = endpoint.check(node, limits=Limits.lifted())
    assert compile_predicate(checked)(record) is True
    nested: Filter = field("a") == 1
    for level in range(99):
        nested = (And if level % 2 else Or)([nested, field("b") > level])
    assert compile_predicate(endpoint.check(nested, limits=Limits.lifted()))({"a": 1, "b": 100}) is True


def test_compiling_is_safe_from_many_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def compiled(number: int) -> bool:
        text = " or ".join([f"budget = {number}", *["title like 'a%'"] * (number % 3), *["budget > 5"] * (number % 5)])
        matches = compile_predicate(PROJECTS.parse(text))
        return matches({"budget": number}) and matches.select([{"budget": number}]) == [{"budget": number}]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(compiled, range(400)))


# bounds


def conditions(number: int, random: Random) -> str:
    """Conditions on names never used before, of kinds in an order of their own."""
    kinds = ("is null", "= 'a'", "contains 'b'", "> 0.5", "in [1, 2]", "!= true", "like '_a%'")
    return " and ".join(
        [
            f"custom_field.{random.getrandbits(60):x}".replace(".", ".n") + f" {random.choice(kinds)}"
            for _ in range(number)
        ]
    )


@pytest.mark.parametrize(
    ("filters", "each"),
    [
        # Six thousand conditions are compiled, with every allocation traced.
        pytest.param(12, 500, marks=pytest.mark.heavy),
        pytest.param(300, 20, marks=pytest.mark.heavy),
        (30, 100),
    ],
)
def test_what_is_remembered_of_shapes_is_bounded_by_their_size(filters: int, each: int) -> None:
    """Bounded by their number alone, they took 4 MiB and more."""
    random = Random(1)
    texts = [conditions(each, random) for _ in range(filters)]
    forget()
    tracemalloc.start()
    try:
        for text in texts:
            matches = compile_predicate(PROJECTS.parse(text))
            matches.select([{}])
            for _ in range(SOON if each <= 32 else 1):
                matches({})
        del matches
        gc.collect()
        remembered = tracemalloc.get_traced_memory()[0]
        forget()
        gc.collect()
        assert remembered - tracemalloc.get_traced_memory()[0] < 3.5 * 2**20
    finally:
        tracemalloc.stop()


def forget() -> None:
    for cache in (FILTERS, CONDITIONS, FACTORIES):
        cache.clear()


def test_a_cache_keeps_what_is_asked_for_and_forgets_the_rest() -> None:
    cache: BoundedCache[int, str] = BoundedCache(most=20, size=1000)
    for key in range(100):
        cache.put(key, str(key), 1)
        assert cache.get(0) == "0"
        assert cache.get(key) == str(key)
        assert len(cache) <= 20
    assert 1 not in cache
    assert cache.get(1) is None
    for key in range(100):
        cache.put(-key, "", 100)
        assert len(cache) <= 20
    assert len(cache) <= 10
    cache.put(7, "too large", 501)
    assert 7 not in cache
    cache.clear()
    assert len(cache) == 0


@pytest.mark.parametrize("operator", ["startswith", "endswith", "contains", "like", "eq"])
def test_many_alternatives_are_merged_in_linear_time(operator: str) -> None:
    """Four times as many: linear work takes some four times as long, quadratic work sixteen times."""

    def spent(count: int) -> float:
        alternatives = Or([_condition(operator, f"x{number}") for number in range(count)])
        checked = PROJECTS.check(alternatives, limits=Limits.lifted())
        times = []
        gc.disable()  # it would look at everything other tests have left
        try:
            for _ in range(3):
                start = time.thread_time()
                matches = compile_predicate(checked)
                times.append(time.thread_time() - start)
        finally:
            gc.enable()
        assert matches({"title": f"x{count - 1}"})
        return min(times)

    assert spent(16_000) < 10 * spent(4_000)


def _condition(operator: str, needle: str) -> Filter:
    return field("title") == needle if operator == "eq" else getattr(field("title"), operator)(needle)


# threads and processes


FORKED = """
import os, random, signal, threading
import kanbert_filter as kf

endpoint = kf.Endpoint("projects", {"budget": "number", "custom_field.*": "custom"})
stopped = threading.Event()

def new_shape(seed):
    chosen = random.Random(seed)
    kinds = ("is null", "= 'a'", "contains 'b'", "> 0.5", "in [1, 2]")
    return " and ".join(f"custom_field.n{chosen.getrandbits(60):x} {chosen.choice(kinds)}" for _ in range(3))

def compile_for_ever(seed):
    while not stopped.is_set():
        kf.compile_predicate(endpoint.parse(new_shape(seed))).select([{}])
        seed += 4

kf.compile_predicate(endpoint.parse(new_shape(-99)))  # else a thread may hold Python's lock of a module that is being imported
for seed in range(4):
    threading.Thread(target=compile_for_ever, args=(seed,), daemon=True).start()
for number in range(20):
    child = os.fork()
    if not child:
        signal.alarm(30)
        matches = kf.compile_predicate(endpoint.parse(f"{new_shape(-number - 1)} or budget = 1"))
        os._exit(not (matches({"budget": 1}) and matches.select([{"budget": 1}]) == [{"budget": 1}]))
    assert os.waitpid(child, 0)[1] == 0
os._exit(0)
"""
"""A process of its own: what measures coverage holds locks too, which a child of this one could not get."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_while_threads_compile_can_compile() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], check=True, timeout=120)
