"""What a cold start is measured by."""

import json
import subprocess
import sys

from tests.guards.repository import ROOT

OWN = ("consumer", "handlers", "container", "queue_function", "dynamo_function")
SHOW = """
import json, sys, benchmarks.targets.ours
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_nothing_of_the_consumer_is_imported_before_the_clock_runs() -> None:
    """Else the time of its import would be left out."""
    shown = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(OWN) & set(json.loads(shown.stdout)) == set()
