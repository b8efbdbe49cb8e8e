"""Can the service listen where it is told to?"""

import errno
import ipaddress
import socket

from eliza_cloud.ops.doctor.installation import Installation, WantedPort
from eliza_cloud.ops.doctor.result import Check, Finding, failed, passed, skipped, waits
from eliza_cloud.ops.doctor.service import Answering, who_answers
from eliza_cloud.store.inspect import lock_holder
from eliza_cloud.store.paths import StatePaths


async def check_ports(installation: Installation, paths: StatePaths) -> Finding:
    """Try to have each port for a moment; one that our own running service holds is as it should be."""
    if not installation.ports:
        return skipped(Check.PORTS, "The address of the service cannot be understood; see settings.")
    held = []
    for port in installation.ports:
        reason = _refusal(port)
        if reason == errno.EADDRINUSE:
            holder = await who_answers(url_of(port))
            runs = lock_holder(paths.lock) is not None
            if runs and holder is Answering.SILENCE:
                return waits(Check.PORTS, Check.SERVICE)
            if not runs or holder is not Answering.ELIZA_CLOUD:
                return _taken(port, holder)
            held.append(port.number)
        elif reason is not None:
            return _impossible(port, reason)
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


def _refusal(port: WantedPort) -> int | None:
    family = socket.AF_INET6 if ipaddress.ip_address(port.host).version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((port.host, port.number))
        except OSError as error:
            return error.errno or errno.EIO
    return None


def _taken(port: WantedPort, holder: Answering) -> Finding:
    is_ours = holder is Answering.ELIZA_CLOUD
    named = "An eliza-cloud service with another state directory" if is_ours else "Another program"
    return failed(
        Check.PORTS,
        f"{named} holds port {port.number} on {port.host}.",
        "port_taken",
        f"Stop that program, or set another port with {port.setting}.",
    )


def _impossible(port: WantedPort, reason: int) -> Finding:
    why, remedy = {
        errno.EACCES: (
            "is reserved for the administrator",
            f"Set a port above 1023 with {port.setting}.",
        ),
        errno.EADDRNOTAVAIL: (
            "cannot be had: this machine has no such address",
            "Set an address of this machine with ELIZA_API_BIND.",
        ),
    }.get(
        reason,
        (f"cannot be had ({errno.errorcode.get(reason, reason)})", f"Set another with {port.setting}."),
    )
    return failed(Check.PORTS, f"Port {port.number} on {port.host} {why}.", "settings_invalid", remedy)


def _listed(numbers: list[int]) -> str:
    words = [str(number) if number else "any" for number in numbers]
    return f"{' and '.join(words)} {'is' if len(words) == 1 else 'are'}"
