"""Filters in FastAPI, Starlette and Django: the same requests, the same answers, from real applications and their clients."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable, Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

import jsonschema
import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from fastapi import FastAPI, Form, Header
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

import kanbert_filter as kf
from kanbert_filter.integrations import django as in_django
from kanbert_filter.integrations.fastapi import (
    detailed_filter_errors as detailed_fastapi_errors,
    filter_body,
    filter_errors,
    filter_from,
    filter_responses,
)
from kanbert_filter.integrations.requests import client_filter, largest_body
from kanbert_filter.integrations.starlette import (
    detailed_filter_errors as detailed_starlette_errors,
    filter_errors as starlette_errors,
    read_filter,
)
from kanbert_filter.limits import DEFAULT_LIMITS
from tests import django_site

assert django_site

PROJECTS = kf.Endpoint(
    "projects",
    {
        "title": "string",
        "budget": "number",
        "client.name": "string",
        "owner.id": "id",
        "custom_field.*": "custom",
        "tasks": {"status": "enum: ACTIVE, DONE"},
    },
)
FOR_GUESTS = PROJECTS.without("budget")
INTERNAL = kf.Endpoint(
    "internal", {"secret_tenant": "string", "secret_owner": "id", "secret_scope": kf.types.Scope(["on"])}
)

Ask = Callable[..., tuple[int, Any]]
"""Asks an application: the query string, a body and its type, and the caller's role."""


def endpoint_for(role: str | None) -> kf.Endpoint:
    return FOR_GUESTS if role == "guest" else PROJECTS


def answer(checked: kf.CheckedFilter) -> dict[str, str]:
    """What every application answers: the filter. Some filters meet a server at fault."""
    text = kf.to_dsl(checked)
    if "server at fault" in text:
        fail(text, checked)
    return {"filter": text}


def fail(text: str, checked: kf.CheckedFilter) -> None:
    """What goes wrong with a condition of the server's own."""
    tenant = "secret value"
    if "check" in text:
        INTERNAL.check(kf.field("secret_nowhere") == tenant)
    elif "parse" in text:
        INTERNAL.parse(f'secret_tenant = "{tenant}')
    elif "context" in text:
        kf.compile_predicate(INTERNAL.check(kf.field("secret_owner") == kf.ME) & checked)
    elif "scope" in text:
        kf.compile_predicate(INTERNAL.parse("secret_scope = 'on'") & checked)
    elif "record" in text:
        kf.compile_predicate(INTERNAL.parse("secret_tenant = 'x'") & checked)({"secret_tenant": 5, "title": text})
    elif "engine" in text:
        raise kf.UnsupportedFilterError(UNSUPPORTED)
    else:
        with client_filter():
            if "unsupported" in text:
                raise kf.UnsupportedFilterError(UNSUPPORTED)
            PROJECTS.parse("titel = 'a'")


UNSUPPORTED = kf.Problem("unsupported", "The engine cannot test secret_tenant for 'secret value'", "secret_tenant")


# the applications


def visible(role: Annotated[str | None, Header()] = None) -> kf.Endpoint:
    return endpoint_for(role)


fastapi_app = FastAPI(exception_handlers=filter_errors, responses=filter_responses)


@fastapi_app.get("/")
@fastapi_app.post("/", openapi_extra=filter_body(PROJECTS))
async def _in_fastapi(checked: Annotated[kf.CheckedFilter, filter_from(PROJECTS, visible=visible)]) -> dict[str, str]:
    return answer(checked)


async def _in_starlette(request: Request) -> JSONResponse:
    return JSONResponse(answer(await read_filter(request, endpoint_for(request.headers.get("role")))))


starlette_app = Starlette(
    routes=[Route("/", _in_starlette, methods=["GET", "POST"])], exception_handlers=starlette_errors
)


def _in_django(request: HttpRequest) -> JsonResponse:
    return JsonResponse(answer(in_django.read_filter(request, endpoint_for(request.headers.get("role")))))


async def _in_async_django(request: HttpRequest) -> JsonResponse:
    return _in_django(request)


def _twice_in_django(request: HttpRequest) -> JsonResponse:
    first, second = [in_django.read_filter(request, PROJECTS) for _ in range(2)]
    return JsonResponse({**answer(first), **answer(second), "body": request.body.decode(), "form": request.POST.dict()})


def _after_post_in_django(request: HttpRequest) -> JsonResponse:
    if "read" in request.GET:
        request.read()
    assert request.POST.get("filter") == (None if "read" in request.GET else "budget = 1")
    return _in_django(request)


def _tried_in_django(request: HttpRequest) -> JsonResponse:
    with pytest.raises(kf.FilterSyntaxError, match="Found a body of more than"):
        in_django.read_filter(request, PROJECTS)
    return _in_django(request)


urlpatterns = [
    path("", _in_django),
    path("async", _in_async_django),
    path("twice", _twice_in_django),
    path("tried", _tried_in_django),
    path("after-post", _after_post_in_django),
]


def asgi(app: Any) -> Ask:
    client = TestClient(app, raise_server_exceptions=False)

    def ask(query: str = "", body: bytes = b"", type: str = "", role: str = "") -> tuple[int, Any]:
        headers = {"role": role} | ({"content-type": type} if type else {})
        method = "POST" if body else "GET"
        response = client.request(method, f"/?{query}", content=body or None, headers=headers)
        is_json = response.headers["content-type"] == "application/json"
        return response.status_code, response.json() if is_json else response.text

    return ask


def django(query: str = "", body: bytes = b"", type: str = "", role: str = "") -> tuple[int, Any]:
    client = Client(raise_request_exception=False, headers={"role": role})
    url = f"/?{query}"
    response: Any = client.generic("POST", url, body, content_type=type) if body else client.get(url)
    is_json = response.headers["content-type"] == "application/json"
    return response.status_code, response.json() if is_json else response.text


