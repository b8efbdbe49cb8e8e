"""The journal's table: order, bound, and what is read back."""

import pytest

from eliza_cloud.store.sqlite.database import Database
from eliza_cloud.store.sqlite.journal import Line, SqliteJournal


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
    assert await journal.read(after=3) == lines(4, 5)
    assert await journal.read(since=40.0) == lines(4, 5)
    assert await journal.read(newest=2) == lines(4, 5)
    assert await journal.read(after=9) == []


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
