"""Rows on their way to their bucket: added in any order, read back bucket by bucket."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import polars as pl
import pyarrow as pa
from pyarrow import ipc

from stedi.errors import ConservationError

BUCKET = "_bucket"
_ROWS_HELD: Final = 131_072


class BucketStage:
    """Few rows are held; where there are more, all go into temporary Arrow streams, one per bucket.

    So memory holds one bucket at a time, and a run with little that is new writes no file for it.

    Args:
        folder: An empty folder of its own.
        name: What is staged; it stands in the names of the files.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._open: dict[int, ipc.RecordBatchStreamWriter] = {}
        self._held: defaultdict[int, list[pl.DataFrame]] = defaultdict(list)
        self._rows_held = 0
        self.rows: Counter[int] = Counter()
        """How many rows each bucket has."""

    def __enter__(self) -> Self:
        """Begin to stage."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the files."""
        for writer in self._open.values():
            writer.close()

    def _path(self, bucket: int) -> Path:
        return self._folder / f"{self._name}-{bucket:05d}.arrows"

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows, each with its bucket in the column ``_bucket``."""
        for (bucket,), part in rows.partition_by(BUCKET, as_dict=True, include_key=False).items():
            self._held[bucket].append(part)
            self.rows[bucket] += part.height
        self._rows_held += rows.height
        if self._rows_held > _ROWS_HELD:
            self._write_held()

    def _write_held(self) -> None:
        for bucket, parts in self._held.items():
            table = pl.concat(parts).to_arrow()
            if bucket not in self._open:
                self._open[bucket] = ipc.new_stream(
                    pa.OSFile(str(self._path(bucket)), "wb"),
                    table.schema,
                    options=ipc.IpcWriteOptions(compression="lz4"),
                )
            self._open[bucket].write_table(table)
        self._held.clear()
        self._rows_held = 0

    def read(self, buckets: Iterable[int]) -> pl.DataFrame | None:
        """Return the rows of some buckets and forget them; None where there are none.

        Raises:
            ConservationError: Rows were lost on their way.
        """
        wanted = list(buckets)
        parts = [self._take(bucket) for bucket in wanted if self._path(bucket).exists()]
        parts += [part for bucket in wanted for part in self._held.pop(bucket, ())]
        found, added = sum(part.height for part in parts), sum(self.rows[bucket] for bucket in wanted)
        if found != added:
            raise ConservationError(
                f"{self._name}: {added} rows were staged, but {found} came back: somebody changed the lake's "
                "scratch folder. Nothing was published; run again"
            )
        return pl.concat(parts) if parts else None

    def _take(self, bucket: int) -> pl.DataFrame:
        path = self._path(bucket)
        with pa.OSFile(str(path)) as source:
            table = ipc.open_stream(source).read_all()
        path.unlink()
        return pl.DataFrame(table)
