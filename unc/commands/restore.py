"""`unc restore`: bring tables back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from unc.aws.connection import find_account
from unc.aws.resources import STACK, read_resources
from unc.aws.session import Aws
from unc.commands.options import INCOMPLETE, AsJson, read_senders
from unc.errors import BadInput
from unc.restore import view
from unc.restore.bring_back import bring_back, plan_bring_back
from unc.restore.rows import Choice
from unc.restore.write_back import (
    make_copies,
    plan_write_back,
    read_moment,
    write_back,
)
from unc.terminal import err, out, print_json, progress


def command(
    to: Annotated[
        str | None, typer.Option(help="A moment with its zone: 2026-11-22T10:00:00+00:00.")
    ] = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", help="One table only; else sessions and chats. Repeatable."),
    ] = None,
    missing_only: Annotated[
        bool, typer.Option(help="Bring missing rows back; leave changed ones as they are.")
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(help="A person of whom nothing comes back; repeatable."),
    ] = None,
    copy_only: Annotated[
        bool, typer.Option(help="Make the copies; write nothing back yet.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Really do it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write rows back as of a moment; without --to, bring back tables that are gone.

    Shows a plan first; --yes does it. May be run again after an interruption.
    """
    aws = find_account(as_json)
    if to is None:
        if tables or missing_only or without or copy_only:
            raise BadInput("this goes with a moment only", "say it: --to 2026-11-22T10:00:00+00:00")
        _bring_back(aws, yes, as_json)
        return
    choice = Choice(missing_only, frozenset(read_senders(without or ())))
    _write_back(aws, to, tables, choice, copy_only, yes, as_json)


def _write_back(
    aws: Aws,
    to: str,
    tables: list[str] | None,
    choice: Choice,
    copy_only: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Plan, and with `yes` copy and write back."""
    plan = plan_write_back(aws, _choose_tables(aws, tables), read_moment(to), choice)
    _show(view.render_write_back(plan), as_json)
    written = None
    if yes and copy_only:
        make_copies(aws, plan, progress)
        plan = plan_write_back(aws, [each.table for each in plan.copies], plan.moment, choice)
        _show([*view.render_write_back(plan), *view.render_copies(plan)], as_json)
    elif yes:
        written = write_back(aws, plan, progress)
        _show(view.render_written(plan, written), as_json)
    _finish(view.write_back_document(plan, written), yes, as_json)
    if written and any(counts.busy for counts in written.values()):
        raise typer.Exit(INCOMPLETE)


def _choose_tables(aws: Aws, tables: list[str] | None) -> list[str]:
    """Return the tables to write back to; raises BadInput for one that cannot be."""
    resources = read_resources(aws)
    known = [resources.session_table, resources.chat_table]
    for name in tables or ():
        if name == resources.notification_table:
            raise BadInput(
                f"{name} says who was notified; older rows of it would notify people again",
                f"tables to restore: {', '.join(known)}",
            )
        if name not in known:
            raise BadInput(f"{name} is no table of the stack", f"tables: {', '.join(known)}")
    return [name for name in known if not tables or name in tables]


def _bring_back(aws: Aws, yes: bool, as_json: bool) -> None:
    """Plan, and with `yes` bring back what is gone."""
    plan = plan_bring_back(aws, STACK, progress)
    _show(view.render_bring_back(plan), as_json)
    done = yes and not plan.is_whole
    if done:
        bring_back(aws, plan, progress)
        _show(["the tables are back, and the event source reads the chats' stream"], as_json)
    _finish(view.bring_back_document(plan, done), yes or plan.is_whole, as_json)


def _show(lines: Iterable[str], as_json: bool) -> None:
    """Print lines where they belong: stdout is for the document if there is one."""
    for line in lines:
        (err if as_json else out).print(line, markup=False)


def _finish(document: dict[str, Any], yes: bool, as_json: bool) -> None:
    """Print the document, or that nothing was done."""
    if as_json:
        print_json(document)
    elif not yes:
        out.print("nothing was changed; --yes does it")