@pytest.fixture(params=["fastapi", "starlette", "django"])
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """One of the applications, behind its client."""
    if request.param != "django":
        yield asgi(fastapi_app if request.param == "fastapi" else starlette_app)
        return
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[MIDDLEWARE], DEBUG_PROPAGATE_EXCEPTIONS=False):
        yield django


MIDDLEWARE = "kanbert_filter.integrations.django.FilterErrorMiddleware"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PAIRS = {"filter[0][field]": "budget", "filter[0][op]": "gte", "filter[0][value]": "1000"}


def body(data: object) -> bytes:
    return json.dumps(data).encode()


# what is read


@pytest.mark.parametrize(
    "query",
    [
        urlencode({"page": "2", "filter": "budget >= 1000"}),
        urlencode({"filter": '[{"field": "budget", "op": "gte", "value": 1000}]'}),
        urlencode(PAIRS),
        "filter=budget+%3E%3D+1000",
    ],
)
def test_any_notation_in_the_url(ask: Ask, query: str) -> None:
    assert ask(query) == (200, {"filter": "budget >= 1000"})


@pytest.mark.parametrize("query", ["", "page=2", "filter=", "filter=%20", "filter=[]", "filters=budget"])
def test_no_filter(ask: Ask, query: str) -> None:
    assert ask(query) == (200, {"filter": ""})


@pytest.mark.parametrize(
    ("sent", "type"),
    [
        (body({"filter": "budget >= 1000"}), JSON),
        (body({"filter": '[{"field": "budget", "op": "gte", "value": 1000}]'}), "application/json; charset=utf-8"),
        (body({"filter": [{"field": "budget", "op": "gte", "value": 1000}]}), "application/vnd.api+json"),
        (b'\n{ "filter" :\t{"field": "budget", "op": "gte", "value": 1e3} }\r\n', "Application/JSON"),
        (urlencode({"filter": "budget >= 1000", "csrf": "x"}).encode(), FORM),
        (urlencode(PAIRS).encode(), FORM),
        (b"&".join(f"{key}={value}".encode() for key, value in PAIRS.items()), f"{FORM};charset=UTF-8"),
    ],
)
def test_any_notation_in_the_body(ask: Ask, sent: bytes, type: str) -> None:
    assert ask("", sent, type) == (200, {"filter": "budget >= 1000"})


def test_numbers_in_a_body_are_exact(ask: Ask) -> None:
    sent = b'{"filter": [{"field": "budget", "op": "eq", "value": 0.10000000000000000000000000001}]}'
    assert ask("", sent, JSON) == (200, {"filter": "budget = 0.10000000000000000000000000001"})


def test_a_body_may_be_empty_or_blank(ask: Ask) -> None:
    assert ask("filter=budget+%3D+1", b" \n", "text/plain") == (200, {"filter": "budget = 1"})


def test_a_filter_too_long_for_a_url(ask: Ask) -> None:
    text = "title in [" + ", ".join(f'"{"ü" * 25}{n}"' for n in range(999)) + "]"
    for sent, type in ((body({"filter": text}), JSON), (urlencode({"filter": text}).encode(), FORM)):
        assert len(sent) > len(text) * 2
        assert ask("", sent, type) == (200, {"filter": text})


def test_text_beyond_ascii(ask: Ask) -> None:
    for query in ("filter=title+%3D+%22%C3%BC%22", 'filter=title+=+"ü"'):
        assert ask(query) == (200, {"filter": 'title = "ü"'})
    assert ask("", 'title = "ü"'.join(['{"filter": ', "}"]).encode(), JSON)[0] == 400
    assert ask("", '{"filter": "title = \'ü\'"}'.encode(), JSON) == (200, {"filter": 'title = "ü"'})


# what is refused


@pytest.mark.parametrize(
    ("query", "field", "issue"),
    [
        ("filter=budget+contains+'x'", "budget", "Operator 'contains' is not allowed for type 'number'"),
        ("filter=titel+%3D+'a'", "titel", "Unknown field 'titel'. Did you mean 'title'?"),
        ("filter=title+%3D", None, ""),
        ("filter=budget+%3D+1&filter=budget+%3D+1", None, "Found the filter more than once"),
        ("filter=budget+%3D+1&" + urlencode(PAIRS), None, "Found the filter more than once"),
        ("filter=%FF", None, "Found the byte 0xFF, which is not UTF-8"),
        ("filter=%5B", None, "The text is not JSON"),
        ("filter[0]=x", None, ""),
    ],
)
def test_the_documented_body(ask: Ask, query: str, field: str | None, issue: str) -> None:
    status, answered = ask(query)
    assert (status, [*answered]) == (400, ["message", "errors"])
    assert answered["message"] == "Invalid filter"
    assert [*answered["errors"][0]] == ["field", "issue"]
    assert answered["errors"][0]["field"] == field
    assert answered["errors"][0]["issue"].startswith(issue)


def test_every_problem_is_reported(ask: Ask) -> None:
    _, answered = ask("filter=budget+contains+'x'+and+titel+%3D+'a'")
    assert [error["field"] for error in answered["errors"]] == ["budget", "titel"]


