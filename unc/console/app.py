"""The pages by address, and what all of them share: the guard, the twin, the errors."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Awaitable, Callable
from math import ceil
from pathlib import Path
from urllib.parse import parse_qsl

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from unc.aws.connection import describe, explain
from unc.aws.resources import STACK
from unc.console import answering, compose, conversations, dead_letters, now, trace
from unc.console.guard import FORM_TOKEN, HEADERS, is_ours, refuse
from unc.console.page import Call, Console, GoTo, Handler, Page
from unc.errors import BadInput, UncError, unexpected
from unc.terminal import clock, day, iso, to_plain

_HERE = Path(__file__).parent
_MOST_FORM_BYTES = 1_000_000
_DIGEST_CHARACTERS = 16
# A live page takes a tenth of the time of what it asks, at most.
_PAUSE_TIMES = 10
_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"clock": clock, "day": day, "iso": iso}
_PAGES: dict[str, Handler] = {
    "/": now.show_now,
    "/activity": now.show_activity,
    "/conversations": conversations.show_people,
    "/conversations/{session_id}": conversations.show_conversation,
    "/messages/{message_id}": compose.show_sent,
    "/trace/{message_id}": trace.show_trace,
    "/dead-letters": dead_letters.show_dead_letters,
    "/dead-letters/{queue}/{id}": dead_letters.show_dead_letter,
    "/jobs/{id}": dead_letters.show_job,
}
_CHANGES: dict[str, Handler] = {
    "/conversations/search": conversations.search,
    "/conversations/{session_id}/reveal": conversations.reveal,
    "/conversations/{session_id}/pause": answering.pause,
    "/conversations/{session_id}/resume": answering.resume,
    "/answering": answering.change_answering,
    "/dead-letters/{queue}/{id}/reveal": dead_letters.reveal,
    "/dead-letters/choose": dead_letters.choose,
    "/dead-letters/do": dead_letters.do,
}
# Writing as a person is for trying things out: in an account these do not exist.
_LOCAL_PAGES: dict[str, Handler] = {"/compose": compose.show_composer}
_LOCAL_CHANGES: dict[str, Handler] = {"/compose/send": compose.send}
# By template: what the bar at the top marks.
_SECTIONS = {
    **dict.fromkeys(("now", "activity"), "Now"),
    **dict.fromkeys(("people", "conversation", "trace"), "Conversations"),
    **dict.fromkeys(("dead_letters", "dead_letter", "confirm", "job"), "Dead letters"),
    **dict.fromkeys(("compose", "sent"), "Write"),
}
_REFUSALS: dict[int, UncError] = {
    404: BadInput("there is no such page", "the bar at the top names them all"),
    # Somebody who reloads the address of what a form has shown.
    405: BadInput("this page comes only from a form", "go back, and press its button again"),
}

_Endpoint = Callable[[Request], Awaitable[Response]]


def build_app(console: Console) -> Starlette:
    """Return the application; whatever asks is checked by the guard first."""
    pages = {**_PAGES, **(_LOCAL_PAGES if console.is_local else {})}
    changes = {**_CHANGES, **(_LOCAL_CHANGES if console.is_local else {})}
    routes: list[BaseRoute] = [Mount("/static", StaticFiles(directory=_HERE / "static"))]
    for path, handler in changes.items():
        routes.append(Route(path, _endpoint(console, handler), methods=["POST"]))
    for path, handler in pages.items():
        twin = "/now.json" if path == "/" else f"{path}.json"
        routes.append(Route(twin, _endpoint(console, handler, as_json=True)))
        routes.append(Route(path, _endpoint(console, handler)))
    guard = Middleware(BaseHTTPMiddleware, dispatch=_guarded(console))
    return Starlette(
        routes=routes, middleware=[guard], exception_handlers={HTTPException: _refused(console)}
    )


def _guarded(
    console: Console,
) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    async def dispatch(
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = refuse(request, console.keys) or await answer(request)
        response.headers.update(HEADERS)
        return response

    return dispatch


def _endpoint(console: Console, handler: Handler, as_json: bool = False) -> _Endpoint:
    """Return what Starlette calls: it reads the call, runs the handler and shows its page."""

    async def endpoint(request: Request) -> Response:
        form = await _read_form(request)
        if request.method == "POST" and not is_ours(form, console.keys):
            raise HTTPException(403, "this form is not of this console; load the page again")
        call = Call(dict(request.path_params), dict(request.query_params), form)
        return await run_in_threadpool(_answer, console, handler, call, as_json)

    return endpoint


async def _read_form(request: Request) -> dict[str, str]:
    """Return a form's fields; raises HTTPException for one that no page of ours sends."""
    if request.method != "POST":
        return {}
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_FORM_BYTES:
            raise HTTPException(413, "the form is too large")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _answer(console: Console, handler: Handler, call: Call, as_json: bool) -> Response:
    """Run a handler; what went wrong is a page, too."""
    begun = time.monotonic()
    try:
        found = handler(console, call)
    except BadInput as error:
        found = _trouble(error, 404)
    except UncError as error:
        found = _trouble(error, 502)
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        found = _trouble(explain(error), 502)
    except Exception as error:
        if os.environ.get("UNC_TRACEBACK"):
            raise
        found = _trouble(unexpected(error), 500)
    if isinstance(found, GoTo):
        return RedirectResponse(found.address, 303)
    return _show(console, found, call.query.get("seen", ""), as_json, time.monotonic() - begun)


def _show(console: Console, found: Page, seen: str, as_json: bool, took: float) -> Response:
    """Return a page or its twin; nothing to a page that has seen the model already."""
    text = json.dumps(found.model, ensure_ascii=False, indent=2, default=to_plain)
    if as_json:
        return Response(text, found.status, media_type="application/json")
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_DIGEST_CHARACTERS]
    if seen == digest:
        return Response(status_code=204)
    return HTMLResponse(render(console, found, digest, took), found.status)


def render(console: Console, page: Page, seen: str = "", took: float = 0.0) -> str:
    """Return a page as HTML; `seen` stands for its model, when the page asks for a newer one.

    It asks the less often the longer it took, in seconds.
    """
    return _TEMPLATES.get_template(f"{page.template}.html").render(
        page.model,
        title=page.title,
        section=_SECTIONS.get(page.template, ""),
        reload={"seen": seen, "least_seconds": ceil(took * _PAUSE_TIMES)},
        where=describe(console.aws),
        stack=STACK,
        is_local=console.is_local,
        form_token=console.keys.form_token,
        form_token_name=FORM_TOKEN,
        at=time.time(),
    )


def _trouble(error: UncError, status: int) -> Page:
    """Show what went wrong, and what to do."""
    return Page("trouble", "Trouble", {"reason": str(error), "hint": error.hint}, status)


def _refused(console: Console) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return what shows a request that no page takes as a page of its own."""

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        reason = _REFUSALS.get(error.status_code, BadInput(error.detail))
        page = _trouble(reason, error.status_code)
        return HTMLResponse(render(console, page), page.status, error.headers)

    return answer
