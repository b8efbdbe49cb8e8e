"""What every test may use."""

import inspect
from types import SimpleNamespace

import aiohttp
from aioresponses import core

# aioresponses 0.7.9 does not know aiohttp 3.14's `stream_writer` (aioresponses issues 288 and 289).
if "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters:

    class _Response(aiohttp.ClientResponse):
        def __init__(self, *args, stream_writer=None, **kwargs):
            super().__init__(*args, stream_writer=stream_writer or SimpleNamespace(output_size=0), **kwargs)

    core.ClientResponse = _Response
