"""What the integrations share: a request's filter for any framework, and the words that describe the parameter."""

from collections.abc import Callable
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
from django.test.client import encode_multipart
from hypothesis import given, settings, strategies as st
from markdown_it import MarkdownIt
from sqlalchemy import MetaData, Table
from werkzeug.test import stream_encode_multipart

import kanbert_filter as kf
from kanbert_filter.backends.sqlalchemy import verify
from kanbert_filter.integrations.fastapi import filter_from
from kanbert_filter.integrations.pydantic import filter_field
from kanbert_filter.integrations.requests import (
    check_body_was_seen,
    client_filter,
    completion_data,
    example_filter,
    filter_examples,
    filter_of_request,
    largest_body,
    parameter_description,
    refusal,
)
from kanbert_filter.limits import Limits
from tests import django_site

assert django_site

PROJECTS = kf.Endpoint("projects", {"title": "string", "budget": "number"})
JSON, FORM = "application/json", "application/x-www-form-urlencoded"

# reading


@pytest.mark.parametrize("query", ["filter=title+%3D+'%C3%BC'", b"filter=title+%3D+'\xc3\xbc'", "?filter=title+=+'ü'"])
@pytest.mark.parametrize("method", ["GET", "get", "POST", "DELETE", "PURGE"])
@pytest.mark.parametrize("type", [None, "", JSON, "text/html"])
def test_a_filter_in_the_url(method: str, query: str | bytes, type: str | None) -> None:
    for body in (b"", b" \r\n"):
        assert filter_of_request(PROJECTS, method, query, type, body) == PROJECTS.parse("title = 'ü'")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "QUERY", "PURGE", "post"])
def test_a_filter_in_the_body(method: str) -> None:
    checked = PROJECTS.parse("budget = 1")
    assert filter_of_request(PROJECTS, method, "", JSON, b'{"filter": "budget = 1"}') == checked
    assert filter_of_request(PROJECTS, method, b"", FORM, b"where=budget+%3D+1", name="where") == checked


@pytest.mark.parametrize("method", ["GET", "HEAD", "get"])
def test_no_body_where_caches_do_not_look(method: str) -> None:
    with pytest.raises(kf.FilterSyntaxError, match=r"Found a body in a (GET|HEAD) request, which caches"):
        filter_of_request(PROJECTS, method, "", JSON, b'{"filter": "budget = 1"}')


def test_the_limits_of_a_request() -> None:
    limits = Limits(max_text_length=20)
    assert largest_body(limits) == 80
    for body, issue in (
        (b"x" * 81, "a body of more than 80 bytes"),
        (b"filter=title+%3D+'" + b"a" * 40, "expected at most 20"),
    ):
        with pytest.raises(kf.FilterSyntaxError, match=issue):
            filter_of_request(PROJECTS, "POST", "", FORM, body, limits=limits)


def test_a_body_is_bytes() -> None:
    with pytest.raises(TypeError, match="expected a body as bytes, not str"):
        filter_of_request(PROJECTS, "POST", "", JSON, '{"filter": ""}')  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "type", "length", "coding"),
    [
        ("POST", JSON, "24", None),
        ("GET", None, "024", None),
        ("POST", "text/plain", "nonsense", "chunked"),
        ("POST", "text/plain", "9" * 5000, None),
        ("POST", JSON, "", "chunked"),
        ("POST", JSON, "0", "chunked"),
        ("GET", FORM, None, "chunked"),
        ("POST", JSON, None, None),
        ("put", "Multipart/Form-Data; boundary=x", None, None),
        ("QUERY", "application/vnd.api+json", None, None),
    ],
)
def test_a_body_that_was_announced_and_not_seen(method: str, type: str, length: str, coding: str) -> None:
    with pytest.raises(kf.FilterSyntaxError, match="Found no body that can be read to its end") as caught:
        check_body_was_seen(method, type, b"", content_length=length, transfer_encoding=coding)
    assert refusal(caught.value, method, "/") is not None
    if length in (None, "", "0", "24", "024"):
        check_body_was_seen(method, type, b"x" * 24, content_length=length, transfer_encoding=coding)


def test_a_body_that_the_headers_announce() -> None:
    for headers in ({"CONTENT-LENGTH": "24"}, {"transfer-encoding": "chunked"}, {}):
        with pytest.raises(kf.FilterSyntaxError, match="Found no body that can be read to its end") as caught:
            filter_of_request(PROJECTS, "POST", "", JSON, b"", headers=headers)
        assert refusal(caught.value, "POST", "/") is not None
        filter_of_request(PROJECTS, "POST", "", JSON, b'{"filter": "budget = 1"}', headers=headers)
    assert filter_of_request(PROJECTS, "GET", "", None, b"", headers={}) == PROJECTS.parse("")


