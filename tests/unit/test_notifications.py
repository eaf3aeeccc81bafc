"""Whether news still has to be told, by the sender's row."""

from decimal import Decimal

import pytest

from domain.notifications import Notification, Standing, standing
from tests.unit.builders import news

EARLIER, NOW, LATER = Decimal("9.9"), Decimal(10), Decimal("10.1")
DUE, COVERED, IN_DOUBT = Standing.DUE, Standing.COVERED, Standing.IN_DOUBT


@pytest.mark.parametrize(
    ("row", "attempt", "stands"),
    [
        (None, 1, DUE),
        (Notification(), 1, DUE),
        (Notification(through=EARLIER), 1, DUE),
        (Notification(through=NOW), 1, COVERED),
        (Notification(through=LATER), 1, COVERED),
        (Notification(claimed=EARLIER, attempt=5), 1, DUE),
        (Notification(claimed=EARLIER, attempt=1, through=EARLIER), 1, DUE),
        (Notification(claimed=NOW, attempt=1), 1, IN_DOUBT),
        (Notification(claimed=NOW, attempt=2), 1, IN_DOUBT),
        (Notification(claimed=NOW, attempt=1), 2, DUE),
        (Notification(claimed=NOW, attempt=0), 1, DUE),
        (Notification(claimed=NOW, attempt=1, through=EARLIER), 1, IN_DOUBT),
        (Notification(claimed=NOW, attempt=1, through=NOW), 2, COVERED),
        (Notification(claimed=LATER, attempt=1), 9, COVERED),
    ],
)
def test_the_row_decides_where_news_stands(
    row: Notification | None, attempt: int, stands: Standing
) -> None:
    assert standing(news(stored_at=NOW, attempt=attempt), row) is stands
