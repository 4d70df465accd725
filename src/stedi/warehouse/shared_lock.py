"""One writer at a time on a catalog that others share, where no operating system drops a dead holder's lock.

Who holds the lake stands in a property of its run table, and is set together with an empty snapshot of it: a
catalog moves main for one of two who try at once, and refuses the other. While the holder lives it writes a
file beside the tables every few seconds. Whoever waits looks whether that file changes, by a clock of their
own, so that no two clocks are compared: one that did not change for half a minute is that of a dead holder.
To take over moves main of the run table, so that a holder who was only asleep can't publish any more.
"""

import contextlib
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, NamedTuple

from pyiceberg.io import FileIO
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update.snapshot import ExpireSnapshots

from stedi.errors import RunConflictError
from stedi.warehouse.failure import committing
from stedi.warehouse.transaction import Changes

PROPERTY: Final = "stedi.lock"
LOCK_FOLDER: Final = "_lock"
"""The folder of the signs of life, beside the tables: a name that no namespace can have."""
_BEAT: Final = 5.0
_DEAD_AFTER: Final = 30.0
_READ_FOR: Final = 3_600_000
"""How long somebody may read by metadata that is no longer the newest, in milliseconds."""
_PAUSE: Final = (0.1, 2.0)
"""The first and the longest pause between two looks, in seconds."""
_READS: Final = 5


class _Sign(NamedTuple):
    """Who holds the lake, and the last sign of life; None of one who let go of it."""

    holder: str
    beat: bytes | None


def _of_earlier_holders(table: Table) -> list[Snapshot]:
    """Return the snapshots of earlier holders that nothing names, and that nobody can still be reading."""
    named = {ref.snapshot_id for ref in table.refs().values()}
    until = table.metadata.last_updated_ms - _READ_FOR
    return [
        snapshot
        for snapshot in table.metadata.snapshots
        if snapshot.summary is not None
        and PROPERTY in snapshot.summary.additional_properties
        and snapshot.snapshot_id not in named
        and snapshot.timestamp_ms < until
    ]


class SharedLock:
    """The lock of a lake in a shared catalog.

    Args:
        load: Gives the run table as the catalog has it now.
        io: What its files are read and written with.
        root: The root of the warehouse.
    """

    def __init__(self, load: Callable[[], Table], io: FileIO, root: str) -> None:
        self._load = load
        self._io = io
        self._root = root
        self._token = ""
        self._beaten_at = 0.0

    @contextmanager
    def held(self, wait: timedelta) -> Iterator[None]:
        """Hold the lake for the length of a block; wait for whoever holds it.

        Raises:
            RunConflictError: Somebody else holds it, and did all the time.
        """
        ended = threading.Event()
        beating = threading.Thread(target=self._go_on, args=(ended,), daemon=True)
        try:
            self._forget(self._acquire(wait))
            beating.start()
            yield
        finally:
            ended.set()
            if beating.ident is not None:
                beating.join()
            self._forget(self._token)
            self._token = ""

    def check(self) -> None:
        """Refuse to go on where others may have taken this process for dead.

        Raises:
            RunConflictError: They may.
        """
        if self._token and time.monotonic() - self._beaten_at > _DEAD_AFTER - _BEAT:
            raise RunConflictError(
                "this process was stopped, or cut off from the store, for so long that another one may hold "
                "the lake: nothing more is written. Run it again"
            )

    def _acquire(self, wait: timedelta) -> str:
        """Take the lock, and return whose it was."""
        deadline = time.monotonic() + wait.total_seconds()
        pause = _PAUSE[0]
        seen, since = None, 0.0
        while True:
            table = self._load()
            sign, now = self._sign_of_life(table), time.monotonic()
            if sign != seen:
                seen, since = sign, now
            if sign.beat is None or now - since > _DEAD_AFTER:
                # As it was looked at: whoever was faster has moved main since, and this is refused.
                if self._take(table):
                    return sign.holder
            elif now > deadline:
                raise RunConflictError(
                    f"another run holds the lake, and did for {wait.total_seconds():,.0f} s: wait until it "
                    "has ended, then run again"
                )
            # Not all at once: several may wait.
            time.sleep(random.uniform(0.5, 1) * pause)  # noqa: S311 - no secret
            pause = min(1.5 * pause, _PAUSE[1])

    def _sign_of_life(self, table: Table) -> _Sign:
        holder = table.metadata.properties.get(PROPERTY, "")
        return _Sign(holder, self._read(holder) if holder else None)

    def _take(self, table: Table) -> bool:
        """Try to take the lock of a run table as it was looked at; say whether it is held now."""
        token = secrets.token_hex(8)
        self._beat(token, 0)
        earlier = _of_earlier_holders(table)
        try:
            with committing(), Changes(table) as transaction:
                transaction.set_properties({PROPERTY: token})
                with transaction.update_snapshot(snapshot_properties={PROPERTY: token}).fast_append():
                    pass
                if earlier:
                    ids = [snapshot.snapshot_id for snapshot in earlier]
                    ExpireSnapshots(transaction).by_ids(ids).commit()
        except Exception as error:
            # The answer may have been lost.
            if self._load().metadata.properties.get(PROPERTY) != token:
                self._forget(token)
                if isinstance(error, RunConflictError):
                    return False
                raise
        self._token = token
        for snapshot in earlier:
            with contextlib.suppress(OSError):
                self._io.delete(snapshot.manifest_list)
        return True

    def _go_on(self, ended: threading.Event) -> None:
        count = 0
        while not ended.wait(_BEAT):
            count += 1
            # What can't be written now may be written the next time; `check` knows how long ago the last was.
            with contextlib.suppress(Exception):
                self._beat(self._token, count)

    def _place(self, token: str) -> str:
        return f"{self._root}/{LOCK_FOLDER}/{token}"

    def _beat(self, token: str, count: int) -> None:
        at = time.monotonic()
        with self._io.new_output(self._place(token)).create(overwrite=True) as out:
            # As long as the one before: it may be read while it is replaced.
            out.write(b"%016d" % count)
        self._beaten_at = at

    def _read(self, token: str) -> bytes | None:
        for left in reversed(range(_READS)):
            try:
                with self._io.new_input(self._place(token)).open() as source:
                    return bytes(source.read())
            except FileNotFoundError:
                return None
            except OSError:
                # It may be gone since it was found: a store's answer that is longer than it was is no other
                # error to a client that has room for a sign only.
                if not left:
                    raise
                time.sleep(_PAUSE[0])
        return None

    def _forget(self, token: str) -> None:
        if token:
            with contextlib.suppress(Exception):
                self._io.delete(self._place(token))
