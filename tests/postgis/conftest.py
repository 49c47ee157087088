"""A PostgreSQL with PostGIS of our own: made in a temporary folder, gone after the session."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
PROGRAMS = ("initdb", "pg_ctl", "postgres")
ACCOUNT = "postgres"
SLOW_S = 120
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=20")


def programs():
    """The folder of PostgreSQL's own programs, or None; Debian keeps them out of the path."""
    found = [Path(shutil.which("initdb")).parent] if shutil.which("initdb") else []
    return next(
        (one for one in [*found, *BINARIES] if all((one / p).exists() for p in PROGRAMS)), None
    )


def absent(why):
    if "postgis" in os.environ.get("RENEWAL_GEO_REQUIRE", ""):
        pytest.fail(f"PostGIS is required here, and {why}")
    pytest.skip(f"{why}: apt install postgresql postgresql-postgis")


def as_server(words):
    """PostgreSQL refuses to run as root, so that root lends it another account."""
    return ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups", *words]


def run(words, folder):
    words = as_server(words) if os.geteuid() == 0 else words
    done = subprocess.run(
        [str(one) for one in words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SLOW_S,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{words}: {done.stdout[-1000:]} {done.stderr[-1000:]}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def server():
    """Address parts of a running server: port and password, which only this test knows."""
    found = programs()
    if found is None:
        absent("PostgreSQL is not installed")
    if os.geteuid() == 0:
        try:
            account = pwd.getpwnam(ACCOUNT)
        except KeyError:
            absent(f"root has no account {ACCOUNT} to run it as")
    folder = Path(tempfile.mkdtemp(prefix="renewal-geo-postgis-"))
    folder.chmod(0o755)
    inner = folder / "server"
    inner.mkdir()
    password, port = "geheim-" + secrets.token_hex(8) + "#%/ß", free_port()
    word = inner / "word"
    word.write_text(password, encoding="utf-8")
    if os.geteuid() == 0:
        for one in (inner, word):
            os.chown(one, account.pw_uid, account.pw_gid)
    data = inner / "data"
    try:
        run([found / "initdb", "-D", data, "-U", "planner", "-E", "UTF8", "--locale=C.UTF-8",
             "--auth=scram-sha-256", f"--pwfile={word}", "--no-sync"], inner)  # fmt: skip
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={inner} "
            + " ".join(f"-c {one}" for one in SETTINGS)
        )
        run(
            [found / "pg_ctl", "-D", data, "-w", "-l", inner / "log", "-o", options, "start"], inner
        )
        try:
            yield {"port": port, "password": password}
        finally:
            run([found / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], inner)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def address(server, user="planner", password=None, base="postgres"):
    from urllib.parse import quote

    word = quote(server["password"] if password is None else password, safe="")
    return f"postgresql://{user}:{word}@127.0.0.1:{server['port']}/{base}"


@pytest.fixture(scope="session")
def database(server):
    """A database with PostGIS and what the tests read; the address of it."""
    import psycopg

    with psycopg.connect(address(server), autocommit=True) as base:
        available = base.execute(
            "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'"
        ).fetchone()
        if available is None:
            absent("PostgreSQL has no PostGIS")
        base.execute("CREATE EXTENSION postgis")
        base.execute(Path(__file__).with_name("tables.sql").read_text(encoding="utf-8"))
    return address(server)


@pytest.fixture
def connected(database, monkeypatch):
    monkeypatch.setenv("RENEWAL_GEO_POSTGIS", database)
    return database
