"""Can the service listen where it is configured to?"""

import errno
import ipaddress
import socket

from eliza_cloud.ops.doctor.installation import Installation, WantedPort
from eliza_cloud.ops.doctor.result import Check, Finding, failed, passed, skipped, waits
from eliza_cloud.ops.doctor.service import Answering, who_answers
from eliza_cloud.store.errors import port_error
from eliza_cloud.store.inspect import lock_holder
from eliza_cloud.store.paths import StatePaths


async def check_ports(installation: Installation, paths: StatePaths) -> Finding:
    """Bind each port for a moment; one that our own running service holds is as it should be."""
    if not installation.ports:
        return skipped(Check.PORTS, "The address of the service is not valid; see settings.")
    held = []
    for port in installation.ports:
        error = _bind_error(port)
        if error is not None and error.errno == errno.EADDRINUSE:
            holder = await who_answers(url_of(port))
            runs = lock_holder(paths.lock) is not None
            if runs and holder is Answering.SILENCE:
                return waits(Check.PORTS, Check.SERVICE)
            if not runs or holder is not Answering.ELIZA_CLOUD:
                return _taken(port, error, holder)
            held.append(port.number)
        elif error is not None:
            return _unavailable(port, error)
    numbers = _listed([port.number for port in installation.ports])
    if held:
        return passed(Check.PORTS, f"{_listed(held)} held by the service itself.")
    return passed(Check.PORTS, f"{numbers} free.")


def url_of(port: WantedPort) -> str:
    """Return where to reach what listens on a port; an address that means all of them is this machine's."""
    address = ipaddress.ip_address(port.host)
    if address.is_unspecified:
        return f"http://{'127.0.0.1' if address.version == 4 else '[::1]'}:{port.number}"
    return f"http://{f'[{address}]' if address.version == 6 else address}:{port.number}"


def _bind_error(port: WantedPort) -> OSError | None:
    family = socket.AF_INET6 if ipaddress.ip_address(port.host).version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((port.host, port.number))
        except OSError as error:
            return error
    return None


def _taken(port: WantedPort, error: OSError, holder: Answering) -> Finding:
    is_ours = holder is Answering.ELIZA_CLOUD
    named = "an eliza-cloud service with another state directory" if is_ours else "another program"
    return _unavailable(port, error, named)


def _unavailable(port: WantedPort, error: OSError, holder: str = "") -> Finding:
    row, fields = port_error(port.host, port.number, port.setting, error, holder)
    return failed(Check.PORTS, row, **fields)


def _listed(numbers: list[int]) -> str:
    words = [str(number) if number else "any" for number in numbers]
    return f"{' and '.join(words)} {'is' if len(words) == 1 else 'are'}"
