"""How fast the web dashboard responds to 20 people at once, with 1,000 providers and 100,000 customers published.

    python benchmarks/pages.py [--home DIR] [--memory]

Publishes three days of the sample and adds earlier ones until there are thirty. Starts the server as a separate process
and drives it with wrk (Debian: apt-get install wrk), on the same machine, along 20 walks: one per person, each with the
pages that people in their role open. First, each person looks at a page for a second, and a new release is published
meanwhile. Then nobody waits, which no real dashboard sees but which shows its limits. ``--memory`` continues with
100,000 requests and prints how the server's memory develops.

A page is cold if nobody has requested it since the release was opened. Every walk also requests ``/healthz``, which
needs no data: a page's time as a multiple of that can be compared between machines.
"""

import argparse
import json
import os
import platform
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import psutil
from history import age

from orchestration.publishing.publish import publish
from orchestration.sample.generator import generate
from orchestration.settings import Settings
from orchestration.state.releases import current
from orchestration.warehouse.dbt_project import compiled_marts

HERE = Path(__file__).parent
DAY = date(2026, 11, 23)
CUSTOMERS, REAL_DAYS, DAYS = 100_000, 3, 30
PEOPLE = {"super_user": 3, "career_planner": 11, "provider_staff": 6}
SECONDS, THINKING = 90, 1.0
MANY = 100_000
AFTERMATH = 5.0
BARE = "healthz"

# How often each kind of page is requested, by people who may see it.
COUNTS = {"dashboard": 30, "past day": 6, "changes": 8, "checks": 3, BARE: 10}
LISTS = {"list": 20, "list, paged or sorted": 10, "list, filtered": 6, "list, past day": 3, "who came or left": 3,
         "sync problems": 5, "csv": 2, "xlsx": 1}  # fmt: skip
EVERY_SCOPE = {"scope search": 6}
LINES = ("prescreening_overdue", "ready_for_review", "not_synced", "inquirant", "inquirant_overdue", "applicant",
         "registrant", "progress_due", "progress_overdue", "progress_current", "case_note_due", "case_note_current",
         "open_request", "no_planned_services", "academic_learning_service", "not_complete")  # fmt: skip
LONG = ("not_synced", "progress_current", "not_complete")
SORTS = ("name", "-name", "days", "-days", "due", "provider", "customer", "sync", "-overdue")
FILTERS = ("due=overdue", "due=5", "initial=b", "initial=s", "iwds=registrant", "sync=no_match", "sync=synced")


@dataclass(frozen=True)
class Person:
    email: str
    scopes: tuple[str, ...]
    may_list: bool
    sees_all: bool


@dataclass(frozen=True)
class Answer:
    kind: str
    scope: str
    page: tuple[str, str]
    started: float
    took: float
    status: int


def prepare(home: Path) -> None:
    """Runs three days, and adds earlier ones that are copies of their history."""
    extracts = home / "extracts"
    generate(extracts, customers=CUSTOMERS, as_of=DAY, days=REAL_DAYS)
    first = str(DAY - timedelta(days=REAL_DAYS - 1))
    variables = {**os.environ, "YACP_HOME": str(home), "YACP_EXTRACTS": str(extracts)}
    yacp = str(Path(sys.executable).with_name("yacp"))
    subprocess.run([yacp, "backfill", first, str(DAY)], env=variables, check=True, stdout=subprocess.DEVNULL)
    age(home, DAYS - REAL_DAYS)


def people(folder: Path) -> list[Person]:
    with duckdb.connect(str(folder / "customers.duckdb"), read_only=True) as lists:
        rows = lists.execute(
            "select email, role, list(scope_type || ':' || scope_id order by scope_type, scope_id),"
            " bool_or(may_list_customers)"
            " from customers.lists.entitlements group by email, role order by hash(email)"
        ).fetchall()
    found = []
    for role, wanted in PEOPLE.items():
        of_role = [row for row in rows if row[1] == role]
        found += [
            Person(
                email,
                tuple("statewide" if scope == "statewide:IL" else scope for scope in scopes),
                may_list,
                "statewide:IL" in scopes,
            )
            for email, _, scopes, may_list in of_role[:wanted]
        ]
    return found


