"""Many processes write to one lake at once: nothing is lost, nothing is doubled, readers see whole runs."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from lakes import (
    EVERY_TABLE,
    PUBLISHED,
    IcebergTable,
    as_landed,
    contents,
    derived_rows,
    expected,
    in_few_objects,
    lake_at,
    pour,
    rich_world,
    run,
    tables_of,
)
from processes import start
from stedi.errors import LakeError
from worlds import NOW, World, poured_together, random_world

KINDS = ("customers", "accelerometer", "steps", "rejected")


def shares(world: World, writers: int) -> list[World]:
    """Part a world among the writers, record by record."""
    turns = iter(range(10**9))
    world = as_landed(in_few_objects(world), lambda: f"~{next(turns) % writers}")
    return [
        replace(
            world,
            **{
                kind: tuple(row for row in getattr(world, kind) if row["_digest"].endswith(f"~{number}"))
                for kind in KINDS
            },
        )
        for number in range(writers)
    ]


def together(worlds):
    return replace(
        worlds[0], **{kind: tuple(row for world in worlds for row in getattr(world, kind)) for kind in KINDS}
    )


@pytest.mark.parametrize("writers", [4, pytest.param(8, marks=pytest.mark.campaign)])
def test_processes_at_once_lose_nothing_and_double_nothing(tmp_path, writers):
    """They make the lake, too; meanwhile readers see what some of them delivered, whole."""
    mine = shares(poured_together(random_world(number) for number in range(5 * writers)), writers)
    folder = tmp_path / "lake"
    seen: set[str] = set()
    refusals: set[str] = set()
    roots = [pour(tmp_path / str(number), world) for number, world in enumerate(mine)]
    reader = lake_at(folder)
    with ExitStack() as stack:
        processes = [stack.enter_context(start("writer.py", folder, root, NOW.isoformat())) for root in roots]
        while any(process.poll() is None for process in processes):
            try:
                run_id = reader.last_run().run_id
            except LakeError as error:
                refusals.add(str(error).partition(" in the lake")[0])
                continue
            if run_id in seen:
                continue
            loaded = {path.split("/")[-3] for path in reader.scan("object", at=run_id).collect()["path"]}
            world = together([mine[int(number)] for number in loaded])
            assert tables_of(reader, at=run_id, include_withdrawn=True) == expected(world)
            seen.add(run_id)
        ends = [(process.returncode, *process.communicate()) for process in processes]
    assert [code for code, _, _ in ends] == [0] * writers, ends
    published = [out.split()[0] for _, out, _ in ends]
    assert sorted(published) == sorted(reader.runs()["run_id"])
    assert sum(int(out.split()[1]) for _, out, _ in ends) > 0
    assert seen
    assert refusals <= {"there is no published run"}
    world = together(mine)
    assert tables_of(reader) == derived_rows(folder) == expected(world)
    paths = reader.scan("object").collect()["path"]
    assert paths.is_unique().all()
    for table, kind in zip(
        ("customer_landing", "accelerometer_landing", "step_trainer_landing"), KINDS, strict=False
    ):
        assert reader.scan(table).collect().height == len(getattr(world, kind))
    newest = reader.last_run()
    for table in EVERY_TABLE:
        assert set(IcebergTable.of(folder, table).refs("branch")) == {"main"}
        if table in PUBLISHED:
            assert IcebergTable.of(folder, table).main == newest.snapshots[table]


@pytest.mark.campaign
def test_processes_with_the_same_files_load_them_once(filled, tmp_path):
    landing = pour(tmp_path / "more", rich_world(3))
    with ExitStack() as stack:
        arguments = (filled.folder, landing, NOW.isoformat())
        writers = [stack.enter_context(start("writer.py", *arguments)) for _ in range(3)]
        ends = [(writer.wait(), *writer.communicate()) for writer in writers]
    assert [code for code, _, _ in ends] == [0] * 3, ends
    runs = filled.lake.runs()
    assert runs.height == 4
    snapshots = [
        {table["table_name"]: table["snapshot_id"] for table in tables} for tables in runs["tables"].to_list()
    ]
    assert snapshots[1] == snapshots[2] == snapshots[3]
    loaded = contents({table: filled.lake.scan(table) for table in PUBLISHED})
    run(filled.filled().lake, landing)
    assert loaded == contents({table: filled.lake.scan(table) for table in PUBLISHED})
