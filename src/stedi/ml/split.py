"""Splits by customer: nobody is on both sides."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args, overload

import numpy as np
from numpy.typing import NDArray

from stedi.errors import DatasetError, UnknownNameError
from stedi.ml.windows import Windows

if TYPE_CHECKING:
    from stedi.ml.dataset import StepDataset

SplitKind: TypeAlias = Literal["group_kfold", "holdout"]

DEFAULT_SHARE: Final = 0.2
_ID_LENGTH: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which side of which fold of which split a dataset is.

    Attributes:
        split_id: The split's name.
        kind: How it was made.
        seed: From which seed.
        folds: How many folds it has.
        fold: Which of them, from 0.
        side: ``"train"`` or ``"test"``.
    """

    split_id: str
    kind: str
    seed: int
    folds: int
    fold: int
    side: Literal["train", "test"]


_Sides: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""The customers of train and of test."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """Two datasets without a common customer: ``train, test = fold``.

    Attributes:
        train: The one to learn from.
        test: The one to be judged by.
    """

    train: "StepDataset"
    test: "StepDataset"

    def __post_init__(self) -> None:
        """Refuse what lets a model meet again whom it was trained on.

        Raises:
            DatasetError: A customer is on both sides, or a side is empty.
        """
        both = set(self.train.customers) & set(self.test.customers)
        if both:
            raise DatasetError(
                f"{len(both)} customers are on both sides of the split: a model would be judged by people "
                "whom it knows. Split by customer, as StepDataset.split does"
            )
        if not self.train.customers or not self.test.customers:
            raise DatasetError("a side of the split has no customers")

    def __iter__(self) -> "Iterator[StepDataset]":
        """Return train, then test."""
        return iter((self.train, self.test))

    def indices(self, windows: Windows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of the windows of both sides, as scikit-learn's ``cv=`` takes them.

        Windows of customers on neither side are in neither.
        """
        return _places(windows, self.train.customers), _places(windows, self.test.customers)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split(Sequence[Fold]):
    """The folds of one split.

    Attributes:
        split_id: Its name: the same customers on the same sides give the same one.
        kind: How it was made.
        seed: From which seed.
        folds: The folds.
    """

    split_id: str
    kind: SplitKind
    seed: int
    folds: tuple[Fold, ...]

    def __len__(self) -> int:
        """How many folds there are."""
        return len(self.folds)

    @overload
    def __getitem__(self, place: int) -> Fold: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Fold, ...]: ...
    def __getitem__(self, place: int | slice) -> Fold | tuple[Fold, ...]:
        """Return a fold."""
        return self.folds[place]

    def indices(self, windows: Windows) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Return the places of the windows of every fold: what scikit-learn takes as ``cv=``."""
        return [fold.indices(windows) for fold in self.folds]


def split_customers(customers: Sequence[str], kind: str, *, n: int, seed: int, share: float) -> list[_Sides]:
    """Return the customers of train and test of every fold.

    Other than scikit-learn's ``GroupKFold``, which evens out the sizes of the groups, customers are put in an
    order that the seed and the digests of their ids decide, and dealt out in turn: no library's random
    numbers are in it, so the same customers and seed give the same folds with every version.

    Raises:
        UnknownNameError: There is no such kind of split.
        DatasetError: There are too few customers, or a number is out of range.

    Examples:
        >>> [test for _, test in split_customers("abcd", "group_kfold", n=2, seed=0, share=0.2)]
        [('b', 'c'), ('a', 'd')]
    """
    if kind not in get_args(SplitKind):
        raise UnknownNameError.of("kind of split by customer", kind, get_args(SplitKind))
    order = sorted(set(customers), key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    if kind == "group_kfold":
        if n < 2:  # noqa: PLR2004 - a fold is for the test
            raise DatasetError(f"n={n}: a split has at least 2 folds")
        if len(order) < n:
            raise DatasetError(
                f"{len(order)} customers can't fill {n} folds: nobody may be in the test of two. Pass "
                f"n={len(order)} or less, or make a dataset with more customers"
            )
        tests = [set(order[fold::n]) for fold in range(n)]
    else:
        if not 0 < share < 1:
            raise DatasetError(f"share={share}: the share of customers to hold out lies between 0 and 1")
        if len(order) < 2:  # noqa: PLR2004 - two sides
            raise DatasetError("one customer can't be on two sides: a dataset with more customers is needed")
        tests = [set(order[: min(max(round(share * len(order)), 1), len(order) - 1)])]
    return [(tuple(sorted(set(order) - test)), tuple(sorted(test))) for test in tests]


def split_id_of(folds: Sequence[_Sides]) -> str:
    """Return the name of a split: a digest of who is where."""
    sides = "\n".join(" ".join(side) for fold in folds for side in fold)
    return hashlib.sha256(sides.encode()).hexdigest()[:_ID_LENGTH]


def _places(windows: Windows, customers: Sequence[str]) -> NDArray[np.int64]:
    mine = np.isin(np.array(windows.customers, np.str_), np.array(customers, np.str_))
    return np.flatnonzero(mine[windows.groups]) if len(windows) else np.empty(0, np.int64)
