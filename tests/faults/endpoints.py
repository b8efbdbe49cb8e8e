"""Every place where this service calls the cloud, and which faults each meets in which generation.

Not in the table: `wake` and the hourly rates, which the service does not call.
"""

from collections.abc import Mapping

from tests.faults.endpoint import Endpoint
from tests.faults.faults import FAULTS
from tests.faults.newest import NEWEST
from tests.faults.passed_on import PASSED_ON
from tests.faults.steps import (
    HELLO,
    NEW,
    a_conversation,
    a_job,
    a_link,
    a_login,
    a_stopped_agent,
    accepts_the_key,
    an_agent,
    answers,
    ask_for_a_stream,
    ask_for_credits,
    asks,
    backs_up,
    beats,
    begins,
    brings_the_key,
    lets_go,
    links,
    streams,
    watch_the_heartbeats,
    watch_the_job,
    watch_the_key,
    watch_the_poll,
    watch_the_timer,
)

LINK: dict[str, Endpoint] = {
    # Signing in
    "login start": Endpoint(
        "beginning",
        "POST",
        "/api/auth/cli-session",
        asks("POST", "/api/cloud/login"),
        begins,
        signed_in=False,
    ),
    "login poll": Endpoint(
        "polled",
        "GET",
        "/api/auth/cli-session/*",
        watch_the_poll,
        brings_the_key,
        a_login,
        signed_in=False,
    ),
    "key check": Endpoint(
        "checked", "GET", "/api/v1/user", watch_the_key, accepts_the_key, from_the_start=True
    ),
    # Agents
    "agents": Endpoint(
        "asked",
        "GET",
        "*/agents",
        asks("GET", "/api/cloud/agents"),
        answers("GET", "/api/cloud/agents", "agents"),
    ),
    "create": Endpoint(
        "asked",
        "POST",
        "*/agents",
        asks("POST", "/api/cloud/agents", NEW),
        answers("POST", "/api/cloud/agents", "agent", body=NEW, status=201),
    ),
    **{
        action: Endpoint(
            "linking",
            "POST",
            "*/provision",
            asks("POST", f"/api/cloud/agents/{{agent}}/{action}"),
            answers("POST", f"/api/cloud/agents/{{agent}}/{action}", "agentName", "status"),
            an_agent,
        )
        for action in ("connect", "provision")
    },
    "look at the agent": Endpoint(
        "linking",
        "GET",
        "*/agents/*",
        asks("POST", "/api/cloud/agents/{agent}/connect"),
        answers("POST", "/api/cloud/agents/{agent}/connect"),
        an_agent,
    ),
    "first heartbeat": Endpoint(
        "linking",
        "POST",
        "*/bridge",
        asks("POST", "/api/cloud/agents/{agent}/connect"),
        answers("POST", "/api/cloud/agents/{agent}/connect"),
        an_agent,
    ),
    "job": Endpoint("waited for", "GET", "/api/v1/jobs/*", watch_the_job, links, a_job),
    "suspend": Endpoint(
        "letting go",
        "POST",
        "*/suspend",
        asks("POST", "/api/cloud/agents/{agent}/suspend"),
        lets_go("suspend"),
        a_link,
    ),
    "resume": Endpoint(
        "asked",
        "POST",
        "*/resume",
        asks("POST", "/api/cloud/agents/{agent}/resume"),
        answers("POST", "/api/cloud/agents/{agent}/resume", "status"),
        a_stopped_agent,
    ),
    "shutdown": Endpoint(
        "letting go",
        "DELETE",
        "*/agents/*",
        asks("POST", "/api/cloud/agents/{agent}/shutdown"),
        lets_go("shutdown"),
        a_link,
    ),
    # The linked agent
    "chat": Endpoint(
        "asked",
        "POST",
        "*/bridge",
        asks("POST", "/api/chat", HELLO),
        answers("POST", "/api/chat", "text", "agentName", body=HELLO),
        a_link,
    ),
    "chat stream": Endpoint("asked", "POST", "*/stream", ask_for_a_stream, streams, a_conversation),
    "heartbeat": Endpoint(
        "watched",
        "POST",
        "*/bridge",
        watch_the_heartbeats,
        beats,
        a_link,
        settings={"heartbeat_interval": 1.0, "reconnect_interval": 1.0},
    ),
    # Backups
    "backups": Endpoint(
        "asked",
        "GET",
        "*/backups",
        asks("GET", "/api/cloud/agents/{agent}/backups"),
        answers("GET", "/api/cloud/agents/{agent}/backups", "backups"),
        a_link,
    ),
    "backup": Endpoint(
        "asked",
        "POST",
        "*/snapshot",
        asks("POST", "/api/cloud/agents/{agent}/backups"),
        answers("POST", "/api/cloud/agents/{agent}/backups", "backup"),
        a_link,
    ),
    "backup without a link": Endpoint(
        "asked",
        "POST",
        "*/snapshot",
        asks("POST", "/api/cloud/agents/{agent}/backups"),
        answers("POST", "/api/cloud/agents/{agent}/backups", "backup"),
        an_agent,
    ),
    "restore": Endpoint(
        "asked",
        "POST",
        "*/restore",
        asks("POST", "/api/cloud/agents/{agent}/restore"),
        answers("POST", "/api/cloud/agents/{agent}/restore", "restoredFromBackupId"),
        a_link,
    ),
    "timer's backup": Endpoint(
        "timed",
        "POST",
        "*/snapshot",
        watch_the_timer,
        backs_up,
        a_link,
        settings={"backup_interval": 1.0},
    ),
    "final backup": Endpoint(
        "closing", "POST", "*/snapshot", asks("POST", "/api/cloud/disconnect"), brings_the_key, a_link
    ),
    # The account
    "credits": Endpoint(
        "told",
        "GET",
        "/api/v1/credits/balance",
        ask_for_credits,
        answers("GET", "/api/cloud/credits", "balance", "low", "critical", "topUpUrl"),
    ),
}
ENDPOINTS = LINK | NEWEST | PASSED_ON

#: Cells that the others stand for. A backup that is a job is polled for ten minutes, which takes seconds even
#: in haste; the newest generation takes backups in the same way.
LEFT_OUT: Mapping[str, set[tuple[str, str]]] = {
    "2026-04": set(),
    "next": {("timer's backup", "refused"), ("timer's backup", "distrusted")},
    "latest": set(),
}


def is_met(endpoint: str, fault: str, generation: str) -> bool:
    """Tell whether this is a cell: what is new is in the newest generation, its refusals are of agents."""
    where, what = ENDPOINTS[endpoint], FAULTS[fault]
    is_new = what.is_new or endpoint not in LINK
    if is_new and generation != "latest":
        return False
    if what.is_new and not where.path.startswith("*"):
        return False
    is_wanted = where.faults is None or fault in where.faults
    return is_wanted and (endpoint, fault) not in LEFT_OUT[generation]
