"""The same bytes sent to real servers: a filter that was announced is applied or refused, and never ignored."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPResponse
from socketserver import ThreadingMixIn
from typing import Annotated, Any
from urllib.parse import quote, unquote_plus
from wsgiref import simple_server

import h2.connection
import h2.events
import hypercorn.asyncio
import pytest
import uvicorn
import waitress  # type: ignore[import-untyped]
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers import basehttp
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import path
from fastapi import FastAPI
from flask import Flask, request as flask_request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import kanbert_filter as kf
from kanbert_filter.integrations import django as in_django
from kanbert_filter.integrations.fastapi import filter_errors, filter_from
from kanbert_filter.integrations.requests import check_body_was_seen, filter_of_request, largest_body, refusal
from kanbert_filter.integrations.starlette import read_filter
from tests import django_site

assert django_site

PROJECTS = kf.Endpoint("projects", {"title": "string", "budget": "number"})
SETTINGS = override_settings(
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["kanbert_filter.integrations.django.FilterErrorMiddleware"],
    DEBUG_PROPAGATE_EXCEPTIONS=False,
)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

# the applications: each answers the filter it found


def _in_django(request: HttpRequest) -> JsonResponse:
    if "form-first" in request.GET:
        assert request.POST is not None
    return JsonResponse({"filter": kf.to_dsl(in_django.read_filter(request, PROJECTS))})


urlpatterns = [path("", _in_django)]


def django_wsgi() -> WSGIHandler:
    """Django for a server in a process of its own."""
    SETTINGS.enable()
    return WSGIHandler()


fastapi_app = FastAPI(exception_handlers=filter_errors)


@fastapi_app.api_route("/", methods=METHODS)
async def _in_fastapi(checked: Annotated[kf.CheckedFilter, filter_from(PROJECTS)]) -> dict[str, str]:
    return {"filter": kf.to_dsl(checked)}


async def _in_starlette(request: Request) -> JSONResponse:
    return JSONResponse({"filter": kf.to_dsl(await read_filter(request, PROJECTS))})


starlette_app = Starlette(routes=[Route("/", _in_starlette, methods=METHODS)], exception_handlers=filter_errors)


flask_app = Flask("projects")
flask_app.config["MAX_CONTENT_LENGTH"] = largest_body()


@flask_app.errorhandler(kf.FilterError)
def _refuse_in_flask(error: kf.FilterError) -> tuple[dict[str, object], int]:
    body = refusal(error, flask_request.method, flask_request.path)
    assert body is not None
    return body, 400


@flask_app.route("/", methods=METHODS, provide_automatic_options=False)
def _in_flask() -> dict[str, str]:
    if "form-first" in flask_request.args:
        assert flask_request.form is not None
    method, headers, body = flask_request.method, flask_request.headers, flask_request.get_data()
    length, coding = headers.get("Content-Length"), headers.get("Transfer-Encoding")
    type = flask_request.content_type
    check_body_was_seen(method, type, body, content_length=length, transfer_encoding=coding)
    return {"filter": kf.to_dsl(filter_of_request(PROJECTS, method, flask_request.query_string, type, body))}


# the servers: each serves an application on a socket for as long as it is needed


@contextmanager
def in_thread(run: Callable[[], object], stop: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def on_uvicorn(listening: socket.socket, app: Any) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    with in_thread(lambda: server.run([listening]), lambda: setattr(server, "should_exit", True)):
        yield


@contextmanager
def on_hypercorn(listening: socket.socket, app: Any) -> Iterator[None]:
    config = hypercorn.Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.graceful_timeout = 1
    config.loglevel = "ERROR"
    loop = asyncio.new_event_loop()
    stopped = asyncio.Event()
    serving = hypercorn.asyncio.serve(app, config, shutdown_trigger=stopped.wait)
    try:
        with in_thread(lambda: loop.run_until_complete(serving), lambda: loop.call_soon_threadsafe(stopped.set)):
            yield
    finally:
        loop.close()


@contextmanager
def on_waitress(listening: socket.socket, app: Any) -> Iterator[None]:
    server = waitress.create_server(app, sockets=[listening], asyncore_loop_timeout=0.1)

    def run() -> None:
        with suppress(OSError):  # the loop ends when its sockets are closed
            server.run()

    with in_thread(run, server.close):
        yield


class _Silent(simple_server.WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Threaded(ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True


@contextmanager
def on_wsgiref(listening: socket.socket, app: Any) -> Iterator[None]:
    with serving(_Threaded, _Silent, listening, app):
        yield


@contextmanager
def on_runserver(listening: socket.socket, app: Any) -> Iterator[None]:
    with serving(basehttp.ThreadedWSGIServer, basehttp.WSGIRequestHandler, listening, app):
        yield


@contextmanager
def serving(server_class: Any, handler: Any, listening: socket.socket, app: Any) -> Iterator[None]:
    address = listening.getsockname()
    listening.close()
    with server_class(address, handler) as server:
        server.set_app(app)
        with in_thread(lambda: server.serve_forever(0.05), server.shutdown):
            yield


@contextmanager
def on_gunicorn(listening: socket.socket, app: Any) -> Iterator[None]:
    number = listening.fileno()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{number}", "--threads", "2", "--log-level", "error"]
    process = subprocess.Popen([*command, "tests.integrations.test_servers:django_wsgi()"], pass_fds=[number])
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


SERVERS: dict[str, tuple[Callable[..., Any], Any]] = {
    "starlette on uvicorn": (on_uvicorn, lambda: starlette_app),
    "fastapi on uvicorn": (on_uvicorn, lambda: fastapi_app),
    "django on uvicorn": (on_uvicorn, ASGIHandler),
    "starlette on hypercorn": (on_hypercorn, lambda: starlette_app),
    "django on hypercorn": (on_hypercorn, lambda: WSGIHandler()),
    "django on gunicorn": (on_gunicorn, lambda: None),
    "django on waitress": (on_waitress, WSGIHandler),
    "flask on waitress": (on_waitress, lambda: flask_app),
    "django on wsgiref": (on_wsgiref, WSGIHandler),
    "flask on wsgiref": (on_wsgiref, lambda: flask_app),
    "django on runserver": (on_runserver, WSGIHandler),
}
CANNOT_READ_CHUNKS = {"django on hypercorn", "django on wsgiref", "flask on wsgiref", "django on runserver"}
"""WSGI servers that do not say that a body can be read to its end."""


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """The name of a server, and the port it listens on."""
    serve, app = SERVERS[request.param]
    logging.getLogger("django.server").setLevel(logging.CRITICAL)
    with SETTINGS, socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with serve(listening, app()):
            yield request.param, port


def answer_to(port: int, sent: bytes) -> tuple[int, Any]:
    """The status and the body, as JSON where it is JSON."""
    for _ in range(100):
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    with connection:
        connection.sendall(sent)
        response = HTTPResponse(connection, method=sent.partition(b" ")[0].decode())
        response.begin()
        content = response.read()
    is_json = response.getheader("content-type") == "application/json"
    return response.status, json.loads(content) if is_json and content else content


JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
BODIES = {
    JSON: b'{"filter": "budget = 1"}',
    FORM: b"page=2&filter[field]=budget&filter[op]=eq&filter[value]=1",
    MULTIPART: b'--x\r\nContent-Disposition: form-data; name="filter"\r\n\r\nbudget = 1\r\n--x--\r\n',
}
FOUND = (200, {"filter": "budget = 1"})
IN_URL = f"/?filter={quote('budget = 1')}"


def message(
    method: str, *headers: str, body: bytes = b"", url: str = "/", version: str = "1.1", close: bool = True
) -> bytes:
    lines = [f"{method} {url} HTTP/{version}", "Host: test", *(["Connection: close"] if close else []), *headers]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode() + body


def sized(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


def chunked(body: bytes, size: int, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join([b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in [*pieces, b""]][:-1]) + (
        b"0\r\n" + trailer + b"\r\n"
    )


def assert_refused(answer: tuple[int, Any], issue: str) -> None:
    assert answer[0] == 400, answer
    assert answer[1]["errors"][0]["issue"][: len(issue)] == issue


def assert_not_ignored(answer: tuple[int, Any]) -> None:
    """By the server or by us; but not as a fault of ours."""
    assert answer == FOUND or 400 <= answer[0] < 500 or answer[0] == 501, answer


UNSEEN = "Found no body that can be read to its end"


@pytest.mark.parametrize("type", BODIES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_with_its_length(server: tuple[str, int], method: str, type: str) -> None:
    sent = BODIES[type]
    assert answer_to(server[1], message(method, f"Content-Type: {type}", sized(sent), body=sent)) == FOUND


@pytest.mark.parametrize("type", BODIES)
@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_in_chunks(server: tuple[str, int], method: str, size: int, type: str) -> None:
    headers = [f"Content-Type: {type}", "Transfer-Encoding: chunked"]
    answer = answer_to(server[1], message(method, *headers, body=chunked(BODIES[type], size)))
    if server[0] in CANNOT_READ_CHUNKS:
        assert_refused(answer, UNSEEN)
    else:
        assert answer == FOUND


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["transfer-encoding: Chunked"], chunked(BODIES[FORM], 9, b";a=b")),
        (["Transfer-Encoding: chunked", "Trailer: X"], chunked(BODIES[FORM], 9, trailer=b"X: 1\r\n")),
        (["Transfer-Encoding: gzip, chunked"], chunked(gzip.compress(BODIES[FORM]), 9)),
        (["Transfer-Encoding: chunked", sized(BODIES[FORM])], chunked(BODIES[FORM], 1000)),
        (["Transfer-Encoding: chunked", "Content-Length: 0"], chunked(BODIES[FORM], 1000)),
        (["Transfer-Encoding: identity", sized(BODIES[FORM])], BODIES[FORM]),
        (["Transfer-Encoding: chunked"], b"zz\r\n" + BODIES[FORM]),
        (["Transfer-Encoding: chunked"], b"5\r\n" + BODIES[FORM] + b"\r\n0\r\n\r\n"),
        (["Content-Length: 5, 7"], BODIES[FORM]),
        (["Content-Length: +5"], BODIES[FORM]),
        (["Content-Length: -1"], BODIES[FORM]),
        (["Content-Length: 0x10"], BODIES[FORM]),
        ([sized(gzip.compress(BODIES[FORM])), "Content-Encoding: gzip"], gzip.compress(BODIES[FORM])),
        ([sized(gzip.compress(BODIES[FORM], 0)), "Content-Encoding: gzip"], gzip.compress(BODIES[FORM], 0)),
        ([], BODIES[FORM]),
    ],
)
def test_what_is_odd_about_a_body_hides_no_filter(server: tuple[str, int], headers: list[str], body: bytes) -> None:
    answer = answer_to(server[1], message("POST", f"Content-Type: {FORM}", *headers, body=body))
    assert_not_ignored(answer)


def test_a_body_in_chunks_that_is_too_long(server: tuple[str, int]) -> None:
    headers = [f"Content-Type: {JSON}", "Transfer-Encoding: chunked"]
    try:
        answer = answer_to(server[1], message("POST", *headers, body=chunked(b" " * (largest_body() + 1), 50_000)))
    except OSError:
        return  # the server closed the connection before the body was read
    if "flask on waitress" in server[0]:
        assert answer[0] == 413  # Flask has a limit of its own
    else:
        issue = "Found a body of more than 262144 bytes"
        assert_refused(answer, UNSEEN if server[0] in CANNOT_READ_CHUNKS else issue)


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_client_that_asks_whether_to_send_its_body(server: tuple[str, int], framing: str) -> None:
    sent = BODIES[JSON] if framing == "length" else chunked(BODIES[JSON], 5)
    header = sized(sent) if framing == "length" else "Transfer-Encoding: chunked"
    answer = answer_to(server[1], message("POST", f"Content-Type: {JSON}", header, "Expect: 100-continue", body=sent))
    if framing == "chunks" and server[0] in CANNOT_READ_CHUNKS:
        assert_refused(answer, UNSEEN)
    else:
        assert answer == FOUND


@pytest.mark.parametrize("type", BODIES)
def test_http_1_0(server: tuple[str, int], type: str) -> None:
    sent = BODIES[type]
    with_length = message("POST", f"Content-Type: {type}", sized(sent), body=sent, version="1.0", close=False)
    assert answer_to(server[1], with_length) == FOUND
    assert answer_to(server[1], message("GET", url=IN_URL, version="1.0", close=False)) == FOUND
    without_length = answer_to(server[1], message("POST", f"Content-Type: {type}", body=sent, version="1.0"))
    if "hypercorn" in server[0]:
        assert without_length == (400, b"")  # Hypercorn refuses it itself
    else:
        assert_refused(without_length, UNSEEN)


@pytest.mark.parametrize("server", ["starlette on hypercorn", "django on hypercorn"], indirect=True)
@pytest.mark.parametrize("type", BODIES)
def test_http_2_needs_no_length(server: tuple[str, int], type: str) -> None:
    answer = answer_over_http_2(server[1], type, BODIES[type])
    if server[0] in CANNOT_READ_CHUNKS:
        assert_refused(answer, UNSEEN)
    else:
        assert answer == FOUND
    assert answer_over_http_2(server[1], type, b"") == (200, {"filter": ""}) or server[0] in CANNOT_READ_CHUNKS


def answer_over_http_2(port: int, type: str, body: bytes) -> tuple[int, Any]:
    client = h2.connection.H2Connection()
    client.initiate_connection()
    names = {":method": "POST", ":path": "/", ":scheme": "http", ":authority": "test", "content-type": type}
    client.send_headers(1, list(names.items()))
    client.send_data(1, body, end_stream=True)
    status, content = 0, b""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        while True:
            connection.sendall(client.data_to_send())
            for event in client.receive_data(connection.recv(65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    status = int(dict(event.headers)[b":status"])
                elif isinstance(event, h2.events.DataReceived):
                    content += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    return status, json.loads(content)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_where_none_is_expected(server: tuple[str, int], method: str, framing: str) -> None:
    if method == "HEAD" and "fastapi" in server[0]:
        method = "GET"  # FastAPI answers 405 to HEAD
    sent = BODIES[JSON] if framing == "length" else chunked(BODIES[JSON], 5)
    header = sized(sent) if framing == "length" else "Transfer-Encoding: chunked"
    answer = answer_to(server[1], message(method, f"Content-Type: {JSON}", header, body=sent))
    assert answer[0] == 400
    if method == "GET":
        unread = framing == "chunks" and server[0] in CANNOT_READ_CHUNKS
        assert_refused(answer, UNSEEN if unread else "Found a body in a GET request")


@pytest.mark.parametrize(
    "sent",
    [
        message("GET", url=IN_URL),
        message("GET", f"Content-Type: {JSON}", url=IN_URL),
        message("GET", "Content-Length: 0", url=IN_URL),
        message("GET", "Content-Length: 0", f"Content-Type: {JSON}", url=IN_URL),
        message("POST", url=IN_URL),
        message("POST", "Content-Length: 0", url=IN_URL),
        message("POST", "Content-Length: 0", f"Content-Type: {JSON}", url=IN_URL),
        message("DELETE", f"Content-Type: {JSON}", url=IN_URL),
    ],
)
def test_a_filter_in_the_url_of_a_request_without_a_body(server: tuple[str, int], sent: bytes) -> None:
    assert answer_to(server[1], sent) == FOUND


@pytest.mark.parametrize("type", ["", "text/plain", "application/octet-stream", "text/json", "application/xml"])
def test_a_body_of_another_type(server: tuple[str, int], type: str) -> None:
    sent = BODIES[JSON]
    headers = [f"Content-Type: {type}"] if type else []
    assert_refused(answer_to(server[1], message("POST", *headers, sized(sent), body=sent)), "Found a body ")


@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("type", [FORM, MULTIPART])
@pytest.mark.parametrize("url", ["/", "/?form-first"])
def test_a_body_that_is_cut_off(server: tuple[str, int], framing: str, type: str, url: str) -> None:
    start = {FORM: b"filter=budget+%3D+1", MULTIPART: BODIES[MULTIPART].partition(b"\r\n--x--")[0]}[type]
    header = f"Content-Length: {len(start) + 5}" if framing == "length" else "Transfer-Encoding: chunked"
    body = start if framing == "length" else b"%x\r\n%s\r\n5\r\n" % (len(start), start)
    with socket.create_connection(("127.0.0.1", server[1]), timeout=30) as connection:
        connection.sendall(message("POST", f"Content-Type: {type}", header, body=body, url=url))
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    assert b"budget" not in answer
    assert answer.split()[1:2] in ([], [b"400"], [b"500"])  # Hypercorn has Starlette answer a client that is gone: 500


MISSPELLED = [
    "Filter=budget+%3D+1",
    "FILTER=budget+%3D+1",
    "page=2&Filter[field]=budget&Filter[op]=eq&Filter[value]=1",
    "filter%255Bfield%255D=budget&filter%255Bop%255D=eq&filter%255Bvalue%255D=1",
    "filter%25255Bfield%25255D=budget",
    "filter.0.field=budget&filter.0.op=eq&filter.0.value=1",
    "filter.field=budget&filter.op=eq&filter.value=1",
    "filter.and.0.field=budget",
    "filter.or.0.field=budget",
    "%3Ffilter=budget+%3D+1",
    "page=2&amp;filter=budget+%3D+1",
    "page;filter=budget+%3D+1",
    "[filter]=budget+%3D+1",
    "%5Bfilter%5D=budget+%3D+1",
    "filter=title+%3D+'R&D'+and+budget+%3D+1",
    "filter=budget+%3D+1&budget+%3E+0",
    "filter=budget+%3D+1+or+title+%3D+%22a&b%22",
]
"""Parameters that can only be a filter gone wrong, or the rest of one whose `&` was not encoded."""

OTHERS = ["filters=x", "prefilter=x", "filter_by=x", "filter.page=2", "filter-name=x", "a+b=x", "q=a+%3D+1", "b=2"]
"""Parameters that the application may have beside the filter."""


@pytest.mark.parametrize("query", MISSPELLED)
def test_a_misspelled_filter_in_the_url(server: tuple[str, int], query: str) -> None:
    assert_refused(answer_to(server[1], message("GET", url=f"/?{query}")), "Found parameter ")


def multipart(pairs: list[tuple[str, str]]) -> bytes:
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs]
    return "".join([*parts, "--x--\r\n"]).encode()


@pytest.mark.parametrize("query", MISSPELLED)
def test_a_misspelled_filter_in_a_form(server: tuple[str, int], query: str) -> None:
    sent = query.encode()
    assert_refused(
        answer_to(server[1], message("POST", f"Content-Type: {FORM}", sized(sent), body=sent)), "Found parameter "
    )
    pairs = [map(unquote_plus, pair.partition("=")[::2]) for pair in query.split("&")]
    sent = multipart([(key.replace('"', "%22"), value) for key, value in pairs])
    assert_refused(
        answer_to(server[1], message("POST", f"Content-Type: {MULTIPART}", sized(sent), body=sent)), "Found parameter "
    )


@pytest.mark.parametrize("query", OTHERS)
def test_other_parameters(server: tuple[str, int], query: str) -> None:
    assert answer_to(server[1], message("GET", url=f"/?{query}&filter=budget+%3D+1")) == FOUND
    assert answer_to(server[1], message("GET", url=f"/?{query}")) == (200, {"filter": ""})