class Walks:
    """What each person requests: random, but the same every time."""

    def __init__(self, home: Path, seed: int) -> None:
        release = current(Settings(home=home))
        assert release is not None
        self._days = release.days
        self._people = people(release.folder)
        self._chance = random.Random(seed)  # noqa: S311
        with duckdb.connect(str(release.file("dashboard")), read_only=True) as counts:
            rows = counts.execute(
                "select distinct scope_type, scope_id from sections.dashboard order by all"
            ).fetchall()
            self._providers = [f"provider:{name}" for kind, name in rows if kind == "provider"]
            self._areas = [f"lwia:{name}" for kind, name in rows if kind == "lwia"]
        self.kinds: list[list[tuple[str, str]]] = []
        self.addresses: list[list[tuple[str, str]]] = []

    def write(self, folder: Path, each: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.kinds, self.addresses = [], []
        for number, person in enumerate(self._people, start=1):
            steps = [self._step(person) for _ in range(each)]
            self.kinds.append([(kind, scope) for kind, scope, _ in steps])
            self.addresses.append([(person.email, address) for _, _, address in steps])
            lines = [person.email, *(address for _, _, address in steps)]
            (folder / str(number)).write_text("".join(f"{line}\n" for line in lines))

    def _step(self, person: Person) -> tuple[str, str, str]:
        weights = COUNTS | (LISTS if person.may_list else {}) | (EVERY_SCOPE if person.sees_all else {})
        (kind,) = self._chance.choices(list(weights), list(weights.values()))
        scope = self._scope(person)
        return kind, scope.partition(":")[0], self._address(kind, scope)

    def _scope(self, person: Person) -> str:
        if not person.sees_all:
            return self._chance.choice(person.scopes)
        pick = self._chance.choice
        return pick(("statewide", pick(self._areas), pick(self._providers)))

    def _address(self, kind: str, scope: str) -> str:
        pick = self._chance.choice
        line, past = f"/lines/{pick(LINES)}", pick(self._days[:-1])
        match kind:
            case "dashboard":
                return f"/?scope={scope}"
            case "past day":
                return f"/?scope={scope}&as_of={past}"
            case "changes" | "checks":
                return f"/{kind}?scope={scope}"
            case "list":
                return f"{line}?scope={scope}"
            case "list, paged or sorted":
                # Page 1 always exists; a provider may not have later ones.
                page = f"&page={self._chance.randint(2, 9)}" if scope == "statewide" else ""
                return f"/lines/{pick(LONG)}?scope={scope}&sort={pick(SORTS)}{page}"
            case "list, filtered":
                return f"{line}?scope={scope}&{pick(FILTERS)}&sort={pick(SORTS)}"
            case "list, past day":
                return f"{line}?scope={scope}&as_of={past}"
            case "who came or left":
                return f"{line}?scope={scope}&moved={pick(('entered', 'left'))}"
            case "sync problems":
                return f"/sync-problems?scope={scope}"
            case "csv" | "xlsx":
                return f"{line}.{kind}?scope={scope}"
            case "scope search":
                return f"/scopes.json?scope={scope}&q={pick(('ar', 'bir', 'lwia:1', 'works', 'cen'))}"
        return f"/{BARE}"


class Server:
    """The dashboard as it runs in production: a process that trusts a sign-in proxy."""

    def __init__(self, home: Path, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        variables = {
            **os.environ,
            "YACP_DASHBOARD_PROXIES": "127.0.0.1",
            "YACP_DASHBOARD_ACCESS_LOG": str(folder / "access.log"),
        }
        command = [sys.executable, "-m", "dashboard", "--published", str(home / "published"), "--port", str(port)]
        self._process = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True)
        self._seen = psutil.Process(self._process.pid)
        started = time.monotonic()
        while True:
            try:
                with urllib.request.urlopen(f"{self.address}/{BARE}"):  # noqa: S310
                    break
            except OSError:
                assert self._process.poll() is None
                time.sleep(0.02)
        self.started = time.monotonic() - started

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    @property
    def processor(self) -> float:
        """Processor seconds, including the process that writes files."""
        return sum(sum(process.cpu_times()[:2]) for process in (self._seen, *self._seen.children()))

    @property
    def memory(self) -> float:
        return self._seen.memory_info().rss / 2**20

    @property
    def memory_of_writer(self) -> float:
        return sum(process.memory_info().rss for process in self._seen.children()) / 2**20


def drive(server: Server, walks: Walks, folder: Path, *, think: float, seconds: int) -> list[Answer]:
    """Lets wrk follow the walks until they end or time is up."""
    record = folder / "record.tsv"
    size = str(len(walks.kinds))
    command = ["wrk", "-t", size, "-c", size, "-d", f"{seconds}s", "--timeout", "60s", "-s", str(HERE / "pages.lua"),
               server.address, "--", str(folder / "walks"), str(think)]  # fmt: skip
    with subprocess.Popen(
        command, env={**os.environ, "PAGES_RECORD": str(record)}, stdout=subprocess.PIPE, text=True
    ) as wrk:
        while wrk.poll() is None:
            time.sleep(0.2)
            if len(list((folder / "walks").glob("*.over"))) == len(walks.kinds):
                wrk.send_signal(signal.SIGINT)  # otherwise it sleeps until time is up
                break
        output, _ = wrk.communicate()
    if wrk.returncode:
        raise SystemExit(f"wrk failed:\n{output}")
    unanswered = int(output.rpartition("unanswered ")[2])
    assert unanswered == 0, f"{unanswered} requests got no response"
    answers = []
    for line in sorted(record.read_text().splitlines(), key=lambda line: line.split("\t")[2]):
        person, place, started, took, status = line.split("\t")
        who, which = int(person) - 1, int(place) - 1
        kind, scope = walks.kinds[who][which]
        page = walks.addresses[who][which]
        answers.append(Answer(kind, scope, page, float(started), float(took), int(status)))
    return answers


def cold(answers: Sequence[Answer], requested: set[tuple[str, str]], published: float = float("inf")) -> list[Answer]:
    """The answers for pages that nobody had requested since the server started or the release was published."""
    found = []
    for answer in answers:
        if answer.started > published:
            published = float("inf")
            requested.clear()
        if answer.page not in requested:
            found.append(answer)
        requested.add(answer.page)
    return found


def at(share: float, times: Sequence[float]) -> float:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)] * 1000


