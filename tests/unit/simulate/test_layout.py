"""A dirty batch has a file for each of its bad records, however few files it makes."""

import pytest

from stedi.simulate.layout import layouts_for


@pytest.mark.parametrize("first", range(14))
@pytest.mark.parametrize("records", [1, 3, 4, 9, 1000])
def test_a_dirty_batch_of_one_file_has_room_for_every_bad_record(first, records):
    layouts = layouts_for(records, 1, first=first, dirty=True)
    assert any(layout.takes_bad_records and layout.has_lines for layout in layouts)
    assert len(layouts) <= records
