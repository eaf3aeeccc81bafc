"""Forms as the standard library reads them; a repeated field counts once."""

from urllib.parse import parse_qsl

from hypothesis import example, given
from hypothesis import strategies as st

from consumer.text import clean
from consumer.webhook.form import parse_form

pieces = st.sampled_from(["&", "=", "%", "+", "%41", "%e4", "%C3%A4", "%00", "\x00", "\ud800", "a"])


@given(st.lists(pieces | st.text(max_size=3)).map("".join))
@example("a=1&a=2&&b&=c&d=e=f")
def test_a_form_has_the_first_value_of_each_field(text: str) -> None:
    pairs = parse_qsl(clean(text), keep_blank_values=True, errors="replace")
    expected = {clean(name): clean(value) for name, value in reversed(pairs)}
    assert parse_form(text).fields == expected
