"""DynamoDB's arithmetic, by the examples of its own pages where they give one."""

from __future__ import annotations

import pytest

from unc.units import index_write_units, item_bytes, number_bytes, read_units, write_units

KEYS = ("status", "created_at")
ROW = {"id": {"S": "1"}, "status": {"S": "active"}, "created_at": {"N": "1"}}


def test_an_item_counts_names_and_values() -> None:
    """The example of CapacityUnitCalculations: 'shirt-color' and 'R' make 12 bytes."""
    assert item_bytes({"shirt-color": {"S": "R"}}) == 12


def test_text_counts_by_its_bytes() -> None:
    assert item_bytes({"n": {"S": "é"}}) == 3


def test_containers_count_three_bytes_and_one_for_each_part() -> None:
    assert item_bytes({"l": {"L": []}}) == 4
    assert item_bytes({"l": {"L": [{"BOOL": True}, {"NULL": True}]}}) == 1 + 3 + 2 * 2
    assert item_bytes({"m": {"M": {"k": {"S": "v"}}}}) == 1 + 3 + 1 + 2


@pytest.mark.parametrize(
    ("number", "size"), [("0", 1), ("1", 2), ("100", 2), ("123", 3), ("-1", 3), ("0.001", 2)]
)
def test_a_number_takes_a_byte_for_two_significant_digits(number: str, size: int) -> None:
    assert number_bytes(number) == size


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (1024, 1), (1025, 2), (3500, 4)])
def test_writes_round_up_to_kilobytes(size: int, units: int) -> None:
    assert write_units(size) == units
    assert write_units(size, in_transaction=True) == 2 * units


@pytest.mark.parametrize(("size", "units"), [(0, 1), (4096, 1), (4097, 2), (10_000, 3)])
def test_reads_round_up_to_four_kilobytes_and_cost_half_when_lagging(size: int, units: int) -> None:
    assert read_units(size, consistent=True) == units
    assert read_units(size) == units / 2


def test_a_new_row_is_written_to_an_index_once() -> None:
    assert index_write_units(None, ROW, KEYS) == 1


def test_a_row_without_the_keys_of_an_index_is_not_in_it() -> None:
    assert index_write_units(None, {"id": {"S": "1"}}, KEYS) == 0


def test_an_unchanged_row_costs_an_index_nothing() -> None:
    assert index_write_units(ROW, dict(ROW), KEYS) == 0


def test_another_attribute_is_one_write_and_another_key_a_delete_and_a_put() -> None:
    assert index_write_units(ROW, ROW | {"note": {"S": "x"}}, KEYS) == 1
    assert index_write_units(ROW, ROW | {"status": {"S": "completed"}}, KEYS) == 2
