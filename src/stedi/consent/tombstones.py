"""Who and what was erased, told by name: under the lake's key, and under those that it had before."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, get_args

import polars as pl

from stedi.consent.pseudonyms import Domain, Pseudonyms
from stedi.contract import contract_of
from stedi.contract.schemas import polars_schema
from stedi.names import TOMBSTONE


class Tombstone(NamedTuple):
    """A tombstone that a name belongs to.

    Attributes:
        digest: Its digest.
        original_id: The id of what was erased, under the key of that time.
        retired: It was made under a key that is retired.
    """

    digest: str
    original_id: str
    retired: bool


class _Maker(NamedTuple):
    """How the digests of tombstones of one origin are made of a name."""

    digest: Callable[[str], str]
    original_id: Callable[[str], str]
    retired: bool


class TombstoneIndex:
    """Finds the tombstone of what was erased by its name.

    A tombstone is made with the key that the lake has then. When the key is rotated nobody knows the name any
    more, and the digest is wrapped; as soon as something of that name comes in again, the tombstone is made
    anew. So whoever is in the tables of a lake has a tombstone whose digest is their id, if any.

    Args:
        tombstones: The tombstone table.
        pseudonyms: The keys of the lake.

    Raises:
        KeyMismatchError: A retired key that a tombstone was made with is not at hand.

    Examples:
        >>> import polars as pl, stedi
        >>> from datetime import UTC, datetime
        >>> key = stedi.Pseudonyms(bytes(32))
        >>> at = datetime(2024, 1, 1, tzinfo=UTC)
        >>> row = (key.customer_id("ann@x.com"), key.fingerprint, "person", at, None)
        >>> table = pl.DataFrame([row], schema=polars_schema(contract_of("tombstone")), orient="row")
        >>> newer = key.followed_by(stedi.Pseudonyms(b"k" * 32))
        >>> wrapped = TombstoneIndex(table, key).under(newer, customers=(), devices=())
        >>> TombstoneIndex(wrapped, newer).find("customer", "Ann@X.com").retired
        True
    """

    def __init__(self, tombstones: pl.DataFrame, pseudonyms: Pseudonyms) -> None:
        self._tombstones = tombstones
        self._pseudonyms = pseudonyms
        self._digests = frozenset(tombstones["digest"])
        origins = [each.split() for each in tombstones["made_with"].unique(maintain_order=True)]
        self._makers: dict[Domain, Sequence[_Maker]] = {
            domain: [self._maker(domain, origin) for origin in origins] for domain in get_args(Domain)
        }
        self._ids = {domain: _id_maker(domain, pseudonyms) for domain in self._makers}

    def _maker(self, domain: Domain, origin: Sequence[str]) -> _Maker:
        return _Maker(
            digest=self._pseudonyms.tombstone_maker(domain, origin),
            original_id=self._pseudonyms.tombstone_maker(domain, origin[:1]),
            retired=origin != [self._pseudonyms.fingerprint],
        )

    @property
    def any_retired(self) -> bool:
        """Whether a tombstone was made under a key that is retired."""
        return any(maker.retired for maker in self._makers["customer"])

    def find(self, domain: Domain, name: str) -> Tombstone | None:
        """Return the tombstone of an e-mail, a serial number, a name or a phone number; None without one."""
        for maker in self._makers[domain]:
            if (digest := maker.digest(name)) in self._digests:
                original_id = maker.original_id(name) if maker.retired else digest
                return Tombstone(digest, original_id, maker.retired)
        return None

    def digest_of(self, domain: Domain, name: str) -> str:
        """Return the digest that a tombstone of a name has, or would have."""
        found = self.find(domain, name)
        return self._ids[domain](name) if found is None else found.digest

    def again(self, *, customers: Iterable[str], devices: Iterable[str]) -> dict[str, str]:
        """Return, by old digest, the ids of what was erased under a retired key and is named again.

        Args:
            customers: The e-mails that are named.
            devices: The serial numbers.
        """
        if not self.any_retired:
            return {}
        found = self._new_ids(self._pseudonyms, customers, devices)
        return {old.digest: new_id for old, new_id in found if old.retired}

    def _new_ids(
        self, pseudonyms: Pseudonyms, customers: Iterable[str], devices: Iterable[str]
    ) -> Iterator[tuple[Tombstone, str]]:
        """Yield the tombstones of e-mails and of serial numbers, each with the id under another key."""
        named: tuple[tuple[Domain, Iterable[str]], ...] = (("customer", customers), ("device", devices))
        for domain, names in named:
            new_id = _id_maker(domain, pseudonyms)
            for name in names:
                if (old := self.find(domain, name)) is not None:
                    yield old, new_id(name)

    def without(self, *, devices: Iterable[str]) -> pl.DataFrame:
        """Return the tombstones but for those of some devices.

        Args:
            devices: Serial numbers.
        """
        found = [self.find("device", each) for each in devices]
        gone = [each.digest for each in found if each is not None]
        return self._tombstones.filter(~pl.col("digest").is_in(gone))

    def under(self, newer: Pseudonyms, *, customers: Iterable[str], devices: Iterable[str]) -> pl.DataFrame:
        """Return the tombstones under a newer key: made anew of names that are known, wrapped of all others.

        Args:
            newer: The newer key, with those of the tombstones retired.
            customers: The e-mails that the tables hold.
            devices: The serial numbers that they hold.
        """
        named = {old.digest: new_id for old, new_id in self._new_ids(newer, customers, devices)}
        anew = with_digests(self._tombstones, named, made_with=newer.fingerprint)
        known = self._tombstones["digest"].is_in(list(named))
        wrapped = anew.with_columns(
            digest=pl.col("digest").map_elements(newer.wrap, return_dtype=pl.String),
            made_with=pl.col("made_with") + f" {newer.fingerprint}",
        )
        return pl.concat([anew.filter(known), wrapped.filter(~known)]).select(_NAMES).sort("digest")


def _id_maker(domain: Domain, pseudonyms: Pseudonyms) -> Callable[[str], str]:
    """Return what makes ids under the key in use: a tombstone of it is no more than that."""
    return pseudonyms.tombstone_maker(domain, [pseudonyms.fingerprint])


def with_digests(tombstones: pl.DataFrame, digests: dict[str, str], *, made_with: str) -> pl.DataFrame:
    """Return tombstones, some of them with another digest.

    Args:
        tombstones: Rows of the tombstone table.
        digests: The new digests, by old ones.
        made_with: The fingerprint of the key that made these.
    """
    known = pl.col("digest").is_in(list(digests))
    return tombstones.with_columns(
        digest=pl.col("digest").replace(digests),
        made_with=pl.when(known).then(pl.lit(made_with)).otherwise("made_with"),
    )


def retired_keys(tombstones: pl.DataFrame, fingerprint: str) -> tuple[str, ...]:
    """Return the fingerprints of the retired keys without which tombstones can't be told by name."""
    made_with = {each for keys in tombstones["made_with"] for each in keys.split()}
    return tuple(sorted(made_with - {fingerprint}))


_NAMES = polars_schema(contract_of(TOMBSTONE)).names()
