"""Where people's texts and the secret go: to the reply service, whose address somebody has to say.

The template's default is one particular company's service. A first deployment that nobody told
otherwise would send it the texts of other people's users.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unc.aws.session import Aws
from unc.deploy.deployment import Plan
from unc.deploy.parameters import REPLY_SERVICE_URL
from unc.deploy.stack_events import find_stack
from unc.deploy.stack_state import NOT_YET
from unc.errors import BadInput


@dataclass(frozen=True)
class Destination:
    """The reply service's address; `is_said` when it was given now or by an earlier deployment."""

    url: str
    secret: str
    is_said: bool

    @property
    def sentence(self) -> str:
        """Say what goes where."""
        return f"people's texts and the secret {self.secret} go to {self.url}"

    @property
    def way_to_say(self) -> str:
        """Say how the address is given, that of the template's own service, too."""
        return (
            f"--set {REPLY_SERVICE_URL}=https://…, or {REPLY_SERVICE_URL}={self.url} "
            "if you run that service"
        )

    def require_said(self) -> None:
        """Raise BadInput where only the template's default says the address."""
        if not self.is_said:
            raise BadInput(
                "a first deployment has to be told the reply service's address", self.way_to_say
            )


def find_destination(aws: Aws, plan: Plan, parameters: Mapping[str, str]) -> Destination:
    """Return the address that a deployment would send texts to; `parameters` are the settled ones.

    A stack that was deployed knows its address; one that an import made, or a mere plan, does not.
    """
    is_said = REPLY_SERVICE_URL in plan.parameters or _is_known(aws, plan.stack)
    return Destination(parameters[REPLY_SERVICE_URL], parameters["SecretName"], is_said)


def _is_known(aws: Aws, stack: str) -> bool:
    """Say whether a deployed stack has an address."""
    found = find_stack(aws, stack)
    if found is None or found["StackStatus"] in NOT_YET:
        return False
    names = [each.get("ParameterKey") for each in found.get("Parameters", [])]
    return REPLY_SERVICE_URL in names