@pytest.mark.parametrize(
    ("method", "type", "length", "coding"),
    [
        ("POST", JSON, "0", None),
        ("POST", JSON, "00", None),
        ("POST", "text/plain", "0", "chunked"),
        ("POST", None, None, None),
        ("POST", "text/plain", None, "chunked"),
        ("GET", JSON, None, None),
        ("DELETE", JSON, None, None),
    ],
)
def test_a_body_that_was_not_announced(method: str, type: str, length: str, coding: str) -> None:
    check_body_was_seen(method, type, b"", content_length=length, transfer_encoding=coding)


# multipart forms

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters='"\\%'), min_size=1).filter(
    lambda name: "filter" not in name.lower()  # a misspelled one is refused
)
FORMS = st.dictionaries(NAMES, st.text(st.characters(codec="utf-8")), max_size=4)


@given(FORMS)
def test_what_clients_write_is_read(others: dict[str, str]) -> None:
    form = {**others, "filter": 'title = "' + "".join(others.values()).replace("\\", "").replace('"', "") + '"'}
    expected = PROJECTS.check(kf.parse(form["filter"]))
    file = ("a.txt", b"\r\n--boundary")
    sent = httpx2.Request("POST", "http://x", data=form, files={"upload": file})
    django = encode_multipart("BoUnDaRyStRiNg", form)
    stream, _, boundary = stream_encode_multipart(form)
    for body, type in (
        (sent.read(), sent.headers["content-type"]),
        (django, "multipart/form-data; boundary=BoUnDaRyStRiNg"),
        (stream.read(), f'multipart/form-data; boundary="{boundary}"'),
    ):
        assert filter_of_request(PROJECTS, "POST", "", type, body) == expected


PIECES = st.sampled_from(
    [
        *(
            b"--x",
            b"--",
            b"\r\n",
            b"\n",
            b"\r\n\r\n",
            b"Content-Disposition: form-data",
            b'; name="filter"',
            b"; name=a",
        ),
        *(b"; filename=a", b"budget = 1", b"title", b" ", b";", b"=", b'"', b"&filter=", b'{"filter": '),
        b"--x\r\nContent-Disposition: form-data; name=filter\r\n\r\n",
    ]
)


@given(
    st.lists(PIECES | st.binary(max_size=3)).map(b"".join),
    st.sampled_from([JSON, FORM, "multipart/form-data; boundary=x"]),
)
@settings(max_examples=500)
def test_any_body_ends_in_a_filter_or_an_error(body: bytes, type: str) -> None:
    with suppress(kf.FilterSyntaxError, kf.FilterCheckError):
        filter_of_request(PROJECTS, "POST", "", type, body)


# answering


def test_only_the_clients_errors_are_answered() -> None:
    for raised in (kf.FilterSyntaxError, kf.FilterCheckError, kf.UnsupportedFilterError):
        error = raised(kf.Problem("unsupported", "a reason", "a.field"))
        assert refusal(error, "GET", "/") is None
        with pytest.raises(raised), client_filter():
            raise error
        answered = refusal(error, "GET", "/")
        assert answered is not None
        assert ("a reason" in str(answered)) == (raised is not kf.UnsupportedFilterError)
    with pytest.raises(KeyError), client_filter():
        raise KeyError


# describing


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("string", 'x contains "Acme"'),
        ("string; eq, in", 'x = "Acme"'),
        ("number", "x >= 1000"),
        ("currency; ne", "x != 1000"),
        ("boolean", "x = true"),
        ("date", 'x >= "2024-01-31"'),
        ("datetime", 'x >= "2024-01-31"'),
        ("enum", 'x = "ACTIVE"'),
        ("enum: open, done", 'x = "open"'),
        ("id", 'x = "42"'),
        ("custom", 'x = "Acme"'),
        ("enum: with, only, without", 'x = "with"'),
        ({"status": "string"}, "x any"),
        (kf.types.Relation({"status": "string"}, operators=["count", "all"]), "x.count > 0"),
    ],
)
def test_every_kind_of_field_has_an_example_that_it_takes(row: object, shown: str) -> None:
    endpoint = kf.Endpoint("x", {"x": row})  # type: ignore[dict-item]
    condition = example_filter(endpoint)
    assert condition is not None
    assert kf.to_dsl(condition) == shown
    assert endpoint.check(condition) == endpoint.parse(filter_examples(endpoint)["JSON"])
    assert f"Example: `{shown}`" in parameter_description(endpoint)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["id", "owner.id"], 'id = "42"'),
        (["id", "code"], 'code contains "Acme" and id = "42"'),
        (["id", "title", "code", "budget", "done"], 'title contains "Acme" and budget >= 1000'),
    ],
)
def test_an_example_shows_fields_of_different_types_and_ids_last(names: list[str], shown: str) -> None:
    rows = {"id": "id", "owner.id": "id", "title": "string", "code": "string", "budget": "number", "done": "boolean"}
    condition = example_filter(kf.Endpoint("x", {name: rows[name] for name in names}))
    assert condition is not None
    assert kf.to_dsl(condition) == shown


