"""An account whose answers a test writes."""

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber

from unc.aws.session import Aws, local_aws


@pytest.fixture
def aws() -> Aws:
    """Clients whose answers the tests write."""
    return local_aws("http://127.0.0.1:1", "eu-west-1")


@pytest.fixture
def stub(aws: Aws) -> Iterator[Stubber]:
    """What CloudFormation answers, call by call; each has to be made, in this order."""
    with Stubber(aws.cloudformation) as stub:
        yield stub
        stub.assert_no_pending_responses()
