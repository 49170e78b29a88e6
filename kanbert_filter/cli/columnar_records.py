"""Records in Parquet and Arrow files, some thousands at a time. Needs the extra `columnar`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from .record_files import ColumnarFormat, UnreadableFile
from .records import Record

_ROWS: Final = 4096
"""How many records are in memory at a time."""


def columnar_records(file: BinaryIO, form: ColumnarFormat) -> Iterator[Record]:
    """The records of a file, which must be one that can be read from anywhere. Raises `UnreadableFile`."""
    if not file.seekable():
        raise UnreadableFile(f"is {form.title()}, which cannot be read from a pipe; give the file")
    try:
        import pyarrow
    except ImportError:
        install = "run pip install 'kanbert-filter[columnar]'"
        raise UnreadableFile(f"is {form.title()}; {install}, or convert it, for example with duckdb") from None
    try:
        number = 0
        for batch in _batches(file, form):
            for record in _whole_microseconds(batch).to_pylist(maps_as_pydicts="lossy"):
                number += 1
                yield number, b"", record
    except pyarrow.ArrowException as error:
        raise UnreadableFile(f"cannot be read: {error}") from None


def _batches(file: BinaryIO, form: ColumnarFormat) -> Iterator[Any]:
    if form == "parquet":
        import pyarrow.parquet

        yield from pyarrow.parquet.ParquetFile(file).iter_batches(batch_size=_ROWS)
    else:
        import pyarrow.ipc

        reader = pyarrow.ipc.open_file(file)
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index)
            for start in range(0, batch.num_rows, _ROWS):
                yield batch.slice(start, _ROWS)


def _whole_microseconds(batch: Any) -> Any:
    """The batch with what no Python timestamp holds, nanoseconds, cut off."""
    import pyarrow

    schema = batch.schema
    for index, field in enumerate(schema):
        if pyarrow.types.is_timestamp(field.type) and field.type.unit == "ns":
            schema = schema.set(index, field.with_type(pyarrow.timestamp("us", field.type.tz)))
    return batch if schema is batch.schema else batch.cast(schema, safe=False)
