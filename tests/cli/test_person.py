"""Whose a dead letter is that no sender can be read from: who is named in it as a whole word."""

import pytest

from unc.person.queues import names_any

ID = "4915555550199"


@pytest.mark.parametrize(
    "body",
    [
        f"Author=whatsapp:+{ID}&Body=hi",
        f"Author=whatsapp%3A%2B{ID}",
        f'{{"from": "+{ID}"}}',
        ID,
    ],
)
def test_a_body_names_an_id_however_it_is_encoded(body: str) -> None:
    assert names_any(body, [ID])


@pytest.mark.parametrize("body", [f"Author={ID}0", f"Author=1{ID}", f"Sid=SM{ID}", "", "Body=hi"])
def test_a_part_of_another_id_is_no_name(body: str) -> None:
    assert not names_any(body, [ID])


def test_a_short_code_is_not_looked_for_in_other_people_s_words() -> None:
    assert not names_any("Body=72345", ["72345"])
    assert names_any(f"Body=72345&From={ID}", ["72345", ID])
