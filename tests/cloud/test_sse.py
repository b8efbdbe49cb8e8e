"""Server-sent events out of bytes that are cut anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eliza_cloud.cloud.http.sse import EventTooLarge, SseEvent, SseParser


def parse(*chunks, **options):
    parser = SseParser(**options)
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.close()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_ending_ends_a_line(end):
    stream = end.join([b"event: chunk", b'data: {"text":"a"}', b"", b"data: x", b"", b""])
    assert parse(stream) == [SseEvent("chunk", '{"text":"a"}', ""), SseEvent("message", "x", "")]


def test_a_crlf_cut_between_chunks_is_one_line_end():
    assert parse(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == [SseEvent("message", "a\nb", "")]
    assert parse(b"data: a\r", b"", b"\n\r\n") == [SseEvent("message", "a", "")]


def test_an_event_is_given_out_as_soon_as_it_is_complete():
    parser = SseParser()
    assert parser.feed(b"data: a\n") == []
    assert parser.feed(b"\n") == [SseEvent("message", "a", "")]
    assert parser.feed(b"data: b\r\r") == [SseEvent("message", "b", "")]
    assert parser.close() == []


def test_several_data_lines_are_joined_by_line_feeds():
    assert parse(b"data: a\ndata:\ndata: b\n\n") == [SseEvent("message", "a\n\nb", "")]


def test_one_space_after_the_colon_is_optional_and_only_one():
    assert parse(b"data:a\ndata:  b\n\n") == [SseEvent("message", "a\n b", "")]


def test_comments_unknown_fields_and_retry_are_passed_over():
    assert parse(b": ping\n\n:\nfoo: bar\nretry: 10\ndata\ndata: x\n: y\n\n") == [
        SseEvent("message", "\nx", "")
    ]


def test_an_event_without_data_is_none_and_leaves_no_name_behind():
    assert parse(b"event: done\n\ndata: x\n\n") == [SseEvent("message", "x", "")]


def test_a_missing_final_blank_line_or_line_end_loses_nothing():
    assert parse(b"event: done\ndata: {}\n") == [SseEvent("done", "{}", "")]
    assert parse(b"event: done\ndata: {}") == [SseEvent("done", "{}", "")]


def test_a_byte_order_mark_is_passed_over_at_the_start_only():
    assert parse(b"\xef", b"\xbb", b"\xbfdata: a\n\n") == [SseEvent("message", "a", "")]
    assert parse(b"\n\xef\xbb\xbfdata: a\n\n") == []


def test_ids_stay_until_replaced_and_hold_no_nul():
    stream = b"id: 1\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid\ndata: d\n\n"
    assert [event.id for event in parse(stream)] == ["1", "1", "1", ""]


def test_a_character_cut_between_chunks_is_whole_and_a_broken_one_is_marked():
    assert parse(b"data: \xc3", b"\xbc\n\n") == [SseEvent("message", "ü", "")]
    assert parse(b"data: \xff\n\n") == [SseEvent("message", "\N{REPLACEMENT CHARACTER}", "")]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 100],
        [b"data: " + b"x" * 100 + b"\n\n"],
        [b"data: " + b"x" * 30 + b"\n"] * 4,
        [b"x" * 10] * 20,
        [b": " + b"x" * 100 + b"\n"],
    ],
)
def test_an_event_larger_than_the_bound_is_refused(chunks):
    with pytest.raises(EventTooLarge):
        parse(*chunks, max_event_bytes=64)


def test_many_small_events_are_not_too_large():
    assert len(parse(b"data: 0123456789\n\n: 0123456789\n" * 50, max_event_bytes=64)) == 50


LINES = st.sampled_from(
    [
        b"data: a",
        b"data:",
        b"data",
        b"event: chunk",
        b"event:done",
        b": c",
        b"",
        b"",
        b"id: 7",
        b"data: \xc3\xbc",
        b"\xef\xbb\xbfdata: b",
    ]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=20).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@settings(deadline=None)
@given(stream=STREAMS | st.binary(max_size=80), cuts=st.lists(st.integers(0, 300), max_size=12))
def test_the_same_bytes_in_any_chunks_are_the_same_events(stream, cuts):
    at = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in pairwise(at)]
    assert b"".join(chunks) == stream
    assert parse(*chunks) == parse(stream) == parse(*(bytes([byte]) for byte in stream))
