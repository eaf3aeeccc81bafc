"""Plain values as DynamoDB JSON; botocore's own serializer is the judge."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from consumer.aws.attribute_values import number, text, to_attribute, to_item

values = st.recursive(
    st.none()
    | st.booleans()
    | st.text()
    | st.integers(-(10**37), 10**37)
    | st.decimals(-(10**10), 10**10, allow_nan=False, allow_infinity=False, places=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_values_are_written_as_the_sdk_writes_them(value: Any) -> None:
    written = to_attribute(value)
    assert written == TypeSerializer().serialize(value)
    assert TypeDeserializer().deserialize(written) == value


def test_a_tuple_is_a_list() -> None:
    assert to_item({"pair": (1, "a")}) == {"pair": {"L": [{"N": "1"}, {"S": "a"}]}}


@pytest.mark.parametrize("odd", [1.5, b"x", {1}, object()])
def test_what_dynamodb_has_no_type_for_is_refused(odd: object) -> None:
    with pytest.raises(TypeError, match="no DynamoDB type"):
        to_attribute(odd)


@pytest.mark.parametrize("item", [{}, {"a": {}}, {"a": {"NULL": True}}, {"a": {"B": "eA=="}}])
def test_a_missing_attribute_reads_as_blank(item: dict[str, Any]) -> None:
    assert text(item, "a") == ""
    assert number(item, "a") is None


def test_an_attribute_reads_as_what_it_is() -> None:
    item = {"a": {"S": "words"}, "b": {"N": "1.50"}}
    assert (text(item, "a"), number(item, "b")) == ("words", Decimal("1.50"))
    assert (text(item, "b"), number(item, "a")) == ("", None)
