"""Text, numbers and JSON from strangers, cut down to what DynamoDB stores."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.text import (
    MAX_DOCUMENT_LEVELS,
    BrokenDocument,
    clean,
    parse_count,
    parse_document,
    parse_number,
)
from tests.support.builders import body, raw_record, warnings
from tests.support.dynamodb_limits import number_faults
from tests.support.invariants import check_records


@pytest.mark.parametrize(
    "number",
    ["0", "-1", "1.50", "1" * 38, "0." + "3" * 38, "1E+125", "9.99e125", "1e-130", "-1.5E3", "007"],
)
def test_a_number_that_fits_is_exact(number: str) -> None:
    assert parse_number(number) == Decimal(number)


@pytest.mark.parametrize(
    "number",
    ["", " ", ".", "1.2.3", "1_000", "e5", "1e", "--1", "1" * 39, "1e126", "1e-131", "1e99999"],
)
def test_a_number_that_does_not_fit_is_none(number: str) -> None:
    assert parse_number(number) is None


@pytest.mark.parametrize("number", ["0e9999", "-0.00", "1" + "0" * 60, "1.5" + "0" * 60])
def test_zeros_beyond_38_digits_are_trimmed(number: str) -> None:
    parsed = parse_number(number)
    assert parsed == Decimal(number)
    assert parsed is not None
    assert list(number_faults(str(parsed))) == []


@pytest.mark.parametrize(
    ("text", "count"), [("7", 7), (" 7 ", 7), ("007", 7), ("1" * 9, 111111111), ("-7", None)]
)
def test_a_count_is_digits_only(text: str, count: int | None) -> None:
    assert parse_count(text) == count


def test_a_document_keeps_its_shape_and_its_exact_numbers() -> None:
    text = '{"a": [1, 2.50, 1e400, NaN, "b\\u0000"], "": "nameless", "c": {"d": false}}'
    assert parse_document(text) == {
        "a": [Decimal(1), Decimal("2.50"), "1e400", "NaN", "b�"],
        "c": {"d": False},
    }


@pytest.mark.parametrize("text", ['{"a": "\\ud800"}', '{"\\ud800": 1}'])
def test_lone_surrogates_in_a_document_are_replaced(text: str) -> None:
    document = parse_document(text)
    assert "\ufffd" in json.dumps(document, ensure_ascii=False, default=str)


@pytest.mark.parametrize(("levels", "fits"), [(MAX_DOCUMENT_LEVELS, True), (100, False)])
def test_a_document_nested_too_deep_is_broken(levels: int, fits: bool) -> None:
    text = "[" * levels + "1" + "]" * levels
    if fits:
        assert parse_document(text)
    else:
        with pytest.raises(BrokenDocument):
            parse_document(text)


@pytest.mark.parametrize("levels", range(27, 34))
@pytest.mark.parametrize("field", ["ChannelMetadata", "InteractiveData", "FlowData"])
@pytest.mark.parametrize(("inmost", "most"), [("1", 28), ("", 29)])
def test_a_document_of_about_as_many_levels_as_fit_is_storable_or_left_out(
    field: str, levels: int, inmost: str, most: int
) -> None:
    """DynamoDB takes 32 levels, those around the document among them."""
    text = "[" * levels + inmost + "]" * levels
    [(_, message)] = check_records([raw_record(body(**{field: text}))]).messages
    assert bool(warnings(message)) is (levels > most)


@pytest.mark.parametrize("name", ["n" * 65_536, "ü" * 32_768])
def test_a_document_with_a_name_too_long_for_an_attribute_is_broken(name: str) -> None:
    with pytest.raises(BrokenDocument):
        parse_document(json.dumps({"deeper": {name: 1}}))


@given(st.text(st.characters(exclude_categories=[])))
def test_clean_text_can_be_stored_and_stays_as_it_was_where_it_could_be(text: str) -> None:
    cleaned = clean(text)
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned
    assert len(cleaned.encode()) >= len(cleaned)
    if "\x00" not in text and not any("\ud800" <= each <= "\udfff" for each in text):
        assert cleaned == text


@given(st.text())
def test_any_text_is_a_document_or_broken(text: str) -> None:
    try:
        document = parse_document(text)
    except BrokenDocument:
        return
    json.dumps(document, default=str)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**37), 10**37) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=10,
)


@given(json_values)
def test_a_document_that_can_be_stored_comes_back_as_it_was(value: object) -> None:
    stored = parse_document(json.dumps(value))
    assert json.dumps(stored, default=int) == json.dumps(
        json.loads(json.dumps(value).replace("\\u0000", "\\ufffd"))
    )
