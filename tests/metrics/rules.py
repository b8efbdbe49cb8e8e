"""The alert rules as they are written, and the stories each must tell from the calm."""

import re
from dataclasses import dataclass, field

from tests.metrics.promtool import RULES

LABELS = 'instance="here:31337",job="eliza-cloud"'
CALM = {
    f"up{{{LABELS}}}": "1x200",
    f"eliza_cloud_consumer_running{{{LABELS}}}": "1x200",
    f"eliza_cloud_queue_length{{{LABELS}}}": "0x200",
    f"eliza_cloud_queue_handling_seconds_count{{{LABELS}}}": "0+1x200",
    f'eliza_cloud_queue_wait_seconds_bucket{{le="0.001",{LABELS}}}': "0+1x200",
    f'eliza_cloud_queue_wait_seconds_bucket{{le="1.0",{LABELS}}}': "0+1x200",
    f'eliza_cloud_queue_wait_seconds_bucket{{le="5.0",{LABELS}}}': "0+1x200",
    f'eliza_cloud_queue_wait_seconds_bucket{{le="+Inf",{LABELS}}}': "0+1x200",
    f'eliza_cloud_connection_state{{state="connected",{LABELS}}}': "1x200",
    f'eliza_cloud_connection_state{{state="reconnecting",{LABELS}}}': "0x200",
    f'eliza_cloud_transitions_total{{from="connected",to="reconnecting",event="HeartbeatMissed",{LABELS}}}': (
        "0x50 1x50 2x100"
    ),
    f'eliza_cloud_heartbeat_seconds_bucket{{le="0.1",{LABELS}}}': "0+1x200",
    f'eliza_cloud_heartbeat_seconds_bucket{{le="5.0",{LABELS}}}': "0+1x200",
    f'eliza_cloud_heartbeat_seconds_bucket{{le="10.0",{LABELS}}}': "0+1x200",
    f'eliza_cloud_heartbeat_seconds_bucket{{le="+Inf",{LABELS}}}': "0+1x200",
    f'eliza_cloud_backups_total{{outcome="taken",{LABELS}}}': "0+1x200",
    f'eliza_cloud_backups_total{{outcome="failed",{LABELS}}}': "0+0.5x200",
    f"eliza_cloud_credits_left_seconds{{{LABELS}}}": "900000x200",
    f"process_start_time_seconds{{{LABELS}}}": "100x80 200x60 300x60",
    f'eliza_cloud_cloud_calls_total{{endpoint="/api/v1/user",outcome="2xx",{LABELS}}}': "0+9x200",
    f'eliza_cloud_cloud_calls_total{{endpoint="/api/v1/user",outcome="5xx",{LABELS}}}': "0+1x200",
    f'eliza_cloud_cloud_calls_total{{endpoint="/api/v1/user",outcome="cancelled",{LABELS}}}': "0+50x200",
    f'eliza_cloud_requests_total{{method="GET",route="/a",status="200",{LABELS}}}': "0+1x200",
    f'eliza_cloud_requests_total{{method="GET",route="/a",status="502",{LABELS}}}': "0+1x200",
    f"eliza_cloud_journal_lost_total{{{LABELS}}}": "3x200",
}


@dataclass
class Story:
    """What is other than calm, whether the alert fires `at` a time, and what its templates then say."""

    alert: str
    other: dict[str, str]
    at: str = "30m"
    labels: dict[str, str] = field(default_factory=dict)
    summary: str | None = None
    quiet_at: str | None = None


def series(name: str, **labels: str) -> str:
    own = [f'{key}="{value}"' for key, value in labels.items()]
    return f"{name}{{{','.join([*own, LABELS])}}}"


