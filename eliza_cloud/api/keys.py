"""Under which keys the application holds what its handlers need."""

from aiohttp import web

from eliza_cloud.api.billing_memory import BillingMemory
from eliza_cloud.api.event_stream import EventHub
from eliza_cloud.api.lifetime import Lifetimes
from eliza_cloud.api.prepared import Reference
from eliza_cloud.link.journal import Journal
from eliza_cloud.link.manager import CloudManager
from eliza_cloud.ops.metrics.service import Metrics
from eliza_cloud.ops.redaction import Redaction
from eliza_cloud.routing.gateway import Gateway

BILLING = web.AppKey("billing", BillingMemory)
MANAGER = web.AppKey("manager", CloudManager)
LIFETIMES = web.AppKey("lifetimes", Lifetimes)
GATEWAY = web.AppKey("gateway", Gateway)
EVENTS = web.AppKey("events", EventHub)
JOURNAL = web.AppKey("journal", Journal)
METRICS = web.AppKey("metrics", Metrics)
REFERENCE = web.AppKey("reference", Reference)
REDACTION = web.AppKey("redaction", Redaction)
