"""Prepares Superset on the published files and serves it on loopback: what `make superset` runs."""

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
PROGRAMS = Path(sys.executable).parent
FILES = ("dashboard.duckdb", "customers.duckdb")


def main() -> None:
    """Loads the folder into Superset and becomes its server."""
    home = Path(os.environ.get("YACP_HOME") or PROJECT / ".yacp").expanduser().absolute()
    port = free_port(os.environ.get("YACP_SUPERSET_PORT") or "8088")
    published, state = home / "published", home / "superset"
    for name in FILES:
        if not os.access(published / "following" / name, os.R_OK):
            missing = published / "following" / name
            sys.exit(f"Superset wasn't started: {missing} isn't there or can't be read. `yacp run` publishes it.")
    os.umask(0o077)  # accounts of people, and what they looked for
    state.mkdir(exist_ok=True)
    password_file = kept_secret(state / "admin_password", os.environ.get("YACP_SUPERSET_ADMIN_PASSWORD"))
    kept_secret(state / "secret_key")
    os.environ |= {
        "SUPERSET_HOME": str(state),
        "YACP_PUBLISHED": str(published),
        "YACP_SUPERSET_STATE": str(state),
        "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
        "FLASK_APP": "superset.app:create_app()",
    }
    for step in (["superset", "db", "upgrade"], ["superset", "init"], ["python", str(HERE / "loading.py")]):
        run(step, state / "start.log")
    print(f"Superset: http://127.0.0.1:{port}  user admin, password in {password_file}", flush=True)
    server = ["--worker-class=gthread", "--threads=8", "--timeout=120", "--keep-alive=65", "--no-control-socket"]
    server += [f"--bind=127.0.0.1:{port}", "superset.app:create_app()"]
    os.execv(PROGRAMS / "gunicorn", ["gunicorn", *server])  # noqa: S606, there is no shell to start it with


def free_port(number: str) -> str:
    """The port, if a server can be opened there."""
    try:
        socket.create_server(("127.0.0.1", int(number))).close()
    except (OSError, ValueError, OverflowError) as problem:
        sys.exit(f"Superset wasn't started: port {number} can't be used ({problem}). YACP_SUPERSET_PORT names another.")
    return number


def kept_secret(path: Path, given: str | None = None) -> Path:
    """The file with a secret: the one that was given, else the one of last time, else a new one."""
    if given or not path.exists():
        path.write_text(given or secrets.token_urlsafe(32))
    return path


def run(step: list[str], log: Path) -> None:
    """Runs a step of the preparation; Superset says much that nobody needs unless the step fails."""
    done = subprocess.run([PROGRAMS / step[0], *step[1:]], capture_output=True, text=True, check=False)
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        *_, reason = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        sys.exit(f"Superset wasn't started: `{' '.join(step)}` failed: {reason}\nAll that it said is in {log}.")


if __name__ == "__main__":
    main()
