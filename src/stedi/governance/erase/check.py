"""In the end: whether nothing of the subject is left."""

from stedi.consent.pseudonyms import key
from stedi.errors import ConservationError
from stedi.governance.erase.find import Scope
from stedi.landing.tokens import stands
from stedi.warehouse.cut import touch
from stedi.warehouse.holding import holding, metadata_texts


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
