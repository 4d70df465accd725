"""Which data files the snapshots of a table hold, and which its manifests only speak of."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import Table

from stedi.warehouse.manifests import entries_of, manifests_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The data files of all snapshots.

    Attributes:
        files: Every data file that a snapshot holds, by its location.
        held: The locations of the data files that each snapshot holds.
        named: Those that its manifests name, with bounds of their columns: also files that were taken out.
    """

    files: Mapping[str, DataFile]
    held: Mapping[int, frozenset[str]]
    named: Mapping[int, frozenset[str]]


def holding(table: Table) -> Holding:
    """Read the manifests of all snapshots, each once."""
    files: dict[str, DataFile] = {}
    held: dict[int, frozenset[str]] = {}
    named: dict[int, frozenset[str]] = {}
    of_manifest: dict[str, tuple[set[str], set[str]]] = {}
    for snapshot in table.metadata.snapshots:
        live: set[str] = set()
        all_named: set[str] = set()
        for manifest in manifests_of(snapshot, table.io):
            if manifest.manifest_path not in of_manifest:
                alive: set[str] = set()
                every: set[str] = set()
                for entry in entries_of(manifest, table.io):
                    path = entry.data_file.file_path
                    every.add(path)
                    if entry.status != ManifestEntryStatus.DELETED:
                        alive.add(path)
                        files.setdefault(path, entry.data_file)
                of_manifest[manifest.manifest_path] = alive, every
            alive, every = of_manifest[manifest.manifest_path]
            live |= alive
            all_named |= every
        held[snapshot.snapshot_id] = frozenset(live)
        named[snapshot.snapshot_id] = frozenset(all_named)
    return Holding(files=files, held=held, named=named)


def metadata_texts(table: Table) -> Iterator[bytes]:
    """Yield the metadata files of a table as they are, and the decoded entries of all its manifests."""
    for place in (table.metadata_location, *(each.metadata_file for each in table.metadata.metadata_log)):
        with contextlib.suppress(FileNotFoundError), table.io.new_input(place).open() as source:
            yield bytes(source.read())
    seen: set[str] = set()
    for snapshot in table.metadata.snapshots:
        for manifest in manifests_of(snapshot, table.io):
            if manifest.manifest_path in seen:
                continue
            seen.add(manifest.manifest_path)
            entries = entries_of(manifest, table.io)
            for file in (entry.data_file for entry in entries):
                bounds = (*(file.lower_bounds or {}).values(), *(file.upper_bounds or {}).values())
                yield b"\n".join([file.file_path.encode(), *bounds])
