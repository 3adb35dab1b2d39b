"""Texts with placeholders: what is one, what it stands for, and what nothing can make of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.template import (
    MAX_TAGS,
    Facts,
    as_json,
    as_text,
    check_names,
    compiled,
    parse,
    parse_line,
    render,
)
from app.errors import InvalidInput

METADATA = (
    '{"n":1.10,"big":123456789012345678901234567890,"o":{"a":[1,{"b":"x"}]},"t":true,"z":null}'
)
FACTS = Facts("e-1", "Report", "daily", ("a", "b"), METADATA, "o-1", "2024-04-23T10:00:00Z")


def text_of(text: str, facts: Facts = FACTS, limit: int = 1_000) -> str:
    def write(value, tag):
        return as_json(value) if tag.is_json else as_text(value)

    return render(parse(text), facts, write, limit)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ""),
        ("{ {x} }", "{ {x} }"),
        ("}} {", "}} {"),
        ("{{event.id}}/{{event.name}}/{{event.description}}", "e-1/Report/daily"),
        ("{{event.tags}}", '["a","b"]'),
        ("{{occurrence.id}} {{ occurrence.scheduled_at }}", "o-1 2024-04-23T10:00:00Z"),
        ("{{metadata.n}} {{metadata.big}}", "1.10 123456789012345678901234567890"),
        ("{{metadata.o}}", '{"a":[1,{"b":"x"}]}'),
        ("{{metadata.o.a.1.b}}{{metadata.o.a.0}}", "x1"),
        ("{{metadata.t}}|{{metadata.z}}|{{metadata.none}}|{{metadata.n.x}}", "true|||"),
        ("{{{metadata.t}}}|{{{metadata.z}}}|{{{ metadata.none }}}", "true|null|null"),
        ("{{{event.name}}} {{& metadata.o.a.1.b }}", '"Report" "x"'),
        ("{{metadata}}", METADATA),
    ],
)
def test_a_placeholder_stands_for_a_value(text, said):
    assert text_of(text) == said


def test_a_value_is_never_read_as_a_template():
    facts = FACTS._replace(name="{{event.id}} {{{metadata}}}")
    assert text_of("{{event.name}}", facts) == "{{event.id}} {{{metadata}}}"


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("ab {{event.name", "line 1, column 4", "not closed"),
        ("{{{event.name}}", "line 1, column 1", "not closed"),
        ("a\nb {{event.nam}}", "line 2, column 3", "'event.nam', which is not known"),
        ("{{}}", "column 1", "not known"),
        ("{{ }}", "column 1", "not known"),
        ("{{event}}", "column 1", "not known"),
        ("{{event.}}", "column 1", "not known"),
        ("{{metadata.}}", "column 1", "not known"),
        ("{{metadata..a}}", "column 1", "not known"),
        ("{{metadata.a b}}", "column 1", "not known"),
        ('{{metadata.a"}}', "column 1", "not known"),
        ("{{metadata.a\n}}", "column 1", "not known"),
        ("{{metadata" + ".a" * 17 + "}}", "column 1", "not known"),
        ("{{occurrence.attempt}}", "column 1", "not known"),
        ("{{event.__class__}}", "column 1", "not known"),
        ("{{metadata.a.__class__.{{}}", "column 1", "not known"),
        ("{{lambda: 1}}", "column 1", "not known"),
        ("{{event.hmac_secret}}", "column 1", "names a secret"),
        ("{{event.headers.Authorization}}", "column 1", "names a secret"),
        ("{{occurrence.ack_token}}", "column 1", "names a secret"),
        ("{{#event.name}}x{{/event.name}}", "column 1", "sections"),
        ("{{^event.name}}", "column 1", "sections"),
        ("{{> partial}}", "column 1", "partials"),
        ("{{=<% %>=}}", "column 1", "sections"),
        ("{{! comment}}", "column 1", "sections"),
    ],
)
def test_what_is_no_placeholder_is_refused_with_its_place(text, place, why):
    with pytest.raises(InvalidInput) as refused:
        parse(text)
    assert place in refused.value.message
    assert why in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        "{{event.id}}" * 10_000,
        "{{" * 30_000,
        "{{{" * 20_000,
        "{{{event.id}} " * 5_000,
        "{{metadata" + ".a" * 30_000 + "}}",
        "{{" + "x" * 60_000 + "}}",
    ],
)
def test_a_hostile_template_is_refused_in_short_words(text):
    """At once: one pass over the text, and an answer that does not repeat it."""
    with pytest.raises(InvalidInput) as refused:
        parse(text)
    assert len(refused.value.message) < 300


def test_there_is_a_bound_of_placeholders_and_one_of_what_they_come_to():
    assert len(parse("{{event.id}}" * MAX_TAGS).tags) == MAX_TAGS
    with pytest.raises(InvalidInput):
        parse("{{event.id}}" * (MAX_TAGS + 1))
    huge = FACTS._replace(name="x" * 100_000)
    with pytest.raises(InvalidInput, match="more than 1000 characters"):
        text_of("{{event.name}}" * MAX_TAGS, huge)


def test_a_name_that_the_metadata_lacks_is_told():
    check_names(parse("{{metadata.o.a.1.b}}{{metadata}}"), FACTS)
    for name in ("metadata.x", "metadata.o.b", "metadata.o.a.2", "metadata.n.x", "metadata.o.a.-1"):
        with pytest.raises(InvalidInput, match=name):
            check_names(parse(f"{{{{{name}}}}}"), FACTS)


def test_a_line_has_no_json():
    assert parse_line("{{event.id}}") == compiled("{{event.id}}")
    with pytest.raises(InvalidInput):
        parse_line("{{{event.id}}}")


@given(st.text(alphabet="{}&#. aem\n", max_size=40))
def test_any_text_is_a_template_or_is_refused(text):
    try:
        template = parse(text)
    except InvalidInput:
        return
    assert len(template.texts) == len(template.tags) + 1


@given(st.text(), st.dictionaries(st.text(), st.none() | st.booleans() | st.text()))
def test_json_of_any_value_is_json(name, metadata):
    facts = FACTS._replace(name=name, metadata_json=json.dumps(metadata))
    assert json.loads(text_of("[{{{event.name}}},{{{metadata}}}]", facts, 10**6)) == [
        name,
        metadata,
    ]
