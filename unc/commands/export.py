"""`unc export`: everything that is stored about a person."""

from __future__ import annotations

from typing import Annotated

import typer

from unc.aws.connection import connect
from unc.aws.tables import Tables
from unc.commands.options import read_senders
from unc.errors import BadInput
from unc.person.export import export_person
from unc.person.identity import find_other_ids
from unc.terminal import print_json_line, progress


def command(
    senders: Annotated[
        list[str], typer.Argument(help="4915555550199, or whatsapp:+4915555550199; several.")
    ],
) -> None:
    """Print everything that is stored about a person, as JSON lines."""
    ids = read_senders(senders)
    aws, resources = connect()
    tables = Tables(aws, resources)
    count = 0
    for document in export_person(tables, ids):
        print_json_line(document)
        count += 1
    for other, link in find_other_ids(tables, ids).items():
        progress(f"{other} may be the same person ({link}): export it too")
    if not count:
        raise BadInput(f"nothing is stored about {', '.join(ids)}")
