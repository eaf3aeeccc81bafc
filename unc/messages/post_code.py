"""What the code of a POST means for the person who has to act: `Http404`, `NoAnswer:TimeoutError`.

The codes are those of the notifier's log and of the dead letters' reasons.
"""

from __future__ import annotations

import re

_CODE = re.compile(r"\b(Http[0-9]{3}|NotSent:\w+|NoAnswer:\w+|SecretUnavailable)\b")
SECRET_REFUSED = "Http401"
NO_SECRET = "SecretUnavailable"
_SECRET = "INTELLIGENCE_API_SECRET"
_MEANINGS = (
    (SECRET_REFUSED, f"the reply service refuses the secret; {_SECRET} must be the one it expects"),
    (NO_SECRET, f"the secret {_SECRET} cannot be read"),
    ("Http404", "the reply service does not know the address; look at its path"),
    ("Http405", "the address takes no POST; look at its path"),
    ("Http3", "the address redirects; take the one that it leads to"),
    ("Http4", "the reply service cannot read the request; see docs/reply-service.md"),
    ("Http5", "the reply service failed; its own log says why"),
    ("NotSent", "nothing could be reached at the address of the reply service"),
    ("NoAnswer", "the reply service gave no answer in time, so nobody knows whether it answers"),
)
# Before the general ones: asked too often, or a proxy that has waited in vain.
_SPECIAL = {
    "Http408": "the reply service gave up waiting, so nobody knows whether it answers",
    "Http429": "the reply service takes no more for now",
    "Http504": "a proxy before the reply service gave up waiting; nobody knows whether it answers",
}


def find_code(text: str) -> str:
    """Return the code that a reason holds, or nothing."""
    found = _CODE.search(text)
    return found[1] if found else ""


def explain_code(code: str) -> str:
    """Say what a code means and what to do, in half a sentence; blank for 2xx and the unknown."""
    if code in _SPECIAL:
        return _SPECIAL[code]
    return next((words for head, words in _MEANINGS if code.startswith(head)), "")


def is_accepted(code: str) -> bool:
    """Say whether a code is that of an accepted POST."""
    return code.startswith("Http2")
