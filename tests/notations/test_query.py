"""Any notation: telling them apart, finding the filter in a query string, and writing one."""

from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given, strategies as st

from kanbert_filter.errors import FilterError, FilterSyntaxError, JsonLocation, TextLocation
from kanbert_filter.limits import Limits
from kanbert_filter.nodes import EVERYTHING, Comparison, Filter, Node
from kanbert_filter.notations.form import parse_form
from kanbert_filter.notations.query import parse, parse_query, to_query
from kanbert_filter.values import UntypedText
from tests.corpora import cases
from tests.strategies import filters, texts, untyped

LIFTED = Limits.lifted()
ACME = Comparison("title", "contains", "Acme")
JSON = '[{"field": "title", "op": "contains", "value": "Acme"}]'


def problem(query: str | bytes) -> Any:
    with pytest.raises(FilterSyntaxError) as caught:
        parse_query(query)
    [found] = caught.value.problems
    return found


@pytest.mark.parametrize(
    "source",
    ['title contains "Acme"', b"title contains 'Acme'", JSON, JSON.encode(), f"\r\n\t {JSON}", JSON[1:-1]],
    ids=repr,
)
def test_text_of_any_notation(source: object) -> None:
    assert parse(source) == ACME


def test_decoded_json() -> None:
    assert parse([{"field": "title", "op": "contains", "value": "Acme"}]) == ACME


@pytest.mark.parametrize("source", ["", " \n", b"", "[]", [], ()], ids=repr)
def test_no_filter(source: object) -> None:
    assert parse(source) is EVERYTHING


@pytest.mark.parametrize("source", [None, 5, True, [None], b"\xff", b"a = '\xff'", b"[\xff", "[", "a ="], ids=repr)
def test_what_is_no_filter(source: object) -> None:
    with pytest.raises(FilterSyntaxError):
        parse(source)


def test_bytes_of_json_that_are_not_utf8_have_a_pointer() -> None:
    with pytest.raises(FilterSyntaxError) as caught:
        parse(b'[{"field": "a", "op": "eq", "value": "\xff"}]')
    assert caught.value.problems[0].location == JsonLocation("/0/value", '"\udcff"')


def test_what_is_no_input() -> None:
    with pytest.raises(TypeError):
        parse(object())
    with pytest.raises(TypeError):
        parse_query(5)  # type: ignore[arg-type]


# query strings


@pytest.mark.parametrize(
    "query",
    [
        "filter=title contains 'Acme'",
        "filter=title+contains+%22Acme%22",
        "?page[size]=30&filter=title%20contains%20%22Acme%22&sort=%FF",
        b"filter=title+contains+'Acme'&",
        "%66ilter=title+contains+'Acme'",
        "filter=[{%22field%22:%22title%22,%22op%22:%22contains%22,%22value%22:%22Acme%22}]",
        "filter=+{%22field%22:%22title%22,%22op%22:%22contains%22,%22value%22:%22Acme%22}",
    ],
)
def test_finds_the_filter(query: str | bytes) -> None:
    assert parse_query(query) == ACME


def test_finds_a_form() -> None:
    query = "a=b&filter[0][field]=title&filter%5B0%5D%5Bop%5D=contains&filter[0][value]=Acme+%26+Co"
    assert parse_query(query) == Comparison("title", "contains", UntypedText("Acme & Co"))
    assert parse_query(query.replace("filter", "where"), name="where") == parse_query(query)


@pytest.mark.parametrize(
    "query", ["", "?", "&&", "filter", "filter=", "filter=+", "filter=[]", "page=1", "filters=x", "%ff=%ff"]
)
def test_no_filter_in_the_query(query: str) -> None:
    assert parse_query(query) is EVERYTHING


@pytest.mark.parametrize(("query", "key", "fragment"), cases("parameters.txt"))
def test_a_filter_that_was_meant_is_not_ignored(query: str, key: str, fragment: str) -> None:
    found = problem(query)
    assert (found.code, found.location.key) == ("misspelled_parameter", key.replace("· ", " ").replace(" ·", " "))
    assert fragment in found.message
    if "%26" not in fragment:  # a form body cuts no text
        pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True, separator="&")
        with pytest.raises(FilterSyntaxError) as caught:
            parse_form(pairs)
        assert caught.value.problems == (found,)
        named = [
            (key.replace("filter", "where").replace("Filter", "Where").replace("FILTER", "wHERE"), "x")
            for key, _ in pairs
        ]
        with pytest.raises(FilterSyntaxError, match="expected 'where'"):
            parse_form(named, name="where")


@pytest.mark.parametrize(
    "edge", [*"\0\t\n\r\x1f\x7f\xa0\xad\u2003\u200b\u200e\u2028\u2060\ufeff'`´‘’“”", '"'], ids=ascii
)
def test_a_name_beside_what_is_no_part_of_one_is_misspelled(edge: str) -> None:
    for key in (f"{edge}filter", f"filter{edge}", f"{edge}{edge}Filter{edge}"):
        assert problem(f"{quote(key)}=a%3D1").code == "misspelled_parameter"
        with pytest.raises(FilterSyntaxError, match="expected 'filter'"):
            parse_form({key: "a=1"})


