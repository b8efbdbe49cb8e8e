"""The log's writer: a reader that stops holds up nothing, what it missed is counted, and the rest arrives."""

import contextlib
import errno
import os
import threading
from pathlib import Path

import pytest

from eliza_cloud.ops.logging.writer import LineWriter
from tests.harness.waiting import HANG

LINE = b"x" * 99 + b"\n"


@contextlib.contextmanager
def pipe():
    """A pipe as two files."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as reader, os.fdopen(writing, "wb", 0) as writer:
        yield reader, writer


def fill(stream):
    """Write until nothing more fits."""
    os.set_blocking(stream.fileno(), False)
    with contextlib.suppress(BlockingIOError):
        while os.write(stream.fileno(), b"." * 4096):
            pass
    os.set_blocking(stream.fileno(), True)


def read_until(reader, enough):
    """Read until what was read is enough."""
    read = b""
    while not enough(read):
        found = reader.read(1 << 16)
        assert found, "the writer ended before that"
        read += found
    return read


class Heard:
    """What a writer says about itself."""

    def __init__(self):
        self.states = []
        self.dropped = []
        self.said = threading.Event()

    def on_state(self, failure):
        self.states.append(failure)
        self.said.set()

    def on_dropped(self, count):
        self.dropped.append(count)
        self.said.set()

    def wait(self):
        assert self.said.wait(HANG)
        self.said.clear()


def test_lines_arrive_whole_and_in_order():
    with pipe() as (reader, stream):
        writer = LineWriter(stream)
        for number in range(100):
            writer.write(b"%d\n" % number)
        writer.close()
        assert read_until(reader, lambda read: read.endswith(b"99\n")).split() == [
            b"%d" % number for number in range(100)
        ]


def test_a_reader_that_stops_holds_up_no_line_and_what_it_missed_is_counted():
    heard = Heard()
    with pipe() as (reader, stream):
        fill(stream)
        writer = LineWriter(stream, capacity=10_000, on_state=heard.on_state, on_dropped=heard.on_dropped)
        offered = 2000
        for _ in range(offered):  # more than the buffer holds; every call returns
            writer.write(LINE)
        heard.wait()
        assert heard.states == ["its reader does not read"]
        assert heard.dropped == []
        read = read_until(reader, lambda _: heard.dropped)
        writer.close()
        os.set_blocking(reader.fileno(), False)
        rest = reader.read(1 << 20) or b""
        assert heard.states[-1] is None
        lines = (read + rest).lstrip(b".")
        assert lines.count(LINE) + sum(heard.dropped) == offered
        assert not lines.replace(LINE, b""), "half a line"


def test_a_reader_that_never_comes_back_holds_up_no_end():
    with pipe() as (_, stream):
        writer = LineWriter(stream)
        for _ in range(1000):
            writer.write(LINE)
        ended = threading.Thread(target=writer.close)
        ended.start()
        ended.join(HANG)
        assert not ended.is_alive()


def test_a_full_disk_is_said_until_there_is_room():
    heard = Heard()
    with Path("/dev/full").open("wb", buffering=0) as full, pipe() as (reader, room):
        writer = LineWriter(full, on_state=heard.on_state)
        writer.write(LINE)
        heard.wait()
        assert heard.states == [os.strerror(errno.ENOSPC)]
        os.dup2(room.fileno(), full.fileno())
        writer.write(LINE)
        heard.wait()
        assert heard.states == [os.strerror(errno.ENOSPC), None]
        assert reader.read(100) == LINE


def test_without_a_reader_lines_go_nowhere():
    heard = Heard()
    with pipe() as (reader, stream):
        writer = LineWriter(stream, on_state=heard.on_state)
        reader.close()
        writer.write(LINE)
        heard.wait()
        writer.write(LINE)
        writer.close()
        assert heard.states == [os.strerror(errno.EPIPE)]


def test_a_stream_that_does_not_wait_gets_everything():
    with pipe() as (reader, stream):
        os.set_blocking(stream.fileno(), False)
        writer = LineWriter(stream)
        for _ in range(2000):
            writer.write(LINE)
        assert len(read_until(reader, lambda read: len(read) >= 2000 * len(LINE))) == 2000 * len(LINE)
        writer.close()


@pytest.mark.parametrize("is_given", [True, False])
def test_only_a_terminal_is_one(is_given):
    with pipe() as (_, stream):
        assert LineWriter(stream if is_given else None).isatty() is False
