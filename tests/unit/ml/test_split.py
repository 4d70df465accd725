"""Splits: by customer, and by nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from recordings import recording, recordings
from stedi.errors import DatasetError, UnknownNameError
from stedi.ml import Fold, StepDataset
from stedi.ml.split import split_customers


@pytest.fixture(scope="module")
def dataset():
    people = [recording(6, customer=n, device=n, day=day) for n in range(1, 8) for day in range(n % 2 + 1)]
    return StepDataset.from_frames(**recordings(*people))


@given(
    customers=st.sets(st.text("abcdef0123456789", min_size=3, max_size=6), min_size=2, max_size=40),
    n=st.integers(2, 10),
    seed=st.integers(0, 2**40),
)
def test_nobody_is_on_both_sides_and_everybody_is_tested_once(customers, n, seed):
    if n > len(customers):
        with pytest.raises(DatasetError, match="can't fill"):
            split_customers(sorted(customers), "group_kfold", n=n, seed=seed, share=0.2)
        return
    folds = split_customers(sorted(customers), "group_kfold", n=n, seed=seed, share=0.2)
    assert sorted(name for _, test in folds for name in test) == sorted(customers)
    for train, test in folds:
        assert not set(train) & set(test)
        assert set(train) | set(test) == customers
    sizes = [len(test) for _, test in folds]
    assert max(sizes) - min(sizes) <= 1
    assert split_customers(sorted(customers, reverse=True), "group_kfold", n=n, seed=seed, share=0.2) == folds


@given(share=st.floats(0.01, 0.99), seed=st.integers(0, 1000))
def test_a_holdout_is_a_share_of_the_customers(share, seed):
    customers = [f"{n:03}" for n in range(50)]
    ((train, test),) = split_customers(customers, "holdout", n=5, seed=seed, share=share)
    assert len(test) == min(max(round(50 * share), 1), 49)
    assert sorted(train + test) == customers


def test_sides_are_datasets_and_places_of_windows(dataset):
    windows = dataset.windows(1, 1)
    split = dataset.split("group_kfold", n=3, seed=7)
    assert len(split) == 3
    for fold, (train, test) in zip(split, split.indices(windows), strict=True):
        assert sorted([*train, *test]) == list(range(len(windows)))
        assert not set(windows.groups[train]) & set(windows.groups[test])
        learn, judge = fold
        np.testing.assert_array_equal(learn.windows(1, 1).X, windows.X[train])
        np.testing.assert_array_equal(judge.windows(1, 1).X, windows.X[test])
        assert judge.part.side == "test"
        assert judge.card().part.split_id == split.split_id
    assert dataset.split("group_kfold", n=3, seed=7).split_id == split.split_id
    assert dataset.split("group_kfold", n=3, seed=8).split_id != split.split_id


def test_scikit_learn_takes_features_groups_and_splits(dataset):
    features = dataset.features(1, 1)
    windows = dataset.windows(1, 1)
    rows = features.select("distance_mean", "distance_std").to_numpy()
    y = (features["distance_mean"] > 300).to_numpy()
    model = DecisionTreeClassifier(random_state=0)
    ours = cross_val_score(model, rows, y, cv=dataset.split(n=3, seed=1).indices(windows))
    theirs = cross_val_score(model, rows, y, groups=windows.groups, cv=GroupKFold(3))
    assert ours.tolist() == theirs.tolist() == [1, 1, 1]


def test_overlap_raises(dataset):
    one, two, three = dataset.customers[:3]
    with pytest.raises(DatasetError, match="1 customers are on both sides"):
        Fold(train=dataset.only([one, two]), test=dataset.only([two, three]))
    with pytest.raises(DatasetError, match="no customers"):
        Fold(train=dataset.only([one]), test=dataset.only([]))
    with pytest.raises(DatasetError, match="no sessions of 1"):
        dataset.only(["f" * 32])


def test_there_is_no_shuffled_split(dataset):
    for kind in ("shuffle", "kfold", "random"):
        with pytest.raises(UnknownNameError, match="split by customer"):
            dataset.split(kind)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 8}, "7 customers can't fill 8"),
        ({"n": 1}, "at least 2"),
        ({"kind": "holdout", "share": 1.0}, "share"),
    ],
)
def test_impossible_splits(dataset, options, message):
    with pytest.raises(DatasetError, match=message):
        dataset.split(**options)
    with pytest.raises(DatasetError, match="two sides"):
        dataset.only(dataset.customers[:1]).split("holdout")
