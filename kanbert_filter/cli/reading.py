"""How the records of a file are read: as options say, or as follows from the file."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..endpoints.endpoint import Endpoint
from .bulk_search import BulkSearch, json_lines_left
from .csv_records import CsvRecords
from .json_records import json_lines, json_values
from .record_files import Format, RecordFile, TextFormat, UnreadableFile
from .records import BadRecords, Record


class Reading:
    """Reads the records of one file after the other; its format follows from the file unless one is given.

    `path` is that of the records in a JSON document. Of JSON Lines and CSV, a bulk search leaves few records to be read. The rest is
    for CSV.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        form: TextFormat | None = None,
        path: tuple[str, ...] = (),
        *,
        delimiter: str | None = None,
        nulls: Collection[str] = (),
        lenient: bool = False,
        bulk: BulkSearch | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._form = form
        self._path = path
        self._delimiter = delimiter
        self._nulls = nulls
        self._lenient = lenient
        self._bulk = bulk

    def records(self, source: RecordFile, bad: BadRecords) -> tuple[Format, Iterable[Record]]:
        """The format of a file, and its records.

        Raises `UnreadableFile` where no format follows from the file, and `BadRecord` for a CSV header that names no records.
        """
        form = self._form or source.format()
        if self._path and form not in ("json", "jsonl"):
            raise UnreadableFile(f"is {form}, and --at leads to records in JSON")
        if form == "parquet" or form == "arrow":
            from .columnar_records import columnar_records

            return form, columnar_records(source.file, form)
        if form in ("csv", "tsv"):
            delimiter = self._delimiter or ("\t" if form == "tsv" else None)
            return form, CsvRecords(
                source.file, self._endpoint, bad, delimiter, nulls=self._nulls, lenient=self._lenient, bulk=self._bulk
            )
        if form == "jsonl" and not self._path:
            if self._bulk is not None:
                return form, json_lines_left(source.file, bad, self._bulk)
            return form, json_lines(source.file, bad)
        return "json", json_values(source.file, bad, self._path)
