"""The journal's table: order, bound, and what is read back."""

import pytest

from eliza_cloud.core.journal.filter import EntryFilter
from eliza_cloud.store.sqlite.database import Database
from eliza_cloud.store.sqlite.journal import Line, Span, SqliteJournal


@pytest.fixture
async def database(tmp_path):
    opened = Database(tmp_path / "journal.sqlite3")
    yield opened
    await opened.close()


def lines(first: int, last: int) -> list[Line]:
    return [Line(number, number * 10.0, f'{{"seq":{number}}}') for number in range(first, last + 1)]


async def test_entries_come_back_in_order_whatever_was_asked_for(database):
    journal = SqliteJournal(database)
    assert await journal.last() == 0
    await journal.append(lines(1, 3))
    await journal.append(lines(4, 5))
    assert await journal.last() == 5
    assert await journal.read() == lines(1, 5)
    assert await journal.read(Span(after=3)) == lines(4, 5)
    assert await journal.read(Span(since=40.0)) == lines(4, 5)
    assert await journal.read(limit=2) == lines(4, 5)
    assert await journal.read(Span(after=9)) == []
    assert await journal.read(Span(before=4), limit=2) == lines(2, 3)
    assert await journal.read(Span(after=1, forward=True), limit=2) == lines(2, 3)
    assert await journal.read(Span(since=20.0, until=30.0)) == lines(2, 3)


async def test_a_filter_counts_only_what_it_lets_through_and_skips_what_cannot_be_read(database):
    journal = SqliteJournal(database)
    texts = ['{"kind":"mark"}', '{"kind":"login","source":"a","state":"b"}', "{broken", '{"kind":"mark"}']
    await journal.append([Line(number, number * 10.0, text) for number, text in enumerate(texts, 1)])
    marks = EntryFilter(kind="mark")
    assert [line.seq for line in await journal.read(wanted=marks)] == [1, 4]
    assert [line.seq for line in await journal.read(wanted=marks, limit=1)] == [4]
    assert [line.seq for line in await journal.read(Span(before=4), marks, limit=1)] == [1]
    assert [line.seq for line in await journal.read(wanted=EntryFilter(moved=True))] == [2]
    assert [line.seq for line in await journal.read(wanted=EntryFilter(text="BROKEN"))] == [3]


async def test_no_more_than_the_bound_is_kept_and_the_oldest_go_first(database):
    journal = SqliteJournal(database, max_entries=4)
    await journal.append(lines(1, 3))
    await journal.append(lines(4, 7))
    assert await journal.read() == lines(4, 7)
    await journal.append(lines(8, 20))
    assert await journal.read() == lines(17, 20)


async def test_links_of_one_database_do_not_see_each_other(database):
    one, two = SqliteJournal(database, "one", max_entries=2), SqliteJournal(database, "two", max_entries=2)
    await one.append(lines(1, 2))
    await two.append(lines(5, 7))
    assert await one.read() == lines(1, 2)
    assert await two.read() == lines(6, 7)
    assert (await one.last(), await two.last()) == (2, 7)