def print_times(title: str, answers: Sequence[Answer], bare: float) -> None:
    times = [answer.took for answer in answers]
    if not times:
        return
    figures = " ".join(f"{at(share, times):8.1f}" for share in (0.5, 0.95, 0.99, 1))
    failed = sum(answer.status >= 400 for answer in answers)
    print(f"  {title:36} {len(times):8,} {figures} {failed:8} {at(0.5, times) / bare:8.1f} x")


def table(answers: Sequence[Answer], first: Sequence[Answer]) -> None:
    bare = at(0.5, [answer.took for answer in answers if answer.kind == BARE])
    print(f"  {'':36} requests   median      p95      p99      max   failed   median to /{BARE}")
    pages = [answer for answer in answers if answer.kind not in (BARE, "csv", "xlsx")]
    print_times("every page", pages, bare)
    fresh = set(first)
    print_times("  first request (cold)", [answer for answer in pages if answer in fresh], bare)
    print_times("  repeated request", [answer for answer in pages if answer not in fresh], bare)
    for scope in ("statewide", "lwia", "provider"):
        print_times(f"dashboard, {scope}", [a for a in pages if a.kind == "dashboard" and a.scope == scope], bare)
    for kind in (*COUNTS, *LISTS, *EVERY_SCOPE):
        if kind != "dashboard":
            print_times(
                f"/{BARE}" if kind == BARE else kind, [answer for answer in answers if answer.kind == kind], bare
            )


@contextmanager
def publishing(home: Path, after: float) -> Iterator[list[tuple[float, float]]]:
    """Publishes the newest day once more, in a separate process; yields when that started and when it was visible."""
    moments: list[tuple[float, float]] = []

    def publish_again() -> None:
        time.sleep(after)
        started = time.time()
        link = home / "published" / "current"
        before = link.readlink()
        with subprocess.Popen([sys.executable, __file__, "--publish", str(home)]) as process:
            while link.readlink() == before and process.poll() is None:
                time.sleep(0.005)
            moments.append((started, time.time()))
        assert process.returncode == 0

    thread = threading.Thread(target=publish_again)
    thread.start()
    yield moments
    thread.join()


