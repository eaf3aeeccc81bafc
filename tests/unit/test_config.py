"""Settings come from the environment when asked for; what is wrong is named, with the remedy."""

import pytest

import config
from consumer.aws.endpoint import endpoint
from consumer.errors import SettingInvalid, SettingMissing

QUEUE = {
    "DYNAMODB_CHAT_TABLE": "chats",
    "DYNAMODB_SESSION_TABLE": "sessions",
    "SQS_DLQ_URL": "https://sqs/dlq",
}
NOTIFIER = {
    "DYNAMODB_CHAT_TABLE": "chats",
    "DYNAMODB_SESSION_TABLE": "sessions",
    "REPLY_RETRY_QUEUE_URL": "https://sqs/retry",
}


def test_what_is_not_set_has_a_default_that_works() -> None:
    assert config.region({}) == "us-east-1"
    queue = config.queue_settings(dict(QUEUE))
    assert (queue.chat_retention_days, queue.key_table) == (0, "")
    settings = config.notifier_settings(dict(NOTIFIER))
    assert settings.reply_url == "https://intelligence.theuncproject.com/reply/"
    assert settings.notification_table == "notifications"
    assert settings.reply_dlq_url == "https://sqs/retry-dlq"
    assert (settings.reply_timeout, settings.reply_concurrency) == (30, 100)
    assert (settings.max_attempts, settings.resend_unknown) == (24, "check")
    assert (settings.outcome_seconds, settings.answers_opt_outs) == (90, False)
    assert (settings.quiet_seconds, settings.longest_wait_seconds) == (0, 30)


def test_what_is_set_wins() -> None:
    given = {
        "REPLY_SERVICE_URL": "http://127.0.0.1:8080/reply/",
        "REPLY_TIMEOUT_SECONDS": " 2.5 ",
        "REPLY_MAX_CONCURRENCY": "7",
        "REPLY_MAX_ATTEMPTS": "3",
        "RESEND_UNKNOWN_OUTCOMES": "Always",
        "REPLY_OUTCOME_SECONDS": "120",
        "REPLY_QUIET_SECONDS": "1.5",
        "REPLY_LONGEST_WAIT_SECONDS": "1.5",
        "REPLY_TO_OPT_OUTS": "true",
        "DYNAMODB_NOTIFICATION_TABLE": "told",
        "REPLY_DLQ_URL": "https://sqs/given-up",
    }
    settings = config.notifier_settings(NOTIFIER | given)
    assert config.queue_settings(QUEUE | given).key_table == "told"
    assert (settings.reply_url, settings.notification_table) == (given["REPLY_SERVICE_URL"], "told")
    assert (settings.reply_timeout, settings.reply_concurrency) == (2.5, 7)
    assert settings.reply_dlq_url == "https://sqs/given-up"
    assert (settings.max_attempts, settings.resend_unknown) == (3, "always")
    assert (settings.outcome_seconds, settings.answers_opt_outs) == (120, True)
    assert (settings.quiet_seconds, settings.longest_wait_seconds) == (1.5, 1.5)