@pytest.mark.parametrize(
    ("sent", "type", "issue"),
    [
        (
            b"budget = 1",
            "text/plain",
            "Found a body of type 'text/plain', expected application/json, application/x-www",
        ),
        (b"budget = 1", "text/plain; charset=utf-8", "Found a body of type 'text/plain'"),
        (b"budget = 1", "application/octet-stream", "Found a body of type 'application/octet-stream'"),
        (b"filter=budget+%3D+1", "", "Found a body without a Content-Type, expected application/json"),
        (body({"filter": "budget = 1"}), "text/json", "Found a body of type 'text/json'"),
        (gzip.compress(body({"filter": "budget = 1"})), JSON, "Found a body whose byte 1 is not UTF-8"),
        (gzip.compress(b"filter=budget+%3D+1"), FORM, "Found a body whose byte 1 is not UTF-8"),
        (
            '{"filter": "budget = 1"}'.encode("utf-16"),
            f"{JSON}; charset=utf-16",
            "Found a body whose byte 0 is not UTF",
        ),
        ('{"filter": "budget = 1"}'.encode("utf-16-le"), JSON, "The body is not JSON: found '\\x00'"),
        (
            '\ufeff{"filter": "budget = 1"}'.encode(),
            JSON,
            "The body is not JSON: found '\\ufeff' (zero width no-break space)",
        ),
        (b"[]", JSON, 'Found a body of another shape, expected {"filter": …} and nothing else'),
        (b"{}", JSON, "Found a body of another shape"),
        (b'{"\\u0066ilter": "budget = 1"}', JSON, "Found a body of another shape"),
        (body({"filtr": "budget = 1"}), JSON, "Found 'filtr' in the body, expected {"),
        (body({"page": 1, "filter": "budget = 1"}), JSON, "Found 'page' beside 'filter' in the body, expected {"),
        (body({"filter": "budget = 1", "page": 1}), JSON, "Found 'page' beside 'filter' in the body"),
        (body({"filter": "", "page": 1}), JSON, "Found 'page' beside 'filter' in the body"),
        (body({"filter": [], "page": 1}), JSON, "Found 'page' beside 'filter' in the body"),
        (b'{"filter": [], "filter": "budget = 1"}', JSON, "Found 'filter' twice in the body"),
        (b'{"filter": "budget = 1",}', JSON, "The body is not JSON: found '}', expected another item"),
        (b'{"filter": "budget = "1""}', JSON, "The body is not JSON: found '1', expected ','"),
        (b'{"filter": [}', JSON, "The body is not JSON: found '}'"),
        (b"filter=budget+%3D+1", JSON, "The body is not JSON: found 'filter', expected a value"),
        (b'{"filter": "", "page": ' + b"[" * 60_000 + b"}", JSON, "Found text that is not a JSON string"),
        (body({"filter": None}), JSON, "Found null"),
        (body({"filter": 5}), JSON, ""),
        (b'{"filter": "\\ud800"}', JSON, "Found half of a surrogate pair"),
        (b'{"filter": "a', JSON, "The body is not JSON: found a text without a closing quote"),
        (b'{"filter": "\xff"}', JSON, "Found a body whose byte 12 is not UTF-8"),
        (b'{"filter": {"field": "budget", "op": "eq", "op": "ne", "value": 1}}', JSON, ""),
        (b'{"filter": ' + b"[" * 60_000 + b"}", JSON, ""),
        (b'{"filter": "' + b"(" * 60_000 + b'"}', JSON, ""),
        (b'{"filter": [' + b"9" * 60_000 + b"]}", JSON, ""),
        (b"filtr=budget+%3D+1", FORM, "Found no 'filter' in the form, expected filter=… or filter[…]=…"),
        (
            body({"filter": "budget = 1"}),
            FORM,
            "Found JSON in a body of type 'application/x-www-form-urlencoded', expected a",
        ),
        (body([{"field": "budget", "op": "eq", "value": 1}]), FORM, "Found JSON in a body of type"),
        (b"filter=a&filter=b", FORM, "Found the filter more than once"),
        (b"filter=%FF", FORM, "Found the byte 0xFF, which is not UTF-8"),
    ],
)
def test_wrong_bodies(ask: Ask, sent: bytes, type: str, issue: str) -> None:
    status, answered = ask("", sent, type)
    assert (status, answered["message"]) == (400, "Invalid filter")
    assert answered["errors"][0]["issue"].startswith(issue)


def test_a_filter_in_the_url_and_another_in_the_body(ask: Ask) -> None:
    status, answered = ask("filter=budget+%3D+1", body({"filter": "budget = 1"}), JSON)
    assert status == 400
    assert answered["errors"][0]["issue"] == "Found a filter in the URL and another in the body, expected one of them"
    assert ask("filter=", body({"filter": "budget = 1"}), JSON) == (200, {"filter": "budget = 1"})
    assert ask("filter=budget+%3D+1", body({"filter": ""}), JSON) == (200, {"filter": "budget = 1"})


def test_a_body_too_long_is_refused(ask: Ask) -> None:
    for sent in (b"x" * (largest_body(DEFAULT_LIMITS) + 1), b"x" * 5_000_000):
        status, answered = ask("", sent, JSON)
        assert status == 400
        assert answered["errors"] == [
            {
                "field": None,
                "issue": "Found a body of more than 262144 bytes, expected at most that; shorten the filter",
            }
        ]


@pytest.mark.parametrize("app", [fastapi_app, starlette_app])
@pytest.mark.parametrize("declared", [None, b"5", b"nonsense"])
@pytest.mark.anyio
async def test_a_body_that_does_not_end_is_not_read_to_its_end(app: Any, declared: bytes | None) -> None:
    chunks = 0
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal chunks
        chunks += 1
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", JSON.encode())] + ([(b"content-length", declared)] if declared else [])
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    assert (sent[0]["status"], chunks) == (400, 5)