@pytest.mark.parametrize(
    "query",
    [
        "filters=x&my_filter=x&filter_id=x&filter-x=x&filterx[0]=x&x[filter]=x&filter(0)=x",
        "filter.fields=x&filter.order=x&filter.x=x&filter.=x&filter:0=x&filter'x=x&x'filter'=x",
        "page=1?filter=a=1",
        "sort+by=x&a%3Db=x&%22x%22=x&%ff=x",
        "filter=&sort+by=x",
    ],
)
def test_other_parameters_are_not_looked_at(query: str) -> None:
    assert parse_query(query) is EVERYTHING
    assert parse_query("b=2&" + query.replace("filter=&", "") + "&filter=a=1") == Comparison("a", "eq", 1)


def test_a_tail_that_reads_like_a_parameter_is_taken_for_one() -> None:
    assert parse_query("filter=a=1&b=2") == Comparison("a", "eq", 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [("filter=title = 'a'", "filter="), ("?page=1&filter=a='b'", "filter="), ("filter[0][field]=a", "filter[")],
)
def test_a_query_string_is_no_filter(text: str, found: str) -> None:
    with pytest.raises(FilterSyntaxError, match="read it with parse_query") as caught:
        parse(text)
    [fault] = caught.value.problems
    assert isinstance(fault.location, TextLocation)
    assert text[fault.location.start : fault.location.end] == found


def test_a_field_may_be_called_filter() -> None:
    assert parse("filter='a'") == Comparison("filter", "eq", "a")
    with pytest.raises(FilterSyntaxError, match="write a text in quotes"):
        parse("filter = a")


@pytest.mark.parametrize(
    "query",
    [
        "filter=a=1&filter=a=1",
        "filter=&filter=",
        "filter=a=1&filter[0][field]=a",
        "filter[0][field]=a&filter=",
        "filter&filter[]",
    ],
)
def test_one_filter_in_one_notation(query: str) -> None:
    assert problem(query).code == "mixed_notations"


@pytest.mark.parametrize(
    "query",
    ["filter=%ff", "filter=a%3D'%c3'", "filter[%ff]=x", "filter[0]=%ff", b"filter=\xff", "filter=\ud800"],
    ids=ascii,
)
def test_escapes_that_are_not_utf8(query: str | bytes) -> None:
    found = problem(query)
    assert found.code == "invalid_encoding"
    assert found.location.key.startswith("filter")
    str(found).encode()


def test_no_more_keys_are_read_than_a_form_may_have() -> None:
    keys = "&".join([f"filter[{number}][field]=a" for number in range(2001)])
    for more in ("", "&filter[2001][field]=%ff", "&filter=a"):
        found = problem(keys + more)
        assert (found.code, found.location.key) == ("too_many_keys", "filter[2000][field]")
    assert problem(keys.rpartition("&")[0] + "&filter=a").code == "mixed_notations"


def test_a_lone_percent_sign_is_itself() -> None:
    assert parse_query("filter=a='50%'") == Comparison("a", "eq", "50%")


@given(st.text() | st.binary() | st.text("filter=[]%5B0D&+'\"af"))
def test_any_query_is_read_or_refused(query: str | bytes) -> None:
    for text in (query, "filter=" + query if isinstance(query, str) else b"filter=" + query):
        try:
            assert isinstance(parse_query(text), Node)
        except FilterError as error:
            assert str(error)


# writing


def test_writes_every_notation() -> None:
    assert to_query(ACME) == "filter=title%20contains%20%22Acme%22"
    assert to_query(ACME, notation="json", name="where").startswith("where=%5B%7B%22field%22%3A%20%22title%22")
    assert to_query(ACME, notation="form").startswith("filter%5B0%5D%5Bfield%5D=title&filter%5B0%5D%5Bop%5D=contains&")
    for notation in ("dsl", "json", "form"):
        assert to_query(EVERYTHING, notation=notation) == ""
    with pytest.raises(ValueError, match="notation"):
        to_query(ACME, notation="xml")  # type: ignore[arg-type]


@given(filters())
def test_dsl_comes_back(tree: Filter) -> None:
    assert parse_query(to_query(tree), limits=LIFTED) == tree


@given(filters(texts | st.booleans() | st.integers()))
def test_json_comes_back(tree: Filter) -> None:
    assert parse_query(to_query(tree, notation="json"), limits=LIFTED) == tree


@given(filters(untyped, empty_lists=False))
def test_forms_come_back(tree: Filter) -> None:
    query = to_query(tree, notation="form", name="a&b=c")
    assert parse_query(f"x=1&{query}&y=2", name="a&b=c", limits=LIFTED) == tree
