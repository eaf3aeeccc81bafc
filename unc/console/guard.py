"""What stands before every page: who may ask, from where, and what a browser may do with it.

Host and Origin are checked, so that another site cannot reach the console under a name of its own.
The first address becomes a cookie. A change is a POST that carries the token of our forms.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

FORM_TOKEN = "form_token"
_TOKEN_BYTES = 32
_STATIC = "/static/"
# Scripts, styles and images of ours, forms to ourselves, and nothing else: no frame, no other host.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    # Other hosts learn nothing. With "no-referrer" our own forms would come with Origin: null.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_NOT_OPEN = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>unc console</title>
<main><h1>unc console</h1>
<p>This page belongs to an <code>unc console</code> that this browser has not opened.
<p>Run <code>unc console</code>, and open the address that it prints.
If you have done so in this browser, <a href="">go on</a>.</main>"""


def _make() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


@dataclass
class Keys:
    """The token of the first address, good once; the cookie; the token in every form."""

    port: int
    cookie: str = field(default_factory=_make, repr=False)
    form_token: str = field(default_factory=_make, repr=False)
    _login: str = field(default_factory=_make, repr=False)

    @property
    def cookie_name(self) -> str:
        """Cookies ignore ports, so two consoles need two names."""
        return f"unc_console_{self.port}"

    @property
    def origin(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def first_address(self) -> str:
        """The address that lets a browser in, once."""
        return f"{self.origin}/?token={self._login}"

    def take_login(self, token: str) -> bool:
        """Say whether the token lets in; afterwards it lets nobody in."""
        is_right = bool(self._login) and _same(token, self._login)
        if is_right:
            self._login = ""
        return is_right

    def is_cookie(self, value: str) -> bool:
        """Say whether this is the cookie."""
        return _same(value, self.cookie)

    def is_form_token(self, value: str) -> bool:
        """Say whether this is the token of our forms."""
        return _same(value, self.form_token)


def _same(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def refuse(request: Request, keys: Keys) -> Response | None:
    """Return why a request is not answered, or the way in; None when it may pass."""
    if request.headers.get("host") not in _hosts(keys):
        return PlainTextResponse("another Host than this console's", 421)
    if request.url.path.startswith(_STATIC):
        return None
    is_in = keys.is_cookie(request.cookies.get(keys.cookie_name, ""))
    if token := request.query_params.get("token"):
        return _let_in(keys) if is_in or keys.take_login(token) else _not_open()
    if not is_in:
        return _not_open()
    if request.method == "POST" and not _is_same_origin(request.headers, keys):
        return PlainTextResponse("a change comes from a page of this console only", 403)
    return None


def is_ours(form: Mapping[str, str], keys: Keys) -> bool:
    """Say whether a form was sent from a page of ours."""
    return keys.is_form_token(form.get(FORM_TOKEN, ""))


def _hosts(keys: Keys) -> tuple[str, str]:
    return f"127.0.0.1:{keys.port}", f"localhost:{keys.port}"


def _is_same_origin(headers: Mapping[str, str], keys: Keys) -> bool:
    return headers.get("origin") == f"http://{headers.get('host')}"


def _let_in(keys: Keys) -> Response:
    """Give the cookie; the address without the token follows."""
    response = RedirectResponse("/", 303)
    response.set_cookie(keys.cookie_name, keys.cookie, httponly=True, samesite="strict", path="/")
    return response


def _not_open() -> Response:
    return Response(_NOT_OPEN, 403, media_type="text/html")