@pytest.mark.parametrize(
    ("env", "region"),
    [
        ({"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "x"}, "eu-central-1"),
        ({"AWS_REGION": " ", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
    ],
)
def test_the_region_is_the_runtimes_or_the_shells(env: dict[str, str], region: str) -> None:
    assert config.region(env) == region


@pytest.mark.parametrize("blank", [None, "", "  "])
@pytest.mark.parametrize("name", QUEUE)
def test_a_missing_queue_setting_is_named_with_its_remedy(name: str, blank: str | None) -> None:
    env = {k: v for k, v in (QUEUE | {name: blank}).items() if v is not None}
    with pytest.raises(SettingMissing, match=rf"setting {name} is missing: set .*{name} to the"):
        config.queue_settings(env)


@pytest.mark.parametrize("name", ["DYNAMODB_CHAT_TABLE", "DYNAMODB_SESSION_TABLE"])
def test_a_script_needs_both_tables(name: str) -> None:
    env = {"DYNAMODB_CHAT_TABLE": "chats", "DYNAMODB_SESSION_TABLE": "sessions"}
    assert config.table_settings(dict(env)).chat_retention_days == 0
    with pytest.raises(SettingMissing, match=rf"setting {name} is missing"):
        config.table_settings({key: value for key, value in env.items() if key != name})


@pytest.mark.parametrize("name", NOTIFIER)
def test_a_missing_notifier_setting_is_named_with_its_remedy(name: str) -> None:
    env = {key: value for key, value in NOTIFIER.items() if key != name}
    with pytest.raises(SettingMissing, match=rf"setting {name} is missing: set .*{name} to the"):
        config.notifier_settings(env)


@pytest.mark.parametrize("value", ["x", "0", "-1", "nan", "inf", "1e10"])
@pytest.mark.parametrize(
    "name", ["REPLY_TIMEOUT_SECONDS", "REPLY_MAX_CONCURRENCY", "REPLY_MAX_ATTEMPTS"]
)
def test_an_unusable_number_is_named_but_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=f"{name} is not usable: expected a number from"):
        config.notifier_settings(NOTIFIER | {name: value})


def test_nobody_waits_for_a_reply_longer_than_the_function_runs() -> None:
    with pytest.raises(SettingInvalid, match=r"a number from 0\.1 to 45"):
        config.notifier_settings(NOTIFIER | {"REPLY_TIMEOUT_SECONDS": "46"})


@pytest.mark.parametrize("value", ["yes", "1", "maybe"])
def test_an_unusable_flag_is_named(value: str) -> None:
    with pytest.raises(SettingInvalid, match="OPT_OUTS is not usable: expected true or false"):
        config.notifier_settings(NOTIFIER | {"REPLY_TO_OPT_OUTS": value})


@pytest.mark.parametrize("value", ["yes", "1", "maybe"])
def test_an_unusable_choice_is_named(value: str) -> None:
    with pytest.raises(SettingInvalid, match="OUTCOMES is not usable: expected check, never or al"):
        config.notifier_settings(NOTIFIER | {"RESEND_UNKNOWN_OUTCOMES": value})


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("true", "always"),
        ("FALSE", "never"),
        ("Check", "check"),
        ("never", "never"),
        (" ", "check"),
    ],
)
def test_true_and_false_are_read_as_they_were_meant_before(value: str, read: str) -> None:
    env = NOTIFIER | {"RESEND_UNKNOWN_OUTCOMES": value}
    assert config.notifier_settings(env).resend_unknown == read


@pytest.mark.parametrize(
    ("name", "value", "limits"),
    [
        ("REPLY_QUIET_SECONDS", "-1", "0 to 60"),
        ("REPLY_QUIET_SECONDS", "61", "0 to 60"),
        ("REPLY_LONGEST_WAIT_SECONDS", "0.5", "1 to 900"),
        ("REPLY_LONGEST_WAIT_SECONDS", "901", "1 to 900"),
        ("REPLY_OUTCOME_SECONDS", "-1", "0 to 600"),
        ("REPLY_OUTCOME_SECONDS", "601", "0 to 600"),
        ("REPLY_OUTCOME_SECONDS", "x", "0 to 600"),
    ],
)
def test_a_time_beyond_its_limits_is_named(name: str, value: str, limits: str) -> None:
    with pytest.raises(SettingInvalid, match=f"{name} is not usable: .* a number from {limits}"):
        config.notifier_settings(NOTIFIER | {name: value})


def test_the_longest_wait_is_not_below_the_quiet_time() -> None:
    env = NOTIFIER | {"REPLY_QUIET_SECONDS": "31"}
    with pytest.raises(SettingInvalid, match=r"LONGEST_WAIT_SECONDS .* at least REPLY_QUIET_SECO"):
        config.notifier_settings(env)
    env |= {"REPLY_LONGEST_WAIT_SECONDS": "31"}
    assert config.notifier_settings(env).longest_wait_seconds == 31


@pytest.mark.parametrize(
    "url",
    [
        "intelligence/reply",
        "ftp://x/",
        "https://",
        "http:///reply",
        "http://a:99999/",
        "//x",
        "http://a b/reply/",
        "http://a/re ply/",
        "http://a/\treply/",
        "http://a/\u00a0reply/",
    ],
)
def test_an_address_that_nobody_could_post_to_is_named(url: str) -> None:
    with pytest.raises(SettingInvalid, match=r"REPLY_SERVICE_URL is not usable: expected an addr"):
        config.notifier_settings(NOTIFIER | {"REPLY_SERVICE_URL": url})


def test_a_password_in_an_address_is_refused_for_it_would_not_be_used() -> None:
    url = "https://user:word@reply/"
    with pytest.raises(
        SettingInvalid, match=r"REPLY_SERVICE_URL .* without a name or a password"
    ) as e:
        config.notifier_settings(NOTIFIER | {"REPLY_SERVICE_URL": url})
    assert "word@" not in str(e.value)


def test_an_endpoint_has_no_path_for_it_would_not_be_signed() -> None:
    env = {"AWS_ENDPOINT_URL": "https://gateway/dynamo/"}
    with pytest.raises(SettingInvalid, match=r"AWS_ENDPOINT_URL is not usable: .* without a path"):
        endpoint("sqs", "us-east-1", env)


def test_settings_are_read_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUEUE.items():
        monkeypatch.setenv(name, value)
    assert config.queue_settings().dlq_url == QUEUE["SQS_DLQ_URL"]
    monkeypatch.setenv("SQS_DLQ_URL", "https://sqs/other")
    assert config.queue_settings().dlq_url == "https://sqs/other"
