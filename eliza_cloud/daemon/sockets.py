"""Taking the ports, before anything else is begun, and without answering on them yet."""

import ipaddress
import socket
from contextlib import ExitStack

from eliza_cloud.store.config.listen_address import Binding, Port
from eliza_cloud.store.errors import port_error


class PortUnavailableError(Exception):
    """A port cannot be bound; `problem` names it and what sets it."""

    def __init__(self, host: str, port: Port, error: OSError) -> None:
        row, fields = port_error(host, port.number, port.setting, error)
        self.problem = row.occurred(**fields)
        super().__init__(self.problem.message)


def take_ports(binding: Binding, owner: ExitStack) -> list[socket.socket]:
    """Bind one socket for each port; `owner` closes them. Raises PortUnavailableError."""
    return [owner.enter_context(_bound(binding.host, port)) for port in binding.ports]


def url_of(taken: socket.socket) -> str:
    """Return the URL under which a socket is reached."""
    host, port = taken.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bound(host: str, port: Port) -> socket.socket:
    family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port.number))
    except OSError as error:
        taken.close()
        raise PortUnavailableError(host, port, error) from error
    return taken
