"""Only what is locked is installed, and what is locked is known: its hashes, its licenses, its vulnerabilities."""

import json
import re
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from fake_receivers import free_port

from orchestration.settings import PROJECT

SCRIPT = PROJECT / "requirements" / "supply_chain.py"
CHAIN = runpy.run_path(str(SCRIPT))
LOCKS = sorted((PROJECT / "requirements").rglob("*.txt"))
RUNTIME = CHAIN["locked"](CHAIN["LOCK"])
NOTHING_AUDITED = "Nothing was audited, most likely because no vulnerability database can be reached from here."


def test_every_lock_is_looked_at() -> None:
    assert {lock.stem for lock in CHAIN["LOCKS"]} == {"runtime", "dev", "spark", "superset"}
    clients = {path.stem for path in (PROJECT / "requirements" / "clients").glob("*.in")}
    assert {lock.stem for lock in LOCKS} == {"runtime", "dev", "spark", "superset", *clients}
    assert "libraries" in clients


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_package_has_a_version_and_hashes_and_no_address(lock: Any) -> None:
    text = lock.read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.replace("\\\n", " "))
    packages = [entry for entry in entries if re.match(r"[A-Za-z0-9]", entry)]
    assert len(packages) >= 1
    for package in packages:
        assert re.match(r"[A-Za-z0-9._-]+(\[[^\]]*\])?==\S+", package), package[:60]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", package), package[:60]
    assert "://" not in re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    assert "--index-url" not in text


