"""The stack that most tests look at: every parameter at its default."""

import pytest

from tests.template.stack import Stack


@pytest.fixture
def stack() -> Stack:
    return Stack()
