"""Event sources come last when an older consumer is taken over: a parameter leaves them out."""

from tests.template.stack import Stack, named, template

MAPPINGS = named("AWS::Lambda::EventSourceMapping")

OTHERS = ("HasIntake", "HasSilenceAlarm", "HasComputedAlarms")


def _attached(stack: Stack) -> bool:
    found = stack.resolve(template()["Conditions"]["IsAttached"])
    assert isinstance(found, bool)
    return found


def test_the_functions_are_attached_unless_told_otherwise() -> None:
    assert _attached(Stack())
    assert not _attached(Stack(AttachEventSources="false"))


def test_it_is_the_three_event_sources_and_nothing_else_that_is_left_out() -> None:
    conditions = {
        name: spec["Condition"]
        for name, spec in template()["Resources"].items()
        if spec.get("Condition", "HasIntake") not in OTHERS
    }
    assert conditions == dict.fromkeys(MAPPINGS, "IsAttached")
    assert len(MAPPINGS) == 3
