"""Whether an erasure can be brought to its end, and, in the end, whether nothing is left."""

from datetime import UTC, datetime

from stedi.consent.pseudonyms import key
from stedi.contract import CONTRACTS
from stedi.errors import CatalogError, ConservationError
from stedi.governance.erase.find import Scope
from stedi.landing.tokens import stands
from stedi.names import ACCELEROMETER_LANDING, STEP_TRAINER_LANDING
from stedi.warehouse.cut import touch
from stedi.warehouse.damage import first_damaged, first_damaged_of
from stedi.warehouse.holding import holding, metadata_texts


def check_whole(scope: Scope) -> None:
    """Refuse what could not be brought to its end, before anything is published or deleted.

    Raises:
        CatalogError: A file is damaged that will be read.
    """
    warehouse, traces = scope.erasure.warehouse, scope.traces
    scope.erasure.progress("checking all files", 0, 1)
    warehouse.leftovers(before=datetime.now(UTC), without={})
    # These are the largest, and of them only what is rewritten is read in full.
    large = (ACCELEROMETER_LANDING, STEP_TRAINER_LANDING)
    damaged = first_damaged(warehouse, data=[name for name in CONTRACTS if name not in large])
    for name in large:
        files = [traces.holdings[name].files[place] for place in traces.touched[name]]
        damaged = damaged or first_damaged_of(warehouse.table(name).iceberg, files)
    if damaged is not None:
        raise CatalogError(
            f"the lake is damaged: {damaged} can't be read, and nothing was erased. Restore it from a "
            "backup, then erase again"
        )


def check_nothing_left(scope: Scope) -> int:
    """Decode what is left of the lake; return how many files there were.

    Data files in which nothing was found at the beginning are the same, and are not read again.

    Raises:
        ConservationError: Something is left.
    """
    warehouse, subject, traces = scope.erasure.warehouse, scope.erasure.subject, scope.traces
    decoded = 0
    names = (*subject.telling, subject.customer_id)
    # The lake may lie in a folder of that name, which stands in every place of a file.
    root = warehouse.root.encode()
    for table, cut in scope.cuts.items():
        before, touched = traces.holdings[table].files, traces.touched[table]
        files = holding(warehouse.table(table).iceberg).files
        left = any(
            place in touched
            or (place not in before and touch(warehouse.table(table).iceberg, file, cut).changed)
            for place, file in files.items()
        )
        decoded += len(files)
        for text in metadata_texts(warehouse.table(table).iceberg):
            plain = key(text.replace(root, b"").decode("utf-8", "replace"))
            left = left or any(stands(plain, each) for each in names)
            decoded += 1
        if left:
            raise ConservationError(
                f"{table}: something of the erased person was found after all was done; the erasure is not "
                "finished. Run it again; if that does not help, this is a bug in stedi: please report it"
            )
    return decoded
