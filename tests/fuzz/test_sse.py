"""The reader of event streams on any bytes, cut anywhere: the same events as a plain reading of the whole."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from eliza_cloud.cloud.http.sse import EventTooLarge, SseEvent, SseParser
from tests.fuzz.search import searched

LIMIT = 64
PIECES = st.sampled_from(
    [
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"data",
        b"data:",
        b"data: ",
        b"event: ",
        b"event:",
        b"id: ",
        b"id",
        b"retry: 5",
        b":",
        b": ping",
        b" ",
        b"done",
        b"{}",
        b'{"text":"a"}',
        b"\0",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"x" * 40,
    ]
)
STREAMS = st.one_of(st.lists(PIECES, max_size=25).map(b"".join), st.binary(max_size=300))


def plainly(stream: bytes) -> list[SseEvent]:
    """Read a whole stream, line by line, as WHATWG HTML describes it; a last event needs no blank line."""
    events, name, data, last_id = [], "", [], ""
    lines = re.split(rb"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf"))
    for line in [*lines, b""]:
        field, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if not line:
            if data:
                events.append(SseEvent(name or "message", "\n".join(data), last_id))
            name, data = "", []
        elif field == b"data":
            data.append(text)
        elif field == b"event":
            name = text
        elif field == b"id" and "\0" not in text:
            last_id = text
    return events


def in_chunks(stream: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({cut % (len(stream) + 1) for cut in cuts} | {0, len(stream)})
    return [stream[start:end] for start, end in pairwise(ends)]


def read(chunks, limit):
    parser, events = SseParser(limit), []
    try:
        for chunk in chunks:
            events += parser.feed(chunk)
        return [*events, *parser.close()], False
    except EventTooLarge:
        return events, True


@searched(1500)
def test_however_it_is_cut_a_stream_is_read_as_a_whole(how):
    @how
    @given(STREAMS, st.lists(st.integers(0, 10_000), max_size=12))
    def check(stream, cuts):
        assert read(in_chunks(stream, cuts), 10_000) == (plainly(stream), False)

    check()


@searched(500)
def test_an_event_that_is_too_large_ends_the_reading_and_none_before_it_is_lost(how):
    @how
    @given(STREAMS, st.lists(st.integers(0, 10_000), max_size=12))
    def check(stream, cuts):
        events, is_too_large = read(in_chunks(stream, cuts), LIMIT)
        whole = plainly(stream)
        assert events == whole[: len(events)]
        assert is_too_large or events == whole
        assert all(len(event.data.encode()) <= 3 * LIMIT for event in events)

    check()