def measure(home: Path, folder: Path, seconds: int, with_memory: bool) -> None:
    walks = Walks(home, 1)
    with Server(home, folder) as server:
        print(f"The server was ready after {server.started:.1f} s, with {server.memory:.0f} MiB.")
        walks.write(folder / "walks", 10 * seconds)

        before = server.processor
        with publishing(home, seconds / 2) as moments:
            answers = drive(server, walks, folder, think=THINKING, seconds=seconds)
        used = (server.processor - before) / seconds
        print(f"\n20 people, {THINKING:.0f} s on each page: {len(answers) / seconds:.0f} requests a second,"
              f" {used:.0%} of a processor")  # fmt: skip
        started, visible = moments[0]
        requested: set[tuple[str, str]] = set()
        table(answers, cold(answers, requested, visible))
        bare = at(0.5, [answer.took for answer in answers if answer.kind == BARE])
        print("  Meanwhile a new release was built and published:")
        for title, since, until in (
            ("before", 0.0, started),
            (f"in the {visible - started:.1f} s in which it was built", started, visible),
            (f"in the {AFTERMATH:.0f} s after", visible, visible + AFTERMATH),
            ("later", visible + AFTERMATH, float("inf")),
        ):
            print_times(
                f"  {title}", [a for a in answers if since <= a.started < until and a.kind not in ("csv", "xlsx")], bare
            )

        walks.write(folder / "walks", 1000 * seconds // len(walks.kinds))
        before = server.processor
        answers = drive(server, walks, folder, think=0, seconds=seconds)
        taken = max(answer.started for answer in answers) - min(answer.started for answer in answers)
        each = (server.processor - before) / len(answers)
        print(f"\n20 clients that never wait: {len(answers) / taken:.0f} requests a second, {each * 1000:.1f} ms of "
              "processor time each")  # fmt: skip
        table(answers, cold(answers, requested))
    if with_memory:
        measure_memory(home, folder)


def measure_memory(home: Path, folder: Path) -> None:
    walks = Walks(home, 2)
    walks.write(folder / "walks", MANY // sum(PEOPLE.values()))
    seen: list[tuple[float, float, float]] = []
    with Server(home, folder) as server:
        is_over = threading.Event()

        def look() -> None:
            while not is_over.wait(0.25):
                seen.append((time.time(), server.memory, server.memory_of_writer))

        thread = threading.Thread(target=look)
        thread.start()
        try:
            answers = drive(server, walks, folder, think=0, seconds=3600)
        finally:
            is_over.set()
            thread.join()
    addresses = {address for of_person in walks.addresses for _, address in of_person}
    taken = answers[-1].started - answers[0].started
    print(f"\n{len(answers):,} requests for {len(addresses):,} addresses in {taken:.0f} s: memory in MiB")
    print("  requests   server  peak since the line above   process that writes files, peak")
    since = 0.0
    for tenth in range(1, 11):
        done = len(answers) * tenth // 10
        until = answers[done - 1].started
        sizes = [(size, writer) for moment, size, writer in seen if since < moment <= until]
        most, writer = (max(column) for column in zip(*sizes, strict=True))
        print(f"  {done:8,} {sizes[-1][0]:8.0f} {most:8.0f} {'':23} {writer:8.0f}")
        since = until
    failed = sum(answer.status >= 400 for answer in answers)
    print(f"  {failed} failed")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--home", type=Path, help="Where to prepare the published days; reused if they are there.")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="How long each of the two parts takes.")
    parser.add_argument("--memory", action="store_true", help="Also measure the memory over 100,000 requests.")
    parser.add_argument("--publish", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.publish:
        config = Settings(home=given.publish)
        publish(config, DAY, compiled_marts(config), "benchmark")
        return
    if not shutil.which("wrk"):
        raise SystemExit("This needs wrk, which is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="yacp-pages-") as name:
        folder = Path(name)
        home = given.home or folder / "home"
        if not (home / "published" / "current").exists():
            prepare(home)
        release = current(Settings(home=home))
        assert release is not None
        record = json.loads((release.folder / "release.json").read_text())
        memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
        print(f"{platform.machine()}, {os.cpu_count()} processors, {memory}, Python {platform.python_version()}")
        print(f"{CUSTOMERS:,} customers, {len(record['days'])} published days")
        measure(home, folder, given.seconds, given.memory)


if __name__ == "__main__":
    main()
