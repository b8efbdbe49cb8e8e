"""Under which keys the application holds what its handlers need."""

from aiohttp import web

from eliza_cloud.api.lifetime import Lifetimes
from eliza_cloud.link.manager import CloudManager

MANAGER = web.AppKey("manager", CloudManager)
LIFETIMES = web.AppKey("lifetimes", Lifetimes)