STORIES = [
    Story(
        "ServiceDown",
        {series("up"): "1x10 0x200"},
        summary="No eliza-cloud service answers at here:31337.",
        quiet_at="3m",
    ),
    Story("ConsumerStopped", {series("eliza_cloud_consumer_running"): "1x10 0x200"}, quiet_at="3m"),
    Story(
        "QueueStuck",
        {
            series("eliza_cloud_queue_length"): "0x10 5x200",
            series("eliza_cloud_queue_handling_seconds_count"): "0+1x10 10x200",
        },
    ),
    Story(
        "QueueSlow",
        {
            series("eliza_cloud_queue_wait_seconds_bucket", le="0.001"): "0+0.9x200",
            series("eliza_cloud_queue_wait_seconds_bucket", le="1.0"): "0+0.9x200",
        },
    ),
    Story(
        "ReconnectingTooLong",
        {
            series("eliza_cloud_connection_state", state="connected"): "1x20 0x200",
            series("eliza_cloud_connection_state", state="reconnecting"): "0x20 1x200",
        },
        labels={"state": "reconnecting"},
        quiet_at="19m",
    ),
    Story(
        "Flapping",
        {
            series(
                "eliza_cloud_transitions_total",
                **{"from": "connected", "to": "reconnecting", "event": "HeartbeatMissed"},
            ): "0x20 1x20 2x20 3x20 4x20 6x100"
        },
        labels={"to": "reconnecting"},
        summary="The link was lost 6 times in half an hour.",
        quiet_at="25m",
    ),
    Story(
        "HeartbeatsSlow",
        {
            series("eliza_cloud_heartbeat_seconds_bucket", le="0.1"): "0+0.8x200",
            series("eliza_cloud_heartbeat_seconds_bucket", le="5.0"): "0+0.8x200",
        },
    ),
    Story(
        "BackupsFailing",
        {series("eliza_cloud_backups_total", outcome="taken"): "0+0.4x200"},
    ),
    Story(
        "CreditsRunOut",
        {series("eliza_cloud_credits_left_seconds"): "5400x200"},
        at="31m",
        summary="At the present rate the credits last for 1h 30m 0s.",
        quiet_at="29m",
    ),
    Story(
        "Restarting",
        {series("process_start_time_seconds"): "100x20 200x20 300x20 400x100"},
        at="25m",
        summary="The service was started 3 times in half an hour.",
        quiet_at="12m",
    ),
    Story(
        "CloudCallsFail",
        {
            series("eliza_cloud_cloud_calls_total", endpoint="/api/v1/user", outcome="2xx"): "0+1x200",
            series("eliza_cloud_cloud_calls_total", endpoint="/api/v1/user", outcome="5xx"): "0+3x200",
        },
        summary="75% of the calls to Eliza Cloud fail.",
    ),
    Story(
        "RequestsFail",
        {series("eliza_cloud_requests_total", method="PUT", route="/b", status="500"): "_x60 1x200"},
        at="16m",
        labels={"method": "PUT", "route": "/b", "status": "500"},
        summary="PUT /b is answered 500, because of an internal error.",
        quiet_at="14m",
    ),
    Story("EventsLost", {series("eliza_cloud_journal_lost_total"): "3x70 7x200"}, at="25m"),
]


def written(rule: str, member: str) -> str:
    """Return what a rule says, read from the file as it stands there."""
    block = re.search(rf"- alert: ElizaCloud{rule}\n(.*?)(?:\n\n|\Z)", RULES.read_text(), re.DOTALL)
    assert block is not None, rule
    found = re.search(rf"^\s+{member}: (.*)$", block[1], re.MULTILINE)
    assert found is not None, (rule, member)
    text = found[1]
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def names() -> list[str]:
    return re.findall(r"- alert: ElizaCloud(\w+)", RULES.read_text())


def expected(rule: str, labels: dict[str, str], summary: str | None) -> dict[str, object]:
    """What promtool must see of an alert that fires."""
    texts = {member: written(rule, member) for member in ("summary", "remedy", "runbook")}
    if summary is not None:
        texts["summary"] = summary
    return {
        "exp_labels": {
            "instance": "here:31337",
            "job": "eliza-cloud",
            "severity": written(rule, "severity"),
            **labels,
        },
        "exp_annotations": texts,
    }
