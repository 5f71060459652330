"""Runs nginx on loopback with its own configuration in a temporary directory."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONFIGURATION = """
{user}
worker_processes 1;
daemon off;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{ worker_connections 256; }}
http {{
    log_format path '$status $request_uri';
    access_log {place}/access.log path;
    client_body_temp_path {place}/t1;
    proxy_temp_path {place}/t2;
    fastcgi_temp_path {place}/t3;
    uwsgi_temp_path {place}/t4;
    scgi_temp_path {place}/t5;
    default_type text/plain;
    charset utf-8;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port};
        root "{root}";
    }}
}}
"""


class NoServer(Exception):
    """Raised when nginx is not installed or does not start."""


class Server:
    """A running nginx.

    Attributes:
        address: base URL of the served directory; ends in ``/``.
    """

    def __init__(self, port: int, access_log: Path) -> None:
        """Set the port that nginx listens on and the path of its access log."""
        self.address = f"http://127.0.0.1:{port}/"
        self._access_log = access_log
        self._read = 0

    def asked(self) -> list[str]:
        """Return the URLs requested since the last call, in order, including failed requests."""
        with self._access_log.open("rb") as file:
            file.seek(self._read)
            lines = file.read()
        self._read += len(lines)
        paths = (line.partition(" ")[2] for line in lines.decode().splitlines())
        return [self.address + path.lstrip("/") for path in paths]


def need_nginx() -> str:
    """Return nginx's path; as root on Debian, install it first if it is missing.

    Raises:
        NoServer: nginx is not installed.
    """
    search = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    if (found := shutil.which("nginx", path=search)) is None and os.geteuid() == 0:
        print("installing nginx-light for the bench …", flush=True)
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-qq", "nginx-light"]):
            _quietly(command)
        found = shutil.which("nginx", path=search)
    if found is None:
        raise NoServer(
            "nginx is not installed, but the bench needs it: apt-get install nginx-light"
        )
    return found


def _quietly(command: list[str]) -> None:
    if shutil.which(command[0]):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, env=environment, capture_output=True, check=False)


@contextmanager
def served(root: Path, place: Path) -> Iterator[Server]:
    """Serve the directory ``root``; logs and configuration go into ``place``.

    Raises:
        NoServer: nginx is not installed or does not start.
    """
    program = need_nginx()
    place.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    configuration = place / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(place=place, port=port, root=root, user=user), encoding="utf-8"
    )
    process = subprocess.Popen(
        [program, "-c", str(configuration), "-e", str(place / "error.log")],
        stdin=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process, place / "error.log")
        yield Server(port, place / "access.log")
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise NoServer(f"nginx does not start:\n{log.read_text() if log.exists() else ''}")
