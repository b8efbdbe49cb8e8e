"""Taking the ports, before anything else is begun, and without answering on them yet."""

import errno
import ipaddress
import socket
from contextlib import ExitStack

from eliza_cloud.store.config.listen_address import API_BIND, Binding, Port


class PortUnavailableError(Exception):
    """A port cannot be had; the message names it and what sets it."""


def take_ports(binding: Binding, owner: ExitStack) -> list[socket.socket]:
    """Bind one socket for each port; `owner` closes them. Raises PortUnavailableError."""
    return [owner.enter_context(_bound(binding.host, port)) for port in binding.ports]


def url_of(taken: socket.socket) -> str:
    """Return the URL under which a socket is reached."""
    host, port = taken.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def unavailable(host: str, port: Port, error: OSError) -> PortUnavailableError:
    """Return the sentence for what the system said about a port."""
    if error.errno == errno.EADDRINUSE:
        why = f"is in use by another program. Stop that, or set another port with {port.setting}"
    elif error.errno == errno.EACCES:
        why = f"is reserved for the administrator. Set one above 1023 with {port.setting}"
    elif error.errno == errno.EADDRNOTAVAIL:
        why = f"cannot be had: this machine has no such address. Set another with {API_BIND}"
    else:
        why = f"cannot be had: {error.strerror}. Set another port with {port.setting}"
    return PortUnavailableError(f"Port {port.number} on {host} {why}.")


def _bound(host: str, port: Port) -> socket.socket:
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port.number))
    except OSError as error:
        taken.close()
        raise unavailable(host, port, error) from error
    return taken
