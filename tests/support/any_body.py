"""Strategies for bodies of every kind, for hypothesis."""

import json
from urllib.parse import parse_qsl, urlencode

from hypothesis import strategies as st

from tests.support.builders import SAMPLES

SAMPLE_BODIES = [path.read_text() for path in sorted(SAMPLES.glob("*.txt"))]
RARE_FIELDS = ["ReferralSourceId", "ReferralBody", "InteractiveData", "FlowData", "Address"]
RARE_FIELDS += ["OtherRecipients0", "CallSid", "ConversationSid", "EventType", "MessageStatus"]
RARE_FIELDS += ["ParentExternalUserId", "OptOutType", "ButtonType", "MediaUrl7", "Username"]
FIELDS = sorted({name for text in SAMPLE_BODIES for name, _ in parse_qsl(text)} | {*RARE_FIELDS})

any_text = st.text(st.characters(exclude_categories=[]))
numbers = st.integers().map(str) | st.floats().map(str) | st.from_regex(r"-?[0-9.eE+]{1,60}")
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
).map(json.dumps)
addresses = st.sampled_from(["whatsapp:+4915555550199", "72345", "rcs:x", ":", "a:b:c", "+"])
values = any_text | numbers | documents | addresses | st.sampled_from(["received", "true", ""])
forms = st.lists(st.tuples(st.sampled_from(FIELDS) | any_text, values), max_size=20)
flat_objects = forms.map(lambda fields: json.dumps(dict(fields) | {"SmsSid": "SM1"}))
inner_bodies = flat_objects | documents | forms.map(lambda each: urlencode(each, errors="replace"))
envelopes = st.builds(
    lambda text, flag: json.dumps(
        {"Type": "Notification", "Message": text}
        if flag is None
        else {"body": text, "isBase64Encoded": flag}
    ),
    inner_bodies | any_text,
    st.none() | st.booleans(),
)
base64_soup = st.from_regex(r"[A-Za-z0-9+/_-]{16,80}={0,2}", fullmatch=True)
json_bodies = flat_objects | documents | envelopes
encoded_forms = forms.map(lambda fields: urlencode(fields, errors="replace"))
percent_soup = st.text("%0123456789abcdefABCDEF&=+;: MediaUrl")


@st.composite
def mutilated_samples(draw: st.DrawFn) -> str:
    """A sample with a piece of it replaced."""
    text = draw(st.sampled_from(SAMPLE_BODIES))
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    return text[:start] + draw(any_text | percent_soup) + text[end:]
