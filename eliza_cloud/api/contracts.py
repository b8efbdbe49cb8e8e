"""The contracts of all routes, by resource, for the route table."""

from eliza_cloud.api.wire import (
    agents,
    backups,
    billing,
    capabilities,
    chat,
    compat,
    credits,  # noqa: A004 - the resource's name
    events,
    journal,
    login,
    metrics,
    probes,
    reference,
    routing,
    status,
)

__all__ = [
    "agents",
    "backups",
    "billing",
    "capabilities",
    "chat",
    "compat",
    "credits",
    "events",
    "journal",
    "login",
    "metrics",
    "probes",
    "reference",
    "routing",
    "status",
]