@pytest.mark.parametrize("app", [fastapi_app, starlette_app])
@pytest.mark.anyio
async def test_raw_bytes_in_the_url_that_are_not_utf8(app: Any) -> None:
    query = b"filter=title+%3D+%22\xfc%22"
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": []}
    server: Any = ApplicationCommunicator(app, scope)  # type: ignore[no-untyped-call]
    await server.send_input({"type": "http.request"})
    start, sent = await server.receive_output(5), await server.receive_output(5)
    assert start["status"] == 400
    [error] = json.loads(sent["body"])["errors"]
    assert error["issue"].startswith("Found the byte 0xFC, which is not UTF-8")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# multipart forms


def multipart(*parts: str, boundary: str = "x") -> bytes:
    """A multipart form of these parts, each with its headers."""
    return "".join([f"--{boundary}\r\n{part}\r\n" for part in parts] + [f"--{boundary}--\r\n"]).encode()


def part(name: str, value: str, more: str = "") -> str:
    return f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}'


MULTIPART = "multipart/form-data; boundary=x"
FILE = '; filename="a.txt"\r\nContent-Type: text/plain'


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (multipart(part("filter", "budget >= 1000")), "budget >= 1000"),
        (multipart(part("filter", '{"field": "budget", "op": "eq", "value": 1}')), "budget = 1"),
        (multipart(*[part(key, value) for key, value in PAIRS.items()]), "budget >= 1000"),
        (multipart(part("page", "2"), part("filter", "budget = 1"), part("file", "--y\r\n\r\n", FILE)), "budget = 1"),
        (multipart(part("filter", "title = 'ü&filter=+%2B\r\n--'")), 'title = "ü&filter=+%2B\\r\\n--"'),
        (multipart(part("filter", "budget = 1").replace("form-data; ", "form-data;a=b ; ")), "budget = 1"),
        (multipart(part("filter", "budget = 1").replace("C", "c").replace('"', "")), "budget = 1"),
        (multipart(f"Content-Type: text/plain\r\n{part('filter', 'budget = 1')}"), "budget = 1"),
        (multipart(part("filter", "")), ""),
        (multipart(), ""),
        (b"--x--", ""),
    ],
)
def test_multipart_forms(ask: Ask, sent: bytes, found: str) -> None:
    assert ask("", sent, MULTIPART) == (200, {"filter": found})


def test_the_boundary_of_a_multipart_form(ask: Ask) -> None:
    sent = multipart(part("filter", "budget = 1"), boundary="a b")
    assert ask("", sent, 'Multipart/Form-Data; charset=utf-8; Boundary="a b"') == (200, {"filter": "budget = 1"})


@pytest.mark.parametrize(
    ("sent", "type", "issue"),
    [
        (multipart(part("filtr", "budget = 1")), MULTIPART, "Found no 'filter' in the form, expected filter=… or"),
        (multipart(part("file", "budget = 1", FILE)), MULTIPART, "Found no 'filter' in the form, expected filter=… or"),
        (multipart(part("filter", "budget = 1", FILE)), MULTIPART, "Found a file under 'filter', expected text"),
        (multipart(part("filter[0]", "x", "; filename*=utf-8''a")), MULTIPART, "Found a file under 'filter[0]'"),
        (multipart(part("filter", "a"), part("filter", "b")), MULTIPART, "Found the filter more than once"),
        (multipart(part("filter", "budget = 1")).replace(b"1", b"\xff"), MULTIPART, "Found a body whose byte"),
        (
            multipart(part("filter", "budget = 1")),
            "multipart/form-data",
            "Found a malformed multipart body, expected its",
        ),
        (
            multipart(part("filter", "budget = 1"))[:-5],
            MULTIPART,
            "Found a malformed multipart body, expected it to begin",
        ),
        (
            multipart(part("filter", "budget = 1")) + b"--",
            MULTIPART,
            "Found a malformed multipart body, expected it to",
        ),
        (b"x" + multipart(part("filter", "budget = 1")), MULTIPART, "Found a malformed multipart body, expected it to"),
        (
            multipart(part("filter", "a")).replace(b"\r", b""),
            MULTIPART,
            "Found a malformed multipart body, expected it to",
        ),
        (multipart("\r\nfilter"), MULTIPART, "Found a malformed multipart body, expected a Content-Disposition"),
        (
            multipart("Content-Disposition: form-data\r\n\r\n1"),
            MULTIPART,
            "Found a malformed multipart body, expected a C",
        ),
        (
            multipart("Content-Type: text/plain\r\n\r\n1"),
            MULTIPART,
            "Found a malformed multipart body, expected a Cont",
        ),
        (
            multipart("Content-Disposition: form-data; a=b\r\n\r\n"),
            MULTIPART,
            "Found a malformed multipart body, expected a n",
        ),
        (b"--x\r\n" * 40_000, MULTIPART, "Found a malformed multipart body"),
        (
            multipart("Content-Disposition: form-data" + ";a=b" * 60_000 + "\r\n\r\n"),
            MULTIPART,
            "Found a malformed multipart",
        ),
        (
            multipart("Content-Disposition: form-data;" + " " * 250_000 + "\r\n\r\n"),
            MULTIPART,
            "Found a malformed multipart",
        ),
    ],
)
def test_wrong_multipart_forms(ask: Ask, sent: bytes, type: str, issue: str) -> None:
    status, answered = ask("", sent, type)
    assert (status, answered["errors"][0]["issue"][: len(issue)]) == (400, issue)


# forms that were read before

SENT_FORMS = [
    (b"filter=budget+%3D+1&page=2", FORM),
    (multipart(part("filter", "budget = 1"), part("page", "2"), part("file", "y" * 300_000, FILE)), MULTIPART),
]
"""A form with other keys, and one with a file that is longer than a body may be that is read for its filter."""


