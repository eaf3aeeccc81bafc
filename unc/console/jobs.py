"""Work that takes longer than a request: started by a form, looked at by a page.

A job lives as long as the console. What it does can be run again after it was cut off.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from unc.aws.connection import explain
from unc.errors import UncError, unexpected

# So many jobs are kept for their pages.
_MOST_KEPT = 50


@dataclass
class Job:
    """What is done, to how many, and how far it is; `started` in epoch seconds."""

    what: str
    total: int
    back: str
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    started: float = field(default_factory=time.time)
    done: int = 0
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    is_over: bool = False


class Jobs:
    """The jobs of one console."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def start(self, job: Job, work: Callable[[Job], None]) -> Job:
        """Run the work in a thread of its own; its error becomes the job's problem."""
        over = [id for id, each in self._jobs.items() if each.is_over]
        for id in over[: max(0, len(self._jobs) - _MOST_KEPT)]:
            del self._jobs[id]
        self._jobs[job.id] = job
        threading.Thread(target=_run, args=(job, work), daemon=True).start()
        return job

    def find(self, id: str) -> Job | None:
        """Return a job, or None where no such job is known any more."""
        return self._jobs.get(id)


def _run(job: Job, work: Callable[[Job], None]) -> None:
    try:
        work(job)
    except UncError as error:
        job.problem = str(error)
    except (BotoCoreError, ClientError) as error:
        job.problem = str(explain(error))
    except Exception as error:
        job.problem = str(unexpected(error))
    finally:
        job.is_over = True
