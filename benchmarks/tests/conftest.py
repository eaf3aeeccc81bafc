"""The benchmark's tests depend on the environment as little as all others do."""

import tests.conftest  # noqa: F401 (removes foreign variables, before anything reads them)
from tests.support.environment import bare_environment as bare_environment
