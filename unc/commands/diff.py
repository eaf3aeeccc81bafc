"""`unc diff`: show what a deployment would change."""

from __future__ import annotations

from unc.commands.options import AsJson, Settings
from unc.deploy.plan_view import print_plan
from unc.deploy.rollout import prepare_plan


def command(settings: Settings = None, as_json: AsJson = False) -> None:
    """Show what `unc deploy` would change, and leave everything as it is."""
    aws, plan = prepare_plan(settings, None, as_json)
    print_plan(aws, plan, "all", as_json)