@pytest.mark.parametrize(("sent", "type"), SENT_FORMS)
def test_a_form_that_starlette_has_read(sent: bytes, type: str) -> None:
    async def listed(request: Request) -> JSONResponse:
        async with request.form() as form:
            return JSONResponse(answer(await read_filter(request, PROJECTS)) | {"page": str(form["page"])})

    client = TestClient(Starlette(routes=[Route("/", listed, methods=["POST"])], exception_handlers=starlette_errors))
    headers = {"content-type": type}
    assert client.post("/", content=sent, headers=headers).json() == {"filter": "budget = 1", "page": "2"}
    wrong = client.post(
        "/", content=sent.replace(b'filter"', b'titel"').replace(b"filter=", b"titel="), headers=headers
    )
    assert wrong.json()["errors"][0]["issue"].startswith("Found no 'filter' in the form")


def test_a_form_of_fastapi_beside_the_filter() -> None:
    app = FastAPI(exception_handlers=filter_errors)

    @app.post("/")
    def _own(checked: Annotated[kf.CheckedFilter, filter_from(PROJECTS)], page: Annotated[int, Form()]) -> Any:
        return answer(checked) | {"page": page}

    client = TestClient(app)
    for sent, type in SENT_FORMS:
        answered = client.post("/", content=sent, headers={"content-type": type})
        assert answered.json() == {"filter": "budget = 1", "page": 2}
    file = client.post("/", data={"page": "2"}, files={"filter": b"budget = 1"})
    assert file.json()["errors"][0]["issue"] == "Found a file under 'filter', expected text"
    twice = client.post("/?filter=budget=1", data={"page": "2", "filter": "budget = 2"})
    assert twice.json()["errors"][0]["issue"].startswith("Found a filter in the URL and another in the body")


def test_a_body_that_something_before_has_read_is_not_taken_for_none() -> None:
    app = FastAPI(exception_handlers=filter_errors)

    @app.middleware("http")
    async def _before(request: Request, call_next: Any) -> Any:
        async with request.form():
            return await call_next(request)

    @app.post("/")
    async def _read(checked: Annotated[kf.CheckedFilter, filter_from(PROJECTS)]) -> Any:
        return answer(checked)

    client = TestClient(app)
    for sent, type in (SENT_FORMS[0], (multipart(part("filter", "budget = 1")), MULTIPART)):
        answered = client.post("/", content=sent, headers={"content-type": type})
        assert answered.json()["errors"][0]["issue"].startswith("Found no body that can be read to its end")


# Django REST framework


@pytest.fixture
def drf() -> Iterator[Callable[..., tuple[int, Any]]]:
    """Asks a view of Django REST framework."""
    with override_settings(
        ROOT_URLCONF=__name__, MIDDLEWARE=[MIDDLEWARE], REST_FRAMEWORK={"UNAUTHENTICATED_USER": None}
    ):
        from rest_framework.request import Request as RestRequest
        from rest_framework.response import Response
        from rest_framework.views import APIView

        class Listed(APIView):
            authentication_classes = ()
            permission_classes = ()

            def get(self, request: RestRequest) -> Response:
                assert isinstance(request, RestRequest)
                data: Any = request.data if "first" in request.query_params else {"page": "2"}
                assert data["page"] == "2"
                checked = in_django.read_filter(request, PROJECTS)
                if "server" in request.query_params:
                    INTERNAL.parse("secret = 1")
                return Response({**answer(checked), "data": request.data and "filter" in request.data})

            post = put = get

        view = Listed.as_view()

        def ask(method: str, query: str = "", body: bytes = b"", type: str = "") -> tuple[int, Any]:
            urlpatterns.append(path("rest", view))
            try:
                client = Client(raise_request_exception=False)
                response: Any = client.generic(method, f"/rest?{query}", body, content_type=type)
                return (
                    response.status_code,
                    response.json() if response.status_code < 500 else response.content.decode(),
                )
            finally:
                urlpatterns.pop()

        yield ask


def test_requests_of_django_rest_framework(drf: Callable[..., tuple[int, Any]]) -> None:
    assert drf("GET") == (200, {"filter": "", "data": {}})
    found: dict[str, object] = {"filter": 'title = "ü"', "data": {}}
    assert drf("GET", "filter=title+%3D+%22%C3%BC%22") == drf("GET", 'filter=title+=+"ü"') == (200, found)
    assert drf("GET", "filter=titel=1")[1]["errors"][0]["field"] == "titel"
    found = {"filter": "budget = 1", "data": True}
    for method in ("POST", "PUT"):
        assert drf(method, "", BUDGET, JSON) == (200, found)
        for sent, type in SENT_FORMS:
            assert drf(method, "first", sent, type) == (200, found)
        assert drf(method, "", *SENT_FORMS[0]) == (200, found)
    status, shown = drf("GET", "server")
    assert status == 500
    assert "secret" not in shown


# WebSockets