@pytest.mark.parametrize("rows", [{}, {"x.*": "custom"}, {"x": "string; isnull"}, {"x": "Relation - a (id); all"}])
def test_without_a_field_to_show_there_is_no_example(rows: dict[str, str]) -> None:
    endpoint = kf.Endpoint("x", rows)
    assert example_filter(endpoint) is None
    assert filter_examples(endpoint) == {}
    assert "Example" not in parameter_description(endpoint)


@pytest.mark.parametrize("name", ["clients", "clients/full"])
def test_the_public_tables_are_described_and_read_back(name: str) -> None:
    endpoint = kf.kanbert_endpoints()[name]
    shown = example_filter(endpoint)
    assert shown is not None
    endpoint.check(shown)
    assert kf.Endpoint.from_markdown(name, parameter_description(endpoint)).to_markdown() == endpoint.to_markdown()


@pytest.mark.parametrize("wrong", ["projects", {"title": "string"}, None, kf.Endpoint("e", {}).parse("")], ids=repr)
def test_what_is_no_endpoint_is_a_type_error_that_says_so(wrong: Any) -> None:
    doors: list[Callable[[], object]] = [
        lambda: filter_of_request(wrong, "GET", "", None, b""),
        lambda: filter_from(wrong),
        lambda: filter_field(wrong),
        lambda: verify(wrong, Table("projects", MetaData())),
    ]
    for door in doors:
        with pytest.raises(TypeError, match=f"expected an endpoint, not {type(wrong).__name__}"):
            door()


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- a -->",
    "![image](http://example.com/x.png)",
    "[link](javascript:alert(1))",
    "<http://example.com>",
    "**bold** _italics_ ~~struck~~",
    "`code`",
    "``",
    "`",
    "&lt;b&gt;",
    "a|b",
    "a\\",
    "\\<b>",
    "(c) -- ... \"quoted\" 'quoted'",
    "# heading",
    "$x^2$",
]


class _Visible(HTMLParser):
    """What a browser shows, and the tags it acts on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "td":
            self.cells.append("")

    def handle_comment(self, data: str) -> None:
        self.tags.add("!--")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.cells:
            self.cells[-1] += data.rstrip("\n")


def shown(markdown: str) -> _Visible:
    """The Markdown as Swagger UI shows it: HTML and typographic replacements are on."""
    renderer = MarkdownIt("commonmark", {"html": True, "typographer": True})
    renderer.enable(["table", "strikethrough", "replacements", "smartquotes"])
    visible = _Visible()
    visible.feed(renderer.render(markdown))
    visible.close()
    return visible


@pytest.mark.parametrize("choice", HOSTILE)
def test_choices_are_shown_as_text(choice: str) -> None:
    endpoint = kf.Endpoint("x", {"x": kf.types.Enum(choice), "y.id": "id<Project>"})
    visible = shown(parameter_description(endpoint))
    assert visible.tags <= {"p", "table", "thead", "tbody", "tr", "th", "td", "code"}
    assert visible.cells[1] == endpoint["x"].with_parts(operators=None).text
    assert visible.cells[4] == "id<Project>"
    assert f"Example: {filter_examples(endpoint)['DSL']}" in visible.text


# completing


def test_a_browser_counts_code_units() -> None:
    answer = completion_data(PROJECTS, "title = '😀' and tit", 20)
    assert (answer["start"], answer["end"]) == (16, 19)
    assert answer["utf16"] == {"start": 17, "end": 20}
    assert answer["proposals"] == [{"text": "title", "kind": "field", "detail": "string"}]


@pytest.mark.parametrize("cursor", [None, "", "20", "21", "999999999", "9" * 5000, "x", "-1", "²", " 20"])
def test_a_cursor_of_a_query_string(cursor: str | None) -> None:
    answer = completion_data(PROJECTS, "title = '😀' and tit", cursor)
    assert [proposal["text"] for proposal in answer["proposals"]] == ["title"]
    assert completion_data(PROJECTS, "title = '😀' and tit", "0")["end"] == 0


@given(st.text(st.characters() | st.sampled_from("😀\ud83d\ude00=' ")), st.integers())
def test_every_text_and_cursor_of_a_browser_is_answered(text: str, cursor: int) -> None:
    answer = completion_data(PROJECTS, text, cursor)
    units = text.encode("utf-16-le", "surrogatepass")
    assert 0 <= answer["utf16"]["start"] <= answer["utf16"]["end"] <= len(units) // 2
    for end in ("start", "end"):
        assert text[: answer[end]].encode("utf-16-le", "surrogatepass") == units[: 2 * answer["utf16"][end]]
