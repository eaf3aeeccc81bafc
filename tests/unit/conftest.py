"""Every test starts without a secret."""

from tests.support.environment import bare_environment as bare_environment
