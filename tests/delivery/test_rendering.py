"""Templates of calls: escaped by where they stand, checked when they are written."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.actions import build
from app.delivery.rendering import MAX_RENDERED, check_rendered, check_templates, sample_facts
from app.domain.action import APICALL, WEBHOOK, Action, JsonText
from app.domain.ids import to_text
from app.errors import InvalidInput
from tests.support.deliveries import NOW_MS, job, send

URL = "https://example.com/call"
EVIL = 'a"b\\c\r\nX-Evil: 1\u2028é{{event.id}}%2F&x=<y>\x00'


def made(params, **changes):
    action = Action(APICALL, {"method": "POST", "url": URL, **params})
    return build(job(URL, action=action, **changes), NOW_MS)


def with_value(value, params, **changes):
    return made(params, metadata_json=json.dumps({"x": value}), **changes)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(values)
def test_no_value_breaks_out_of_a_text_in_json(value):
    body = json.loads(with_value(value, {"body_json": '{"a":"<{{metadata.x}}>","b":1}'}).body)
    assert body.keys() == {"a", "b"}
    if isinstance(value, str):
        assert body["a"] == f"<{value}>"


@given(values)
def test_three_braces_are_the_value_itself(value):
    """In JSON they stand for a whole text; in a text, where they stand."""
    body = with_value(
        value, {"body_json": '{"a":"{{{metadata.x}}}","b":["{{{metadata.x}}}"]}'}
    ).body
    assert json.loads(body) == {"a": value, "b": [value]}
    assert json.loads(with_value(value, {"body": '{"a":{{{metadata.x}}}}'}).body) == {"a": value}


@given(st.text())
def test_no_value_breaks_out_of_a_form_or_of_xml(value):
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    body = with_value(value, {"body": "a={{metadata.x}}&b=1"}, headers=form).body.decode()
    assert parse_qs(body, keep_blank_values=True) == {"a": [value], "b": ["1"]}
    clean = "".join(one for one in value if one.isprintable())
    xml = (("content-type", "application/atom+xml"),)
    body = with_value(clean, {"body": '<a b="{{metadata.x}}">{{metadata.x}}</a>'}, headers=xml).body
    read = ET.fromstring(body)  # noqa: S314 - made here
    assert (read.text or "", read.attrib) == (clean, {"b": clean})


@given(st.text())
def test_no_value_makes_a_line_of_its_own_in_a_header(value):
    sent = with_value(value, {}, headers=(("X-A", "<{{metadata.x}}>"),))
    (line,) = [one for one in sent.own if one.startswith("X-A")]
    assert line.isascii()
    assert line.isprintable()


@given(st.text().filter(lambda value: value not in (".", "..")))
def test_no_value_leaves_its_place_in_a_url(value):
    sent = with_value(value, {"url": URL + "/{{metadata.x}}/z?q={{metadata.x}}#f"})
    parts = urlsplit(sent.url)
    assert (parts.scheme, parts.netloc) == ("https", "example.com")
    _, _, segment, last = parts.path.split("/")
    assert (unquote(segment), last) == (value, "z")
    assert parse_qs(parts.query, keep_blank_values=True) == {"q": [value]}


@pytest.mark.parametrize("dots", [".", ".."])
def test_no_value_steps_to_another_path(dots):
    with pytest.raises(InvalidInput):
        with_value(dots, {"url": URL + "/{{metadata.x}}"})


def test_a_hostile_value_arrives_as_it_is_and_nothing_else_does(sender, receiver):
    params = {
        "method": "PUT",
        "url": receiver.url("/{{metadata.x}}"),
        "body_json": '{"x":"{{metadata.x}}","who":"{{event.name}}","at":"{{occurrence.scheduled_at}}"}',
    }
    facts = json.dumps({"x": EVIL})
    headers = (("X-A", "{{metadata.x}}"),)
    action = Action(APICALL, params)
    assert send(sender, "", action=action, metadata_json=facts, headers=headers).succeeded
    (got,) = receiver.requests
    assert unquote(got.path) == f"/{EVIL}"
    assert got.json == {"x": EVIL, "who": "Report", "at": "2024-04-23T10:00:00Z"}
    assert "x-evil" not in got.headers
    assert unquote(got.headers["x-a"]) == unquote(EVIL)  # a percent sign is none of ours


def test_every_attempt_of_an_occurrence_is_the_same_and_signed():
    params = {"body": "{{event.id}} {{occurrence.id}} {{occurrence.scheduled_at}}"}
    one = job(URL, action=Action(WEBHOOK, {"url": URL, **params}))
    first, second = build(one, NOW_MS), build(one, NOW_MS + 60_000)
    assert first.body == second.body
    assert first.body.decode().split()[:2] == [to_text(one.event_id), to_text(one.occurrence_id)]
    assert first.headers[2] == second.headers[2]  # the signature of the body


def test_a_plain_webhook_has_placeholders_too():
    hook = Action(WEBHOOK, {"url": URL + "?n={{event.name}}"})
    sent = build(job(URL, action=hook, headers=(("X-A", "{{event.name}}"),)), NOW_MS)
    assert sent.url == URL + "?n=Report"
    assert "X-A: Report" in sent.own


@pytest.mark.parametrize("text", ["{{event.nothing}}", "{{", "{{#a}}"])
def test_what_was_stored_as_a_plain_text_is_sent_as_one(text):
    sent = made({"url": URL + "/" + text, "body": text}, headers=(("X-A", text),))
    assert sent.body == text.encode()
    assert f"X-A: {text}" in sent.own


@pytest.mark.parametrize(
    ("url", "body", "path"),
    [
        ("https://{{metadata.x}}/", None, "params.url"),
        ("https://a.example:{{metadata.x}}/", None, "params.url"),
        ("{{metadata.x}}://a.example/", None, "params.url"),
        (URL + "/{{{metadata.x}}}", None, "params.url"),
        (URL + "/{{event.secret}}", None, "params.url"),
        (URL, "{{nothing}}", "params.body"),
        (URL, JsonText('{"a":{"b":["",{"c":"{{nothing}}"}]}}'), "params.body.a.b.1.c"),
        (URL, JsonText('{"a":"x {{{event.id}}}"}'), "params.body.a"),
        (URL, JsonText('{"{{{event.id}}}":1}'), "params.body"),
        (URL, JsonText("[" + '"{{event.id}}",' * 200 + "1]"), "params.body"),
    ],
)
def test_a_wrong_template_is_refused_by_its_place(url, body, path):
    with pytest.raises(InvalidInput) as refused:
        check_templates(url, body)
    assert list(refused.value.fields) == [path]


@pytest.mark.parametrize(
    ("params", "metadata", "field"),
    [
        ({"body": "{{metadata.y}}"}, {"x": 1}, "action.params.body"),
        ({"url": URL + "/{{metadata.y}}"}, {"x": 1}, "action.params.url"),
        ({"url": URL + "/{{metadata.x}}"}, {"x": ".."}, "action.params.url"),
        ({"url": URL + "/{{metadata.x}}"}, {"x": "x" * 5_000}, "action.params.url"),
        ({"body_json": '["{{metadata}}"]'}, {"x": "\x00" * 60_000}, "action.params.body"),
        ({"body": "{{metadata.x}}" * 100}, {"x": "é" * 3_000}, "action.params.body"),
    ],
)
def test_what_comes_to_too_much_or_to_nothing_is_refused(params, metadata, field):
    facts = sample_facts("n", "", (), json.dumps(metadata))
    with pytest.raises(InvalidInput) as refused:
        check_rendered(Action(APICALL, {"method": "POST", "url": URL, **params}), facts)
    assert list(refused.value.fields) == [field]


def test_a_body_may_come_to_its_bound():
    text = "{{metadata.x}}" * 4
    facts = json.dumps({"x": "x" * (MAX_RENDERED // 4)})
    assert len(made({"body": text}, metadata_json=facts).body) == MAX_RENDERED
