"""Whatever JSON the cloud sends, reading it ends in a value or in a `CloudError`."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eliza_cloud.cloud import bridge
from eliza_cloud.cloud.errors import CloudError
from eliza_cloud.cloud.http import error_mapping as failures
from eliza_cloud.cloud.http.address import parse_base_url
from eliza_cloud.cloud.http.request import CloudResponse, json_object
from eliza_cloud.cloud.types import decode as reading
from eliza_cloud.cloud.types import login
from eliza_cloud.redaction.secret import CloudTextRedactor, Secret

from .conftest import KEY

NAMES = st.sampled_from(
    [
        "data",
        "id",
        "agentId",
        "agentName",
        "status",
        "jobId",
        "polling",
        "intervalMs",
        "expectedDurationMs",
        "shouldContinue",
        "success",
        "error",
        "code",
        "message",
        "created",
        "alreadyInProgress",
        "balance",
        "backupId",
        "sizeBytes",
        "createdAt",
        "organization",
        "result",
        "text",
        "sessionId",
        "apiKey",
        "keyPrefix",
        "expiresAt",
        "retryAfter",
        "details",
        "currentAgents",
        "requiredBalance",
        "retryable",
        "restoredFromBackupId",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", " ", "pending", "completed", "authenticated", "12.50", "9" * 400, KEY, "\x00\x1b[0m"]
    )
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(NAMES, JSON, max_size=8)
REDACTION = CloudTextRedactor(Secret(KEY))
BASE = parse_base_url("https://cloud.example.com", allow_loopback=False)

READERS = [
    lambda document, status: reading.read_user(document),
    lambda document, status: reading.read_balance(document),
    lambda document, status: reading.read_agents(document),
    lambda document, status: reading.read_agent(document),
    reading.read_created,
    reading.read_provision,
    lambda document, status: reading.read_job_ref(document),
    lambda document, status: reading.read_job(document, "j1"),
    reading.read_snapshot,
    lambda document, status: reading.read_backups(document),
    reading.read_restored,
    lambda document, status: bridge.judge(document, REDACTION),
    lambda document, status: bridge.reply_text(document),
    lambda document, status: bridge.is_cut_off(document),
    lambda document, status: login.read_session(document, "own", BASE),
    lambda document, status: login.read_poll(CloudResponse(status, document, None), REDACTION),
    lambda document, status: failures.success(CloudResponse(status, document, None), REDACTION),
]


@pytest.mark.parametrize("read", READERS)
@settings(max_examples=25, deadline=None)
@given(
    document=DOCUMENTS, status=st.sampled_from([200, 201, 202, 400, 402, 403, 404, 409, 410, 429, 500, 503])
)
def test_reading_ends_in_a_value_or_a_sentence(read, document, status):
    error = None
    try:
        read(document, status)
    except CloudError as caught:
        error = caught
    if error is not None:
        assert str(error).isprintable()
        assert str(error).endswith(".")
        assert KEY not in str(error) + msgspec.json.encode(error.details).decode()
        assert error.retry_after is None or error.retry_after >= 0


@settings(max_examples=50, deadline=None)
@given(body=st.binary(max_size=60) | JSON.map(msgspec.json.encode))
def test_a_body_is_an_object_or_nothing(body):
    assert isinstance(json_object(body), dict | None)
