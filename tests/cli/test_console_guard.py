"""Who may ask the console, from where, and what a browser may do with what it gets."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.console import Client, hidden_field, routes_of, running_console
from tests.support.memory_account import RESOURCES, MemoryAccount
from unc.console.guard import FORM_TOKEN, Keys

# Each with something for its parts; the composer's exists on a laptop only.
CHANGES = [
    re.sub(r"\{\w+\}", "x", path) for path in routes_of("POST") if not path.startswith("/compose")
]


def test_these_are_the_changes() -> None:
    assert {"/conversations/x/reveal", "/dead-letters/choose", "/dead-letters/do"} <= set(CHANGES)


@pytest.fixture(scope="module")
def account() -> MemoryAccount:
    return MemoryAccount()


@pytest.fixture(scope="module")
def client(account: MemoryAccount) -> Iterator[Client]:
    with running_console(account.aws(), RESOURCES) as client:
        yield client


def test_a_page_needs_the_host_of_this_console(client: Client) -> None:
    port = client.keys.port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        assert client.get("/conversations", host=host).status == 200
    for host in ("evil.example", f"evil.example:{port}", f"127.0.0.1:{port + 1}", "127.0.0.1", ""):
        for path in ("/conversations", "/static/console.css", f"/?token={port}"):
            assert client.get(path, host=host).status == 421, host


def test_a_request_without_a_host_is_not_answered(client: Client) -> None:
    answer = client.get("/conversations", host=None)
    assert answer.status in (400, 421)
    assert "Conversations" not in answer.text


@pytest.mark.parametrize("origin", [None, "null", "", "https://evil.example", "http://127.0.0.1"])
@pytest.mark.parametrize("path", CHANGES)
def test_a_change_needs_our_origin(client: Client, path: str, origin: str | None) -> None:
    assert client.post(path, {"wanted": "nobody"}, origin=origin).status == 403


def test_a_change_from_another_console_on_this_machine_is_refused(client: Client) -> None:
    origin = f"http://127.0.0.1:{client.keys.port + 1}"
    assert client.post("/conversations/search", {"wanted": "x"}, origin=origin).status == 403
    other_name = f"http://localhost:{client.keys.port}"
    assert client.post("/conversations/search", {"wanted": "x"}, origin=other_name).status == 403


@pytest.mark.parametrize("token", ["", "wrong", "ünïcode"])
@pytest.mark.parametrize("path", CHANGES)
def test_a_change_needs_the_token_of_our_forms(client: Client, path: str, token: str) -> None:
    answer = client.post(path, {FORM_TOKEN: token, "wanted": "nobody"})
    assert answer.status == 403
    assert "load the page again" in answer.text


def test_the_cookie_is_no_form_token(client: Client) -> None:
    assert client.keys.cookie != client.keys.form_token
    form = {FORM_TOKEN: client.keys.cookie, "wanted": "nobody"}
    assert client.post("/conversations/search", form).status == 403


def test_no_refused_change_reached_the_account(account: MemoryAccount) -> None:
    with running_console(account.aws(), RESOURCES) as client:
        account.calls.clear()
        for path in CHANGES:
            client.post(path, origin="null")
            client.post(path, {FORM_TOKEN: "wrong"})
            client.post(path, cookie=None)
    assert account.calls == []


def test_a_form_that_no_page_sends_is_too_large(client: Client) -> None:
    answer = client.post("/dead-letters/choose", {"ids": "x" * 1_000_001, "action": "redrive"})
    assert answer.status == 413
    assert "too large" in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_do_nothing(client: Client, method: str) -> None:
    assert client.request(method, "/dead-letters/do", b"", {}).status == 405


@pytest.mark.parametrize("cookie", [None, "", "other=1", "wrong", "ünïcode"])
def test_a_page_needs_the_cookie(client: Client, cookie: str | None) -> None:
    value = cookie if cookie != "wrong" else f"{client.keys.cookie_name}=wrong"
    for path in ("/", "/now.json", "/conversations", "/nowhere"):
        answer = client.get(path, cookie=value)
        assert answer.status == 403
        assert "unc console" in answer.text


def test_the_first_address_lets_one_browser_in_once(account: MemoryAccount) -> None:
    with running_console(account.aws(), RESOURCES) as client:
        path = client.keys.first_address.removeprefix(client.keys.origin)
        assert client.get(f"{path}x", cookie=None).status == 403
        entered = client.get(path, cookie=None)
        cookie = entered.headers["set-cookie"]
        assert (entered.status, entered.headers["location"]) == (303, "/")
        assert cookie.startswith(f"{client.keys.cookie_name}={client.keys.cookie};")
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        again = client.get(path, cookie=None)
        assert again.status == 403
        assert "set-cookie" not in again.headers
        value = cookie.partition(";")[0]
        assert client.get("/conversations", cookie=value).status == 200


def test_who_is_in_may_open_the_first_address_again(client: Client) -> None:
    """From the history, say: the token does not stay in the address."""
    answer = client.get("/?token=used")
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_two_consoles_share_no_key() -> None:
    first, second = Keys(4580), Keys(4581)
    assert first.cookie_name != second.cookie_name
    assert first.cookie != second.cookie
    assert first.form_token != second.form_token
    assert first.first_address != second.first_address


def test_what_is_printed_of_the_keys_is_none_of_them() -> None:
    keys = Keys(4580)
    for secret in (keys.cookie, keys.form_token, keys.first_address.partition("=")[2]):
        assert secret not in repr(keys)


@pytest.mark.parametrize(
    "path", ["/conversations", "/now.json", "/nowhere", "/static/console.css", "/static/none"]
)
def test_every_answer_carries_the_headers_that_bind_a_browser(client: Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers
    assert not {name for name in headers if name.startswith("access-control-")}


@pytest.mark.parametrize("asks", [{"cookie": None}, {"host": "evil.example"}, {"cookie": "x=y"}])
def test_what_is_refused_carries_them_too(client: Client, asks: dict[str, str | None]) -> None:
    headers = client.get("/", **asks).headers
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'")


def test_the_policy_lets_our_own_files_in_and_nothing_else(client: Client) -> None:
    policy = dict(
        rule.strip().split(" ", 1)
        for rule in client.get("/conversations").headers["content-security-policy"].split(";")
    )
    assert policy.pop("default-src") == "'none'"
    assert {policy.pop("base-uri"), policy.pop("frame-ancestors")} == {"'none'"}
    assert set(policy.values()) == {"'self'"}
    assert set(policy) == {"script-src", "style-src", "img-src", "connect-src", "form-action"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/static/console.css", "text/css"),
        ("/static/htmx.min.js", "javascript"),
        ("/static/icon.svg", "image/svg+xml"),
    ],
)
def test_files_are_served_without_the_cookie(client: Client, path: str, kind: str) -> None:
    answer = client.get(path, cookie=None)
    assert answer.status == 200
    assert kind in answer.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/hosts"]
)
def test_no_other_file_is(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status == 404
    assert "import" not in answer.text


def test_a_form_of_a_page_carries_its_token(client: Client) -> None:
    page = client.get("/conversations").text
    assert hidden_field(page, FORM_TOKEN) == client.keys.form_token
    assert client.keys.cookie not in page