def test_websockets_read_the_query_string() -> None:
    app = FastAPI(exception_handlers=filter_errors)

    @app.websocket("/from")
    async def _from(socket: WebSocket, checked: Annotated[kf.CheckedFilter, filter_from(PROJECTS)]) -> None:
        await socket.accept()
        await socket.send_json(answer(checked))

    @app.websocket("/read")
    async def _read(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json(answer(await read_filter(socket, PROJECTS)))

    client = TestClient(app, raise_server_exceptions=False)
    for url in ("/from", "/read"):
        for query in ("filter=budget+%3D+1", "filter[field]=budget&filter[op]=eq&filter[value]=1"):
            with client.websocket_connect(f"{url}?{query}") as session:
                assert session.receive_json() == {"filter": "budget = 1"}
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/from?filter=titel+%3D+1"):
        pass
    assert (denied.value.status_code, denied.value.json()["errors"][0]["field"]) == (400, "titel")
    with (
        client.websocket_connect("/read?filter=titel+%3D+1") as session,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        session.receive_json()
    assert (closed.value.code, closed.value.reason) == (1008, "Invalid filter")
    fault = urlencode({"filter": "title = 'server at fault: check'"})
    with pytest.raises(kf.FilterCheckError, match="secret"), client.websocket_connect(f"/from?{fault}"):
        pass


# what is read more than once

BUDGET = body({"filter": "budget = 1"})


async def _read_in_starlette(request: Request) -> JSONResponse:
    first, second = [await read_filter(request, PROJECTS) for _ in range(2)]
    streamed = b"".join([chunk async for chunk in request.stream()])
    assert await request.body() == streamed
    return JSONResponse({**answer(first), **answer(second), "json": await request.json() if streamed else None})


async def _try_in_starlette(request: Request) -> JSONResponse:
    with pytest.raises(kf.FilterSyntaxError, match="Found a body of more than"):
        await read_filter(request, PROJECTS)
    return JSONResponse(answer(await read_filter(request, PROJECTS)))


def test_starlette_requests_are_read_again() -> None:
    routes = [
        Route("/", _read_in_starlette, methods=["GET", "POST"]),
        Route("/try", _try_in_starlette, methods=["POST"]),
    ]
    client = TestClient(Starlette(routes=routes, exception_handlers=starlette_errors))
    assert client.get("/").json() == {"filter": "", "json": None}
    assert client.get("/?filter=budget=1").json() == {"filter": "budget = 1", "json": None}
    for sent in (BUDGET, iter([BUDGET[:5], BUDGET[5:]])):
        answered = client.post("/", content=sent, headers={"content-type": JSON}).json()
        assert answered == {"filter": "budget = 1", "json": {"filter": "budget = 1"}}
    start = b"x" * (largest_body(DEFAULT_LIMITS) + 1)
    for sent in (start + BUDGET, iter([start, BUDGET])):
        assert client.post("/try", content=sent, headers={"content-type": JSON}).status_code == 400


First = Annotated[kf.CheckedFilter, filter_from(PROJECTS, name="fa")]
Second = Annotated[kf.CheckedFilter, filter_from(PROJECTS, name="fb")]


def test_a_route_of_fastapi_may_have_two_filters() -> None:
    app = FastAPI(exception_handlers=filter_errors)

    @app.get("/")
    def _two(fa: First, fb: Second) -> list[dict[str, str]]:
        return [answer(fa), answer(fb)]

    client = TestClient(app)
    assert client.get("/").json() == [{"filter": ""}] * 2
    assert client.get("/?fa=budget=1&fb=budget=2").json() == [{"filter": "budget = 1"}, {"filter": "budget = 2"}]
    assert client.get("/?fa=budget=1&fb=budged=2").status_code == 400


def test_a_body_of_fastapis_own_is_there_after_the_filter_is_read() -> None:
    app = FastAPI(exception_handlers=filter_errors)

    @app.middleware("http")
    async def _before(request: Request, call_next: Any) -> Any:
        await read_filter(request, PROJECTS, name="fa")
        return await call_next(request)

    @app.post("/")
    async def _own(request: Request, sent: dict[str, str], fa: First) -> Any:
        return [answer(fa), sent, await request.json()]

    client = TestClient(app)
    for sent in (b'{"fa": "budget = 1"}', iter([b'{"fa": "budget', b' = 1"}'])):
        answered = client.post("/", content=sent, headers={"content-type": JSON})
        assert answered.json() == [{"filter": "budget = 1"}, {"fa": "budget = 1"}, {"fa": "budget = 1"}]


async def django_asgi(url: str, type: str, *chunks: bytes) -> tuple[int, Any]:
    """What Django answers under ASGI to a body whose length is not declared."""
    scope = {"type": "http", "method": "POST", "path": url, "headers": [(b"content-type", type.encode())]}
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[MIDDLEWARE]):
        server: Any = ApplicationCommunicator(ASGIHandler(), scope)  # type: ignore[no-untyped-call]
        for chunk in chunks:
            await server.send_input({"type": "http.request", "body": chunk, "more_body": chunk is not chunks[-1]})
        start, sent = await server.receive_output(5), await server.receive_output(5)
        await server.wait(5)
    return start["status"], json.loads(sent["body"])


@pytest.mark.anyio
async def test_django_requests_of_undeclared_length_are_read_again() -> None:
    found = {"filter": "budget = 1", "body": BUDGET.decode(), "form": {}}
    assert await django_asgi("/twice", JSON, BUDGET[:5], BUDGET[5:]) == (200, found)
    found |= {"body": "filter=budget%3D1", "form": {"filter": "budget=1"}}
    assert await django_asgi("/twice", FORM, b"filter=budget%3D1") == (200, found)
    start = b"x" * (largest_body(DEFAULT_LIMITS) + 1)
    for chunks in ((start,), (start, BUDGET)):
        status, refused = await django_asgi("/tried", JSON, *chunks)
        assert (status, refused["errors"][0]["issue"][:32]) == (400, "Found a body of more than 262144")


def test_a_form_that_django_has_read() -> None:
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[MIDDLEWARE], DEBUG_PROPAGATE_EXCEPTIONS=False):
        client = Client(raise_request_exception=False)
        form: Any = client.post("/after-post", {"filter": "budget = 1"})
        assert (form.status_code, form.json()) == (200, {"filter": "budget = 1"})
        form = client.post("/after-post", {"filter": ["", "budget = 1"]})
        assert form.json()["errors"][0]["issue"].startswith("Found the filter more than once")
        form = client.post("/after-post", b"filter=budget+%3D+1", content_type=FORM)
        assert (form.status_code, form.json()) == (200, {"filter": "budget = 1"})
        assert client.post("/after-post?read", BUDGET, content_type=JSON).status_code == 500


