"""`unc forget`: erase a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from unc.aws.connection import connect_for_change
from unc.aws.tables import Tables
from unc.commands.options import INCOMPLETE, AsJson, read_senders
from unc.person.erasure import BEYOND_REACH, ErasurePlan, counts_of, erase, naming_ids, plan_erasure
from unc.person.queues import Findings, total_unseen
from unc.terminal import out, print_json, progress


def command(
    senders: Annotated[
        list[str], typer.Argument(help="4915555550199, or whatsapp:+4915555550199; several.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Really erase.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is stored about a person, and with --yes erase it; may be run again."""
    ids = read_senders(senders)
    aws, resources = connect_for_change(as_json)
    tables = Tables(aws, resources)
    plan = plan_erasure(tables, ids)
    if not as_json:
        _print_plan(plan, yes)
    findings = erase(tables, ids, progress) if yes else plan.dead_letters
    unseen = total_unseen(findings)
    if as_json:
        queues = {each.queue: len(each.theirs) for each in findings}
        print_json(plan.as_json() | {"erased": yes, "queues": queues, "unseen": unseen})
    elif yes:
        _print_result(findings)
    if yes and unseen:
        raise typer.Exit(INCOMPLETE)


def _print_plan(plan: ErasurePlan, yes: bool) -> None:
    """Say what there is, what may be theirs too, and what no run reaches."""
    out.print(f"about {', '.join(plan.sender_ids)}:", markup=False)
    for name, count in counts_of(plan.records).items():
        out.print(f"- {count} {name}")
    for found in plan.dead_letters:
        out.print(f"- {len(found.theirs)} dead letters of {found.queue}")
    out.print("- records of the retry queue, which is looked at only to erase them")
    for other, link in plan.other_ids.items():
        out.print(f"{other} may be the same person ({link}): name it too", markup=False)
    for id in naming_ids(plan.dead_letters):
        out.print(f"a dead letter of somebody else names this person: unc dlq show {id}")
    out.print("beyond reach:")
    for line in BEYOND_REACH:
        out.print(f"- {line}")
    if not yes:
        out.print("nothing was changed; --yes erases it")


def _print_result(findings: Sequence[Findings]) -> None:
    """Say whether there was anything that could not be looked at."""
    out.print("erased")
    for found in findings:
        if found.unseen:
            out.print(
                f"{found.unseen} messages of {found.queue} could not be looked at: not due yet, "
                "in use, or behind others of their message group; run it again"
            )
