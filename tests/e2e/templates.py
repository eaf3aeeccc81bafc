"""The template with something in it that CloudFormation refuses only when it comes to it."""

from pathlib import Path

from unc import project

BROKEN = """\
  Broken:
    Type: AWS::SQS::Queue
    DependsOn: [QueueFunction, DynamoFunction]
    Properties:
      QueueName: a-fifo-queue-with-another-name
      FifoQueue: true

Outputs:
"""


def broken_template(folder: Path) -> Path:
    """A copy whose last resource cannot be made, after both functions were changed."""
    path = folder / "broken.yaml"
    path.write_text(project.TEMPLATE.read_text().replace("Outputs:\n", BROKEN, 1))
    return path