# per caller


def test_the_endpoint_is_the_callers(ask: Ask) -> None:
    assert ask("filter=budget+%3D+1", role="member")[0] == 200
    hidden, unknown = (ask(f"filter={name}+%3D+1", role="guest") for name in ("budget", "xudget"))
    assert hidden[0] == unknown[0] == 400
    assert hidden[1] == json.loads(json.dumps(unknown[1]).replace("xudget", "budget"))


# the server's own condition


@pytest.mark.parametrize("fault", ["check", "parse", "context", "scope", "record", "engine"])
def test_a_fault_of_the_servers_own_is_a_500_that_says_nothing(
    ask: Ask, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "kanbert_filter")
    status, answered = ask(urlencode({"filter": f"title = 'server at fault: {fault}'"}))
    assert status == 500
    assert "secret" not in str(answered)
    assert not [record for record in caplog.records if record.name.startswith("kanbert_filter")]


def test_a_route_says_what_else_is_the_clients_filter(ask: Ask) -> None:
    status, answered = ask(urlencode({"filter": "title = 'server at fault: none, by hand'"}))
    issue = "Unknown field 'titel'. Did you mean 'title'?"
    assert (status, answered["errors"]) == (400, [{"field": "titel", "issue": issue}])


def test_what_an_engine_cannot_run_does_not_say_why(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kanbert_filter")
    status, answered = ask(urlencode({"filter": "title = 'server at fault: none, unsupported'"}))
    issue = "The filter is valid, but it cannot be run here; make it simpler"
    assert (status, answered) == (400, {"message": "Invalid filter", "errors": [{"field": None, "issue": issue}]})
    assert "secret" not in caplog.text


def test_a_composed_filter_shows_nothing_and_cannot_be_weakened() -> None:
    own = INTERNAL.check(kf.field("secret_tenant") == "t-1")
    matches_own = {"secret_tenant": "t-1", "title": "a"}
    matches_other = {"secret_tenant": "t-2", "title": "a"}
    for text in ("", "title = 'a'", "title = 'a' or title != 'a'", "title is null or title is not null"):
        whole = own & PROJECTS.parse(text)
        assert kf.compile_predicate(whole)(matches_own)
        assert not kf.compile_predicate(whole)(matches_other)
        assert "t-1" not in f"{whole!r} {whole}"
        assert "secret_tenant" not in f"{whole!r} {whole}"
    for text in ("secret_tenant = 't-2'", "title = 'a' or secret_tenant = 't-2'", "title = 'a') or (title = 'a'"):
        with pytest.raises(kf.FilterError) as caught:
            PROJECTS.parse(text)
        assert "t-1" not in str(caught.value)
    with pytest.raises(kf.UnsupportedFilterError) as caught:
        kf.to_dsl(own & PROJECTS.parse("title = 'a'"))
    assert "secret" not in str(caught.value)


# details


def test_details_where_the_application_asks_for_them() -> None:
    app = FastAPI(exception_handlers=detailed_fastapi_errors)
    app.get("/")(_in_fastapi)
    routes = [Route("/", _in_starlette)]
    asks = [asgi(app), asgi(Starlette(routes=routes, exception_handlers=detailed_starlette_errors)), django]
    middleware = MIDDLEWARE.replace("FilterError", "DetailedFilterError")
    issue = "Unknown field 'titel'. Did you mean 'title'?"
    documented = {"field": "titel", "issue": issue}
    details = {"code": "unknown_field", "line": 1, "column": 1, "suggestions": ["title"]}
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[middleware]):
        for ask in asks:
            status, answered = ask("filter=titel+%3D+'a'")
            assert (status, answered["errors"]) == (400, [documented | details])
            assert ask(urlencode({"filter": "title = 'server at fault: none, unsupported'"}))[1]["errors"][0] == {
                "field": None,
                "issue": "The filter is valid, but it cannot be run here; make it simpler",
                "code": "unsupported",
                "suggestions": [],
            }


# the log


def test_a_hostile_filter_in_the_log(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kanbert_filter")
    ask(urlencode({"filter": "title = 'x'\r\nERROR:root:forged\x1b[31m or 1 == 1 --"}))
    ask(urlencode({"filter": "budget = 'x' and (a = 1 or b = 2 or c = 3 or d = 4)"}))
    lines = [record.getMessage() for record in caplog.records if record.name == "kanbert_filter.requests"]
    assert lines == [
        "Refused the filter of GET '/': trailing_input",
        "Refused the filter of GET '/': invalid_value budget, unknown_field a, unknown_field b and 2 more",
    ]


# frameworks on their own


def test_asynchronous_views_of_django() -> None:
    from asgiref.sync import async_to_sync

    async def asked() -> tuple[int, Any, int, Any]:
        client = AsyncClient()
        wrong: Any = await client.get("/async", {"filter": 'titel = "ü"'})
        long: Any = await client.post("/async", body({"filter": "budget = 1"}).decode(), content_type=JSON)
        return wrong.status_code, wrong.json(), long.status_code, long.json()

    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[MIDDLEWARE]):
        status, wrong, fine, answered = async_to_sync(asked)()
    assert (status, wrong["errors"][0]["field"]) == (400, "titel")
    assert (fine, answered) == (200, {"filter": "budget = 1"})


