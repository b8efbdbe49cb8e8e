"""A full disk, a read-only directory, a locked database: said clearly, nothing lost, mended without a restart."""

import json
import os
import signal
import subprocess

import pytest

from tests.crash.house import Machine, Service, until
from tests.crash.story import files_of, record_of
from tests.crash.troubles import TROUBLES, FullDisk, Trouble, _as_root

CONSTANTS = {"eliza_cloud.store.record.BUSY_TIMEOUT": 0.05, "eliza_cloud.store.atomic_file.LOCK_TIMEOUT": 0.2}


@pytest.fixture(params=TROUBLES, ids=lambda kind: kind.__name__)
def trouble(request, machine):
    one = request.param(machine)
    yield one
    machine.close()
    one.close()
