"""The door of an erasure: what must be decided, and whole, before anything is changed."""

from datetime import UTC, datetime

from stedi.contract import CONTRACTS
from stedi.errors import CatalogError, ConfigurationError, LakeError, UnknownNameError
from stedi.governance.erase.find import Scope
from stedi.governance.erase.foreign import foreign_files
from stedi.names import ACCELEROMETER_LANDING, RUN, STEP_TRAINER_LANDING
from stedi.warehouse.damage import first_damaged, first_damaged_of
from stedi.wording import count, others, were


def undecided(scope: Scope) -> list[str]:
    """Return the tags and branches that hold the subject, and of which nothing was said."""
    decided = frozenset().union(*scope.erasure.tags)
    return [name for name in scope.refs if name not in decided]


def check_decided(scope: Scope) -> None:
    """Refuse an erasure of which not everything is decided.

    Raises:
        ConfigurationError: Nothing was said about shared devices, or of a tag what can't be done.
        LakeError: Tags or branches hold the subject, and nothing was said about them.
        UnknownNameError: There is no such tag.
    """
    erasure, warehouse = scope.erasure, scope.erasure.warehouse
    devices = len(erasure.subject.shared)
    if devices and erasure.device is None:
        raise ConfigurationError(
            f"{count(devices, 'device')} of this person {were(devices)} also listed by "
            f"{others(erasure.subject.others)}: their readings may be of either. Decide with device= "
            '(--device): "keep" leaves the raw readings and never trusts what was recorded until now; '
            '"erase" deletes it, of everybody. Nothing was changed'
        )
    if named := undecided(scope):
        raise LakeError(
            f"tags or branches hold this person: {', '.join(named)}. Say of each whether it is rebuilt at "
            "its own run, without them (rebuild_tags=, --rebuild-tag), moved to the newest run (move_tags=, "
            "--move-tag) or dropped (drop_tags=, --drop-tag). Nothing was changed"
        )
    drop, move, rebuild = erasure.tags
    branches = {name for table in scope.cuts for name in warehouse.table(table).refs()}
    branches -= {name for table in scope.cuts for name in warehouse.table(table).tags()}
    if wrong := sorted((move | rebuild) & branches):
        raise ConfigurationError(
            f"{wrong[0]!r} is a branch, and can't be moved or rebuilt: drop it, by --drop-tag"
        )
    asked = [*drop, *move, *rebuild]
    if twice := sorted(name for name in set(asked) if asked.count(name) > 1):
        raise ConfigurationError(f"the tag {twice[0]!r} was named twice: drop, move or rebuild it")
    known = {name for table in (*scope.cuts, RUN) for name in warehouse.table(table).refs()}
    for name in sorted(asked):
        # Whoever asks once more says the same of tags that are gone by now.
        if name not in known and not _was_erased(scope):
            raise UnknownNameError.of("tag", name, known)


def check_told_apart(scope: Scope) -> None:
    """Refuse to erase by a device what is known of no e-mail.

    Raises:
        ConfigurationError: Only the tombstone of the subject is left, and a device of theirs was named.
    """
    if scope.erasure.subject.key is None:
        raise ConfigurationError(
            "the customer of this device was erased, and what was sent since still holds them or another "
            "device of theirs: name them by e-mail. Nothing was changed"
        )


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


def is_gone(scope: Scope) -> bool:
    """Say whether the subject was erased before, and nothing of them came back."""
    return _was_erased(scope) and not _is_held(scope)


def is_nobody(scope: Scope) -> bool:
    """Say whether nobody is meant: the lake never knew them, and nothing that was looked at does."""
    if scope.erasure.unfinished or _was_erased(scope) or _is_held(scope):
        return False
    left = (*scope.rewrites.remaining, *scope.beside)
    return not any(each.sure for each in left) and not any(each.sure for each in foreign_files(scope.erasure))


def _was_erased(scope: Scope) -> bool:
    subject = scope.erasure.subject
    return subject.key is None or subject.tombstone_index.find("customer", subject.key) is not None


def _is_held(scope: Scope) -> bool:
    return scope.traces.any or bool(scope.rewrites.found)
