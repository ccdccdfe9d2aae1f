"""Only what is locked is installed, and what is locked is known: its hashes, its licenses, its vulnerabilities."""

import json
import re
import runpy
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from orchestration.settings import PROJECT

CHAIN = runpy.run_path(str(PROJECT / "requirements" / "supply_chain.py"))
LOCKS = sorted((PROJECT / "requirements").rglob("*.txt"))
SAFE = {"name": "safe", "version": "1", "vulns": []}
OLD = {
    "name": "old",
    "version": "2",
    "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}, {"id": "CVE-2", "fix_versions": []}],
}
SKIPPED = {"name": "local", "skip_reason": "not on the index"}


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


def test_everything_installed_is_checked_against_a_hash() -> None:
    """But for the project itself, which has no hash; it brings nothing along."""
    makefile = (PROJECT / "Makefile").read_text()
    installs = re.findall(r"pip install .*", makefile)
    assert len(installs) >= 4
    for install in installs:
        assert "--no-deps" in install, install
        assert "--require-hashes" in install or "--editable ." in install, install


def test_the_bill_of_materials_is_the_lock() -> None:
    bill = CHAIN["bill_of_materials"]()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    assert sorted({(part["name"], part["version"]) for part in bill["components"]}) == CHAIN["locked"]()
    assert bill["metadata"]["component"]["name"] == "yacp"
    for part in bill["components"]:
        assert part["purl"].startswith("pkg:pypi/")
        assert part["licenses"][0]["expression"] != "unknown"
        assert part["externalReferences"][0]["hashes"]
    assert str(PROJECT) not in json.dumps(bill)


def test_no_license_restricts_an_agency_and_all_are_listed() -> None:
    found = {name: CHAIN["license_of"](name) for name, _ in CHAIN["locked"]()}
    assert {name: license.expression for name, license in found.items() if not license.is_accepted} == {}
    assert (PROJECT / "docs" / "licenses.md").read_text() == CHAIN["licenses_page"](), "run make licenses"
    assert set(CHAIN["LICENSES"]["packages"]) <= set(found), "requirements/licenses.toml has packages that are gone"


@pytest.mark.parametrize(
    ("expression", "is_accepted"),
    [
        ("MIT", True),
        ("MIT OR AGPL-3.0-only", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("MIT AND AGPL-3.0-only", False),
        ("SSPL-1.0", False),
        ("BUSL-1.1", False),
        ("GPL-3.0-or-later", False),
        ("unknown", False),
    ],
)
def test_what_is_accepted(expression: str, is_accepted: bool) -> None:
    assert CHAIN["License"](expression).is_accepted is is_accepted


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        ([], ["The vulnerability database can't be reached from here; nothing was audited."]),
        ([SKIPPED], ["The vulnerability database can't be reached from here; nothing was audited."]),
        ([SAFE, SKIPPED], ["0 known vulnerabilities in 1 of 2 locked packages audited."]),
        (
            [SAFE, OLD],
            [
                "2 known vulnerabilities in 2 of 2 locked packages audited.",
                "  old 2: CVE-1, fixed in 3",
                "  old 2: CVE-2, fixed in no version yet",
            ],
        ),
    ],
)
def test_an_audit_says_what_is_known_and_whether_anything_was_asked(packages: list[Any], said: list[str]) -> None:
    assert list(CHAIN["findings"](packages)) == said
