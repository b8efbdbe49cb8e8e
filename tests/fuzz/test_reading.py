"""The wire models on any JSON and any bytes: a typed result or a `CloudError`, nothing else."""

import inspect

from hypothesis import given
from hypothesis import strategies as st

from eliza_cloud.cloud import bridge
from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.cloud.http.address import parse_base_url
from eliza_cloud.cloud.http.error_body import body_retry_after, retry_after
from eliza_cloud.cloud.http.error_mapping import error_for, success
from eliza_cloud.cloud.http.request import CloudResponse, json_object
from eliza_cloud.cloud.types import billing, decode, login
from eliza_cloud.redaction.secret import CloudTextRedactor, Secret
from tests.fuzz.invariants import check_error, check_typed, returned
from tests.fuzz.odd_json import KEY, MISSING, documents, odd, write
from tests.fuzz.search import searched

BASE = parse_base_url("https://cloud.example", allow_loopback=False)
REDACTION = CloudTextRedactor(Secret(KEY))
STATUSES = st.sampled_from(
    [200, 201, 202, 204, 207, 400, 401, 402, 403, 404, 409, 410, 418, 428, 429, 500, 503, 599]
)
READERS = [
    reader
    for module in (decode, billing)
    for name, reader in inspect.getmembers(module, inspect.isfunction)
    if name.startswith("read_") and reader.__module__ == module.__name__
]


def _arguments(reader, document, status):
    given_by_name = {"document": document, "raw": document, "status": status, "job_id": "job"}
    return [given_by_name[name] for name in inspect.signature(reader).parameters]


def check_reading(document, status):
    """Read a document in every way there is."""
    answer = CloudResponse(status, document, None)
    calls = [
        *((returned(reader), lambda r=reader: r(*_arguments(r, document, status))) for reader in READERS),
        (returned(login.read_session), lambda: login.read_session(document, "own", BASE)),
        (returned(login.read_poll), lambda: login.read_poll(answer, REDACTION)),
        (returned(bridge.judge), lambda: bridge.judge(document, REDACTION)),
        (returned(bridge.reply_text), lambda: bridge.reply_text(document)),
        (returned(bridge.read_heartbeat), lambda: bridge.read_heartbeat(document)),
        (returned(bridge.is_cut_off), lambda: bridge.is_cut_off(document)),
        (returned(success), lambda: success(answer, REDACTION)),
    ]
    for kind, call in calls:
        try:
            check_typed(call(), kind)
        except CloudError as error:
            check_error(error)
    check_error(error_for(answer, REDACTION))


def _alone(value):
    return b'{"data":[' + (b"" if value is MISSING else write(value)) + b"]}"


def test_every_reader_is_tried():
    assert len(READERS) == 20


@searched(300)
def test_any_document_is_read_or_refused(how):
    @how
    @given(documents, STATUSES)
    def check(document, status):
        known = json_object(write(document))
        if known is not None:
            check_reading(known, status)

    check()


@searched(600)
def test_any_bytes_are_an_object_or_none(how):
    @how
    @given(st.one_of(st.binary(), st.binary().map(lambda noise: b'{"data":' + noise + b"}"), odd.map(_alone)))
    def check(body):
        known = json_object(body)
        assert known is None or isinstance(known, dict)
        if known is not None:
            check_reading(known, 200)

    check()


@searched(600)
def test_any_wish_to_be_called_later_is_seconds_or_none(how):
    @how
    @given(st.text(), st.text(), st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans()))
    def check(header, date, value):
        for seconds in (retry_after({"Retry-After": header, "Date": date}), body_retry_after(value)):
            assert seconds is None or 0 <= seconds < float("inf")

    check()
