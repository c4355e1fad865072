"""The results of a batch: one DuckDB file, whose tables ``schema.sql`` documents."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from logdoctor import __version__
from logdoctor.batch.store import versions
from logdoctor.safetext import harmless

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from logdoctor.batch.outcome import Outcome, Row

TABLES = ("jobs", "findings", "evidence", "guilty", "hosts", "settings", "diagnoses")
COMMIT = 0.5
"""Seconds after which outcomes are on disk: what a killed batch can lose of the jobs that were done."""
GROUP = 64
"""Outcomes that are written at once."""
MEMORY = (64, 256, 1024)
"""MB that DuckDB may use to write: the memory is for those who read logs. Where it does not do, the next one."""


class ResultsError(Exception):
    """Results cannot be used; ``str()`` is one sentence: what, why, how to mend it."""


def connect(path: Path, write: bool = False, memory: int = MEMORY[0]) -> DuckDBPyConnection:
    """Open the results of a batch, to read them unless ``write``; then they are made if they are not there, and brought
    to this version if they are older. ``memory`` are the MB for writing.

    Raises:
        ResultsError: they are not there, are something else, are of a later version, or somebody writes them.
    """
    try:
        import duckdb
    except ImportError:
        raise ResultsError(
            "results are kept in DuckDB, which is not installed; pip install 'logdoctor[batch]'"
        ) from None
    name = harmless(str(path))
    if not write and not path.exists():
        raise ResultsError(f"{name} does not exist; logdoctor batch ROOT -o {name} makes it")
    fresh = not path.exists()
    config: dict[str, Any] = {"threads": 1, "memory_limit": f"{memory}MB"} if write else {}
    try:
        connection = duckdb.connect(str(path), read_only=not write, config=config)
    except duckdb.Error as error:
        raise ResultsError(_refused(name, str(error))) from error
    try:
        if write and not _tables(connection):  # new, or left by one that was killed at once
            _create(connection)
        _bring_up(connection, name, write)
    except (duckdb.Error, ResultsError) as error:
        connection.close()
        if fresh:
            path.unlink(missing_ok=True)
        raise error if isinstance(error, ResultsError) else ResultsError(_refused(name, str(error))) from error
    return connection


def _refused(name: str, error: str) -> str:
    if "lock" in error.lower():
        return f"{name} is being written by another logdoctor; wait for its end, or copy the file and read the copy"
    if "not a valid DuckDB" in error:
        return f"{name} holds no results of logdoctor batch; name another file"
    return f"{name} cannot be opened: {harmless(error.splitlines()[0])}"


def _tables(connection: DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def _create(connection: DuckDBPyConnection) -> None:
    connection.begin()
    connection.execute((Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"))
    connection.execute(
        "INSERT INTO meta VALUES ('schema', ?), ('logdoctor', ?)", [str(versions.current()), __version__]
    )
    connection.commit()


def _bring_up(connection: DuckDBPyConnection, name: str, write: bool) -> None:
    """Refuse what is no result, or of a later version; bring up what is older."""
    if not {"meta", "jobs"} <= _tables(connection):
        raise ResultsError(f"{name} is a database, but holds no results of logdoctor batch; name another file")
    stated = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchall()
    version, current = int(stated[0][0]) if stated else 0, versions.current()
    if version > current:
        raise ResultsError(f"{name} was made by a later logdoctor (results {version}, here {current}); update this one")
    if version < current and not write:
        raise ResultsError(
            f"{name} was made by an earlier logdoctor (results {version}, here {current}); "
            f"bring it up: logdoctor batch ROOT -o {name} --resume"
        )
    for number, step in enumerate(versions.STEPS[version - 1 :], version + 1):
        connection.begin()
        connection.execute(step)
        connection.execute("UPDATE meta SET value = ? WHERE name = 'schema'", [str(number)])
        connection.commit()


class Store:
    """Results that are written. Outcomes reach the disk together, at most :data:`COMMIT` seconds after they came,
    as long as :meth:`settle` is called."""

    def __init__(self, path: Path) -> None:
        """Raises: ResultsError: see :func:`connect`; from the others of its methods: they cannot be written."""
        self._path = path
        self._connection = connect(path, write=True)
        self._waiting: dict[str, Outcome] = {}
        self._since = monotonic()
        self._structures = {table: self._structure(table) for table in TABLES}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def known(self) -> Mapping[str, tuple[str, str]]:
        """The jobs that are done: what their files and the rules were then. A job that killed its worker is not."""
        rows = self._connection.execute(
            "SELECT job, inputs, rulebook FROM jobs WHERE state NOT IN ('crashed', 'timed-out')"
        ).fetchall()
        return {job: (inputs, rulebook) for job, inputs, rulebook in rows}

    def add(self, outcome: Outcome) -> None:
        """Put an outcome in the place of what is known of its job."""
        if not self._waiting:
            self._since = monotonic()
        self._waiting[outcome.job] = outcome
        self.settle()

    def settle(self) -> None:
        """Write what has waited long enough."""
        if len(self._waiting) >= GROUP or (self._waiting and monotonic() - self._since >= COMMIT):
            self._write()

    def close(self) -> None:
        """Write everything."""
        if self._waiting:
            self._write()
        self._connection.close()

    def _write(self) -> None:
        import duckdb

        rows: dict[str, list[Row]] = defaultdict(list)
        for outcome in self._waiting.values():
            for table, added in outcome.rows.items():
                rows[table].extend(added)
        jobs, self._waiting = list(self._waiting), {}
        for more in (*MEMORY[1:], None):
            try:
                return self._replace(jobs, rows)
            except duckdb.Error as error:
                self._connection.close()
                if more is None or "memory" not in str(error):
                    what = harmless(str(error).splitlines()[0])
                    raise ResultsError(f"{harmless(str(self._path))} cannot be written: {what}") from error
                self._connection = connect(self._path, write=True, memory=more)

    def _replace(self, jobs: list[str], rows: Mapping[str, Sequence[Row]]) -> None:
        """All that is known of these jobs, in one transaction."""
        self._connection.begin()
        for table in TABLES:
            self._connection.execute(f"DELETE FROM {table} WHERE job IN (SELECT unnest(?))", [jobs])
        for table, added in rows.items():
            self._insert(table, added)
        self._connection.commit()

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        """As JSON: fifty times as fast as row by row, and without another library."""
        if rows:
            self._connection.execute(
                f"INSERT INTO {table} BY NAME SELECT unnest(row) FROM (SELECT unnest(from_json(?::JSON, ?)) AS row)",
                [json.dumps(rows), self._structures[table]],
            )

    def _structure(self, table: str) -> str:
        columns = {row[0]: _plain(row[1]) for row in self._connection.execute(f"DESCRIBE {table}").fetchall()}
        return json.dumps([columns])


def _plain(kind: str) -> Any:
    """A column's type as ``from_json`` takes it."""
    return [kind[:-2]] if kind.endswith("[]") else "VARCHAR" if kind == "JSON" else kind


def ask(connection: DuckDBPyConnection, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The answer to a query: the names of its columns, and its rows.

    Raises:
        ResultsError: DuckDB does not take it; the sentence says where.
    """
    import duckdb

    try:
        answer = connection.execute(sql)
        return [column[0] for column in answer.description or ()], answer.fetchall()
    except duckdb.Error as error:
        raise ResultsError(f"the query failed: {harmless(str(error), keep=chr(10))}") from error


def export(connection: DuckDBPyConnection, folder: Path) -> None:
    """Write each table as a Parquet file.

    Raises:
        ResultsError: the folder cannot be written.
    """
    import duckdb

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            target = str(folder / f"{table}.parquet").replace("'", "''")
            connection.execute(f"COPY {table} TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    except (OSError, duckdb.Error) as error:
        raise ResultsError(
            f"{harmless(str(folder))} cannot be written: {harmless(str(error).splitlines()[0])}"
        ) from error