def test_every_package_for_node_has_a_hash_and_no_address() -> None:
    lock = json.loads((PROJECT / "requirements" / "clients" / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    hashed = re.compile(r"sha512-[A-Za-z0-9+/]{86}==")
    assert [name for name, package in packages.items() if not hashed.fullmatch(package.get("integrity", ""))] == []
    assert "://" not in json.dumps(lock)


def test_everything_installed_is_checked_against_a_hash() -> None:
    """But for the project itself, which has no hash; it brings nothing along."""
    makefile = (PROJECT / "Makefile").read_text()
    installs = re.findall(r"pip install .*", makefile)
    assert len(installs) >= 4
    for install in installs:
        assert "--no-deps" in install, install
        assert "--require-hashes" in install or "--editable ." in install, install
    assert "npm ci " in makefile
    assert all("--package-lock-only" in install for install in re.findall(r"npm install .*", makefile))


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_INDEX_URL", "https://registry.example/simple")
        return CHAIN["bill_of_materials"]()


def test_the_bill_of_materials_is_the_lock(bill: dict[str, Any]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    assert sorted((part["name"], part["version"]) for part in bill["components"]) == RUNTIME
    assert bill["metadata"]["component"]["name"] == "yacp"
    hashes = set()
    for part in bill["components"]:
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"
        assert part["licenses"][0]["expression"] != "unknown"
        assert part["hashes"]
        hashes |= {of_a_file["content"] for of_a_file in part["hashes"]}
    assert hashes == set(re.findall(r"sha256:([0-9a-f]{64})", CHAIN["LOCK"].read_text()))


def test_the_bill_of_materials_says_what_is_not_installed_everywhere(bill: dict[str, Any]) -> None:
    said = {f"{part['name']}=={part['version']}": part.get("description") for part in bill["components"]}
    entries = re.findall(r"^(\S+==\S+) (?:; (.*) )?\\$", CHAIN["LOCK"].read_text(), flags=re.MULTILINE)
    assert said == {package: f"Only installed where {marker}" if marker else None for package, marker in entries}
    assert "Only installed where sys_platform == 'win32'" in said.values()


def test_the_bill_of_materials_names_no_registry_and_no_folder(bill: dict[str, Any]) -> None:
    assert bill.pop("$schema") == "http://cyclonedx.org/schema/bom-1.6.schema.json"
    assert "://" not in json.dumps(bill)
    assert str(PROJECT) not in json.dumps(bill)


def test_a_bill_of_materials_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    made = subprocess.run([sys.executable, SCRIPT, "sbom", tmp_path], capture_output=True, text=True, check=False)
    assert made.returncode == 1
    assert made.stderr == (
        f"The bill of materials can't be written to {tmp_path}: Is a directory. Name another file with SBOM=.\n"
    )


def test_no_license_restricts_an_agency_and_all_are_listed() -> None:
    found = {name: CHAIN["license_of"](name) for name, _ in RUNTIME}
    assert {name: license.expression for name, license in found.items() if not license.is_accepted} == {}
    assert (PROJECT / "docs" / "licenses.md").read_text() == CHAIN["licenses_page"](), "run make licenses"
    assert set(CHAIN["LICENSES"]["packages"]) <= set(found), "requirements/licenses.toml has packages that are gone"


@pytest.mark.parametrize("package", sorted(CHAIN["LICENSES"]["packages"]))
def test_what_we_wrote_about_a_license_leaves_out_nothing_that_the_package_declares(package: str) -> None:
    """Else an update could bring a license that nobody has looked at."""
    declared = CHAIN["declared_by"](package).parts - {"unknown"}
    assert declared <= CHAIN["license_of"](package).parts


@pytest.mark.parametrize(
    ("expression", "is_accepted"),
    [
        ("MIT", True),
        ("MIT OR AGPL-3.0-only", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("MIT AND AGPL-3.0-only", False),
        ("AGPL-3.0-only AND (Apache-2.0 OR MIT)", False),
        ("MIT AND (SSPL-1.0 OR (ISC AND BUSL-1.1))", False),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("SSPL-1.0", False),
        ("BUSL-1.1", False),
        ("GPL-3.0-or-later", False),
        ("unknown", False),
    ],
)
def test_what_is_accepted(expression: str, is_accepted: bool) -> None:
    assert CHAIN["License"](expression).is_accepted is is_accepted


@contextmanager
def vulnerability_database(known: dict[str, list[str]]) -> Iterator[str]:
    """One that speaks OSV's protocol; ``known`` has packages with the versions that fix their vulnerabilities."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]
            body = json.dumps(
                {"vulns": [_vulnerability(asked, fixed) for fixed in known.get(asked["name"], [])]}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _vulnerability(package: dict[str, str], fixed: str) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]}]
    return {"id": f"CVE-{fixed or 'open'}", "affected": [{"package": package, "ranges": ranges}]}


def _audit(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "osv")
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", database)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return CHAIN["audit"](), capsys.readouterr().out.splitlines()


def test_an_audit_finds_what_is_known(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with vulnerability_database({"duckdb": ["999", ""]}) as database:
        status, said = _audit(database, monkeypatch, capsys)
    version = dict(RUNTIME)["duckdb"]
    assert status == CHAIN["FOUND"] == 1
    assert said[0].startswith("Known vulnerabilities: 2. Audited: ")
    assert sorted(said[1:3]) == [
        f"  duckdb {version}: CVE-999, fixed in 999",
        f"  duckdb {version}: CVE-open, fixed in no version yet",
    ]


def test_an_audit_without_findings_says_what_it_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with vulnerability_database({}) as database:
        status, (summary, left_out) = _audit(database, monkeypatch, capsys)
    assert status == CHAIN["NOTHING_FOUND"] == 0
    found, audited, expected = map(int, re.findall(r"\d+", summary))
    assert (found, expected) == (0, len(CHAIN["locked"](*CHAIN["LOCKS"])))
    assert 0 < audited < expected
    assert left_out.count(",") == expected - audited
    assert "pywin32 " in left_out
    assert not re.search(r"\b(duckdb|ruff|pyspark|apache-superset) ", left_out)  # one of each lock


def test_an_audit_that_reaches_no_database_says_so_and_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = _audit(f"http://127.0.0.1:{free_port()}", monkeypatch, capsys)
    assert status == CHAIN["NOT_AUDITED"] == 2
    assert said[0] == NOTHING_AUDITED
    assert "Connection refused" in said[1]


def test_an_audit_through_a_mirror_that_has_no_database_says_so_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """There, pip-audit finds "no known vulnerabilities", having looked at nothing."""
    report = {"dependencies": [{"name": "duckdb", "skip_reason": "Dependency not found"}], "fixes": []}
    stand_in = tmp_path / "pip-audit"
    stand_in.write_text(f"#!/bin/sh\nfor last; do :; done\necho '{json.dumps(report)}' > $last\n")
    stand_in.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert CHAIN["audit"]() == CHAIN["NOT_AUDITED"]
    assert capsys.readouterr().out.splitlines() == [NOTHING_AUDITED, "pip-audit says: Dependency not found"]
