"""The Dagster UI as `yacp dev` or `yacp ui` serves it, in a process of its own on loopback."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
from yacp_command import YACP, clean_environment


@contextmanager
def served_ui(command: str, home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its address and the process of the command, which is stopped at the end as by a service manager.

    The state is named as seen from the folder that the command is run in. SIGINT is ignored, as in the background of a
    shell, and the process has to end all the same.
    """
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    arguments = ["env", "--ignore-signal=INT", str(YACP), command, "--port", str(port)]
    with (home.parent / f"{command}.log").open("wb") as log:
        environment = clean_environment(Path(home.name))
        process = subprocess.Popen(arguments, env=environment, cwd=home.parent, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process)
            yield address, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        assert process.poll() is None, "the UI didn't start; its log is beside its state folder"
        try:
            httpx.get(f"{address}/server_info").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("no answer within two minutes")
