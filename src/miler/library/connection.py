"""One SQLite file: open it, know it, bring it up to date, write to it, and say what is wrong with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from miler.errors import LibraryError

APPLICATION_ID = 0x6D696C65  # "mile", in the file's header
TIMEOUT_S = 30.0  # how long to wait for another program that is writing

_REBUILD = "`miler library rebuild` makes it anew from the originals"
_SAYINGS: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_BUSY: ("locked", "another program is writing to it; try again when that is done"),
    sqlite3.SQLITE_FULL: (
        "disk_full",
        "the disk is full; nothing was lost: make room and run the same command again",
    ),
    sqlite3.SQLITE_READONLY: ("read_only", "it can be read but not written; copy it to where you may write"),
    sqlite3.SQLITE_CORRUPT: ("damaged", f"it is damaged; {_REBUILD}"),
    sqlite3.SQLITE_NOTADB: ("not_a_library", f"it is no miler library; if it was one, {_REBUILD}"),
    sqlite3.SQLITE_CANTOPEN: ("unreadable", "it cannot be opened; look at its folder and its permissions"),
    sqlite3.SQLITE_IOERR: ("unreadable", "the disk gives an error; nothing that was imported before is lost"),
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite refuses into a `LibraryError` that says what to do.

    Mistakes in our own SQL are not among them and stay what they are.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        number = getattr(error, "sqlite_errorcode", None)
        if number is None or number & 0xFF not in _SAYINGS:
            raise
        code, saying = _SAYINGS[number & 0xFF]  # the upper bits tell kinds of the same error apart
        raise LibraryError(f"the library {path}: {saying}", code=code) from error


def connect(path: Path, *, create: bool = True, timeout_s: float = TIMEOUT_S) -> sqlite3.Connection:
    """Open a library, made or brought up to date where needed.

    A file that cannot be written is opened to be read, so that questions work on read-only media.

    Raises:
        LibraryError: if there is none and `create` is false; for a file that is none, that is
            damaged, locked, or made by a newer miler.
    """
    if path.exists() and not path.is_file():
        raise LibraryError(f"{path} is no file; name another one with --library", code="not_a_library")
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif not path.exists():
        raise LibraryError(f"there is no library {path}; `miler import FOLDER` makes one", code="no_library")
    mode = "rwc" if create else "rw"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    with told(path):
        connection = sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # WAL is left alone: from SQLite 3.7.0 to 3.51.2 two writers could corrupt such a file (WAL reset).
    for pragma in (
        "foreign_keys = ON",
        "synchronous = FULL",
        "journal_mode = TRUNCATE",
        "trusted_schema = OFF",
        "cell_size_check = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    version = _known_version(connection, path)
    if version < newest():
        with transaction(connection):
            _migrate(connection, path)


def newest() -> int:
    """Return the version of the schema that this miler writes."""
    return len(_migrations())


def _migrations() -> list[str]:
    folder = files("miler.library").joinpath("schema")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [folder.joinpath(name).read_text(encoding="utf-8") for name in names]


def _known_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the library's schema, 0 for an empty file; refuse what is not ours."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or tables):
        raise LibraryError(
            f"{path} belongs to another program; name another file with --library", code="not_a_library"
        )
    if version > newest():
        raise LibraryError(
            f"the library {path} has schema {version}, made by a newer miler; this one knows schemas up to"
            f" {newest()}: install the newer miler, or name another file with --library",
            code="newer_library",
        )
    return int(version)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Run the migrations that are missing; the caller's transaction makes them all or none."""
    from miler.library.entry import text_of

    connection.create_function("text_of", 1, text_of, deterministic=True)  # of a document
    # Asked again under the lock: another process may have done it meanwhile.
    known = _known_version(connection, path)
    for number, script in enumerate(_migrations(), start=1):
        if number > known:
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _statements(script: str) -> Iterator[str]:
    """Cut a script: `executescript` would commit the transaction that keeps it whole."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing; other writers wait, and the commit is on the disk before this returns."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk or an I/O error may have rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
