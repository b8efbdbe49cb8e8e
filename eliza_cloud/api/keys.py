"""Under which keys the application holds what its handlers need."""

from aiohttp import web

from eliza_cloud.api.billing_memory import BillingMemory
from eliza_cloud.api.lifetime import Lifetimes
from eliza_cloud.link.manager import CloudManager
from eliza_cloud.routing.gateway import Gateway

BILLING = web.AppKey("billing", BillingMemory)
MANAGER = web.AppKey("manager", CloudManager)
LIFETIMES = web.AppKey("lifetimes", Lifetimes)
GATEWAY = web.AppKey("gateway", Gateway)