def test_openapi_describes_the_parameter() -> None:
    document = fastapi_app.openapi()
    [parameter] = [p for p in document["paths"]["/"]["get"]["parameters"] if p["name"] == "filter"]
    assert "| budget | number | eq, ne, lt, lte, gt, gte, in, nin, isnull, isnotnull |" in parameter["description"]
    assert 'Example: `title contains "Acme" and budget >= 1000`' in parameter["description"]
    assert "At most 65536 bytes, 500 conditions" in parameter["description"]
    assert {*parameter["examples"]} == {"DSL", "JSON"}
    assert not parameter["required"]
    for example in parameter["examples"].values():
        assert PROJECTS.parse(example["value"]) == PROJECTS.parse('title contains "Acme" and budget >= 1000')
    sent = document["paths"]["/"]["post"]["requestBody"]["content"]
    assert {*sent} == {JSON, FORM}
    assert sent[JSON]["example"] == {"filter": 'title contains "Acme" and budget >= 1000'}
    schemas = document["components"]["schemas"]
    body, form = (sent[type]["schema"]["$ref"].removeprefix("#/components/schemas/") for type in (JSON, FORM))
    assert (body.endswith("FilterBody"), [*schemas[form]["properties"]]) == (True, ["filter"])
    schema = json.dumps({**schemas[body], "$defs": schemas}).replace("#/components/schemas", "#/$defs")
    validator = jsonschema.Draft202012Validator(json.loads(schema))
    sound: list[Any] = ["budget > 5", [], json.loads(parameter["examples"]["JSON"]["value"])]
    for filter in sound:
        validator.validate({"filter": filter})
    wrong: list[Any] = [{"filter": [{"field": "titel", "op": "isnull"}]}, {"filter": None}, {}, {"filter": "", "a": 1}]
    for data in wrong:
        assert not validator.is_valid(data)
    refused = document["paths"]["/"]["get"]["responses"]["400"]["content"][JSON]["schema"]
    assert refused == document["paths"]["/"]["post"]["responses"]["400"]["content"][JSON]["schema"]
    assert schemas[refused["$ref"].rpartition("/")[2]]["required"] == ["message", "errors"]
    assert json.dumps(document).count("| budget | number |") == 2  # once in the parameter of each operation
    assert "`gte` is `>=`" in parameter["description"]
    read = kf.endpoints_from_openapi(document)
    assert read["GET /"].to_markdown() == read["POST /"].to_markdown() == PROJECTS.to_markdown()


TERMINATED: dict[str, object] = {"wsgi.input_terminated": True}


class Stream:
    """The body of a WSGI request, as slow servers hand it on: a few bytes at a time."""

    def __init__(self, body: bytes, fault: type[Exception] | None = None) -> None:
        self.left = body
        self.fault = fault

    def read(self, size: int) -> bytes:
        read, self.left = self.left[: min(size, 70_000)], self.left[min(size, 70_000) :]
        if self.fault and not read:
            raise self.fault
        return read

    readline = read


def wsgi_request(stream: Stream, environ: dict[str, object]) -> HttpRequest:
    more: Any = {"wsgi.input": stream, "CONTENT_LENGTH": "", "CONTENT_TYPE": JSON, **environ}
    return RequestFactory().generic("POST", "/", **more)


@pytest.mark.parametrize("length", ["", "0"])
def test_django_bodies_of_undeclared_length(length: str) -> None:
    chunked: dict[str, object] = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": length}
    request = wsgi_request(Stream(BUDGET), chunked | TERMINATED)
    for _ in range(2):
        assert in_django.read_filter(request, PROJECTS) == PROJECTS.parse("budget = 1")
    assert request.body == BUDGET
    unread = Stream(BUDGET)
    for _ in range(2):
        with pytest.raises(kf.FilterSyntaxError, match="Found no body that can be read to its end"):
            in_django.read_filter(wsgi_request(unread, chunked), PROJECTS)
    assert unread.left == BUDGET


def test_django_bodies_that_do_not_end() -> None:
    long = Stream(b"x" * 10_000_000)
    request = wsgi_request(long, TERMINATED)
    for _ in range(2):
        with pytest.raises(kf.FilterSyntaxError, match="Found a body of more than 262144 bytes"):
            in_django.read_filter(request, PROJECTS)
    assert len(long.left) == 10_000_000 - 262_145
    for fault in (OSError, ValueError):
        broken = wsgi_request(Stream(BUDGET, fault), TERMINATED)
        with pytest.raises(kf.FilterSyntaxError, match="Found no body that can be read to its end"):
            in_django.read_filter(broken, PROJECTS)


def test_django_answers_the_clients_errors_alone() -> None:
    request = RequestFactory().get("/")
    assert in_django.answer_filter_error(request, ValueError()) is None
    assert in_django.answer_filter_error(request, kf.FilterSyntaxError(UNSUPPORTED)) is None


@pytest.mark.anyio
async def test_http_2_announces_no_body() -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"content-type", JSON.encode())],
    }
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[MIDDLEWARE]):
        for app in (fastapi_app, starlette_app, ASGIHandler()):
            for version, status in (("1.0", 400), ("1.1", 400), ("2", 200), ("3", 200)):
                server: Any = ApplicationCommunicator(app, scope | {"http_version": version})  # type: ignore[no-untyped-call]
                await server.send_input({"type": "http.request"})
                start = await server.receive_output(5)
                assert start["status"] == status
                await server.receive_output(5)
                await server.wait(5)


def test_without_a_choice_of_ones_own_the_documented_endpoint_is_everybodys() -> None:
    app = FastAPI(exception_handlers=filter_errors)

    @app.get("/")
    def _found(checked: Annotated[kf.CheckedFilter, filter_from(PROJECTS, name="where")]) -> dict[str, str]:
        return answer(checked)

    client = TestClient(app)
    assert client.get("/", params={"where": "budget = 1", "filter": "x"}).json() == {"filter": "budget = 1"}
    assert client.get("/", params={"where": "x = 1"}).status_code == 400
