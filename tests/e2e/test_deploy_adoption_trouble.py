"""A takeover that is cut off, refused, or cannot know: untouched, or a later run goes on."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.legacy_consumer import account as legacy
from tests.e2e.legacy_consumer.world import LegacyWorld, running_legacy_world
from unc.runner import run

pytestmark = pytest.mark.emulator

# A line of each step, in order: import and update are reported by the stack's events.
STEPS = (
    "importing what is there",
    "stack: ",
    "switching off what reads the queue",
    "waiting until the legacy notifier",
    "stack: ",
    "as notified",
)


@pytest.fixture
def legacy_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[LegacyWorld]:
    with running_legacy_world(monkeypatch) as world:
        yield world


def test_a_takeover_that_is_cut_off_is_finished_by_the_next(legacy_world: LegacyWorld) -> None:
    notified = [legacy_world.exchange("before")]
    for step in STEPS:
        with pytest.raises(KeyboardInterrupt):
            legacy_world.roll_out(_Interrupt(step))
    notified.append(legacy_world.send("while nobody is at work"))
    assert legacy_world.deploy() == 0
    notified.append(legacy_world.exchange("after"))
    legacy_world.assert_notified_once(*notified)


def test_where_the_legacy_notifier_was_off_a_person_has_to_say_what_was_notified(
    legacy_world: LegacyWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    notified = legacy_world.exchange("notified")
    legacy_world.switch(1, on=False)
    assert legacy_world.deploy() == 2
    assert "nobody knows how far it notified" in capfd.readouterr().err
    assert legacy_world.aws.cloudformation.describe_stacks()["Stacks"] == []
    assert legacy_world.states() == ["Enabled", "Disabled"]
    assert legacy_world.deploy("--notified-until", "all") == 0
    after = legacy_world.exchange("after")
    legacy_world.assert_notified_once(notified, after)


def test_a_queue_s_own_policy_is_not_overwritten_silently(
    legacy_world: LegacyWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*"}]}
    legacy_world.aws.sqs.set_queue_attributes(
        QueueUrl=legacy_world.queue, Attributes={"Policy": json.dumps(policy)}
    )
    assert legacy_world.deploy() == 5
    assert "has a policy of its own" in capfd.readouterr().err
    assert legacy_world.states() == ["Enabled", "Enabled"]


def test_a_table_that_expires_by_another_attribute_is_not_taken_over(
    legacy_world: LegacyWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    expiry = {"AttributeName": "gone_at", "Enabled": True}
    legacy_world.aws.dynamodb.update_time_to_live(TableName="chats", TimeToLiveSpecification=expiry)
    assert legacy_world.deploy() == 5
    assert "expire by gone_at" in capfd.readouterr().err
    assert legacy_world.states() == ["Enabled", "Enabled"]


def test_a_customer_managed_key_is_refused_until_its_policy_lets_the_functions_use_it(
    legacy_world: LegacyWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    aws = legacy_world.aws
    key = aws.kms.create_key(Description="of the account's own")["KeyMetadata"]["Arn"]
    encrypted = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    aws.dynamodb.update_table(TableName="chats", SSESpecification=encrypted)  # type: ignore[arg-type]
    aws.sqs.set_queue_attributes(QueueUrl=legacy_world.queue, Attributes={"KmsMasterKeyId": key})
    aws.secrets.update_secret(SecretId="INTELLIGENCE_API_SECRET", KmsKeyId=key)
    assert legacy_world.deploy() == 5
    refusal = "".join(capfd.readouterr().err.splitlines())
    assert f"table chats, queue {legacy.QUEUE}, secret INTELLIGENCE_API_SECRET" in refusal
    assert aws.cloudformation.describe_stacks()["Stacks"] == []
    assert legacy_world.states() == ["Enabled", "Enabled"]

    statement = json.loads(refusal[refusal.index("{") : refusal.rindex("}") + 1])
    policy = json.loads(aws.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"].append(statement)
    aws.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    assert legacy_world.deploy() == 0
    table = aws.dynamodb.describe_table(TableName="chats")["Table"]
    assert table["SSEDescription"]["KMSMasterKeyArn"] == key
    attributes = aws.sqs.get_queue_attributes(
        QueueUrl=legacy_world.queue, AttributeNames=["SqsManagedSseEnabled", "KmsMasterKeyId"]
    )["Attributes"]
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert not attributes.get("KmsMasterKeyId")
    legacy_world.exchange("after the takeover")


def test_a_rehearsal_tells_the_steps_and_touches_nothing(
    legacy_world: LegacyWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    before = legacy_world.functions()
    assert legacy_world.deploy("--dry-run") == 0
    printed = capfd.readouterr().out
    assert "found, made without a stack: table chats" in printed
    assert "1. import 8 resources into the stack as they are" in printed
    assert f"aws iam delete-role --role-name {legacy.ROLE}" in printed
    assert legacy_world.aws.cloudformation.describe_stacks()["Stacks"] == []
    assert legacy_world.states() == ["Enabled", "Enabled"]
    assert legacy_world.functions() == before


def test_secrets_of_the_legacy_functions_are_not_written_into_a_template(
    legacy_world: LegacyWorld,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        legacy_world.roll_out(_Interrupt("switching off"))
    body = legacy_world.aws.cloudformation.get_template(StackName="unc-consumer")["TemplateBody"]
    assert legacy_world.reply.secret not in json.dumps(body)


def test_a_legacy_event_source_that_comes_back_is_switched_off(legacy_world: LegacyWorld) -> None:
    assert legacy_world.deploy() == 0
    again = legacy_world.aws.functions.create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:us-east-1:000000000000:{legacy.QUEUE}",
        FunctionName=legacy.STORING,
    )
    assert run(["deploy"]) == 0
    found = legacy_world.aws.functions.get_event_source_mapping(UUID=again["UUID"])
    assert found["State"] == "Disabled"
    legacy_world.exchange("still served")


class _Interrupt:
    """A Ctrl-C as soon as a line with these words is printed."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __call__(self, line: str) -> None:
        if self._words in line:
            raise KeyboardInterrupt
