"""Under which keys the application holds what its handlers need."""

from collections.abc import Mapping

from aiohttp import web

from eliza_cloud.api.billing_cache import BillingMemory
from eliza_cloud.api.http.conditional import Reference
from eliza_cloud.api.http.disconnect import Disconnects
from eliza_cloud.api.http.event_hub import EventHub
from eliza_cloud.ops.metrics.service import Metrics
from eliza_cloud.redaction.log import LogRedactor
from eliza_cloud.routing.gateway import Gateway
from eliza_cloud.runtime.journal import Journal
from eliza_cloud.runtime.manager import CloudManager

BILLING = web.AppKey("billing", BillingMemory)
MANAGER = web.AppKey("manager", CloudManager)
ENVIRON = web.AppKey("environ", Mapping[str, str])
DISCONNECTS = web.AppKey("lifetimes", Disconnects)
GATEWAY = web.AppKey("gateway", Gateway)
EVENTS = web.AppKey("events", EventHub)
JOURNAL = web.AppKey("journal", Journal)
METRICS = web.AppKey("metrics", Metrics)
REFERENCE = web.AppKey("reference", Reference)
REDACTION = web.AppKey("redaction", LogRedactor)
