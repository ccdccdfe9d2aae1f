"""What is known of the locked packages: vulnerabilities, a bill of materials, and licenses.

python requirements/supply_chain.py audit | sbom FILE | licenses
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_expression
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements" / "runtime.txt"
LOCKS = sorted(LOCK.parent.glob("*.txt"))  # not clients/: only tests use them, some old on purpose
SUPERSET = LOCK.with_name("superset.txt")  # for an environment of its own, with other versions of the same packages
LICENSES = tomllib.loads((PROJECT / "requirements" / "licenses.toml").read_text())
PAGE = PROJECT / "docs" / "licenses.md"

_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
_SCHEMA = SchemaVersion.V1_6
_SPDX = get_spdx_licensing()

NOTHING_FOUND, FOUND, NOT_AUDITED = range(3)


@dataclass(frozen=True)
class License:
    """What a package may be used under, as an SPDX expression, and why that is accepted where its name doesn't say."""

    expression: str
    accepted_because: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether one side of each "or" is accepted in all its parts, or somebody has given a reason."""
        return bool(self.accepted_because) or _is_accepted(_SPDX.parse(self.expression))

    @property
    def parts(self) -> set[str]:
        """Every license that is named."""
        return {part.render() for part in _SPDX.parse(self.expression).literals}


def _is_accepted(expression: Any) -> bool:
    if isinstance(expression, _SPDX.OR):
        return any(map(_is_accepted, expression.args))
    if isinstance(expression, _SPDX.AND):
        return all(map(_is_accepted, expression.args))
    return expression.render() in LICENSES["accepted"]


def locked(*locks: Path) -> list[tuple[str, str]]:
    """Every package of the locks with its version; one that has other versions elsewhere is there more than once."""
    return sorted({package for lock in locks for package in _LOCKED.findall(lock.read_text())})


def license_of(package: str) -> License:
    """From licenses.toml, or else as the package declares it."""
    if own := LICENSES["packages"].get(package):
        return License(own["license"], own["accepted_because"])
    return declared_by(package)


def declared_by(package: str) -> License:
    """From the metadata of the installed package; "unknown" where that has no license by its SPDX identifier."""
    try:
        about = metadata(package)
    except PackageNotFoundError:
        return License("unknown")
    named, says = about.get("License", ""), LICENSES["says"]
    classifiers = [
        name.rpartition(" :: ")[2] for name in about.get_all("Classifier", []) if name.startswith("License ::")
    ]
    meant = " AND ".join(says.get(name, name) for name in classifiers)
    for expression in (about.get("License-Expression"), named, meant, says.get(named)):
        if expression and is_expression(expression):
            return License(expression)
    return License("unknown")


def licenses_page() -> str:
    """docs/licenses.md."""
    rows = {package: license_of(package) for package, _ in locked(LOCK)}
    lines = [
        "# Licenses",
        "",
        "<!-- Written by make licenses from requirements/runtime.txt and requirements/licenses.toml. -->",
        "",
        "The license of every package in `requirements/runtime.txt`, as the package declares it, or as the note says.",
        "None forbids or restricts use by an agency: `requirements/licenses.toml` has the licenses that are accepted,",
        "and `make test-security` refuses others. Some packages are only installed on some systems, and a few have one",
        "version for Python 3.11 and another for later ones; the tests read what is installed where they run.",
        "",
        "| package | license | note |",
        "| --- | --- | --- |",
        *(f"| {package} | {found.expression} | {found.accepted_because} |" for package, found in rows.items()),
    ]
    return "\n".join(lines) + "\n"


def bill_of_materials() -> dict[str, Any]:
    """The lock in CycloneDX format, with hashes and licenses; ``ValueError`` when it doesn't follow the schema."""
    tool = Path(sys.executable).with_name("cyclonedx-py")
    version = ["--sv", _SCHEMA.to_version(), "--of", "JSON", "--output-reproducible", "--no-validate"]
    project = ["--pyproject", str(PROJECT / "pyproject.toml")]
    made = subprocess.run(
        [tool, "requirements", *version, *project, str(LOCK)], capture_output=True, text=True, check=True
    )
    bill: dict[str, Any] = json.loads(made.stdout)
    for component in bill["components"]:
        if marker := re.search(r"; (.+?)\s+--hash", component.pop("description")):  # the line of the lock
            component["description"] = f"Only installed where {marker[1]}"
        # The tool hangs the hashes on an address that the lock doesn't have: of whatever registry this machine uses.
        references = component.pop("externalReferences")
        component["hashes"] = [of_a_file for reference in references for of_a_file in reference["hashes"]]
        component["licenses"] = [{"expression": license_of(component["name"]).expression}]
    for tool_used in bill["metadata"]["tools"]["components"]:
        del tool_used["externalReferences"]  # pages of its authors
    if wrong := JsonStrictValidator(_SCHEMA).validate_str(json.dumps(bill)):
        raise ValueError(str(wrong))
    return bill


def audit() -> int:
    """Prints which vulnerabilities of the locked versions are known; the exit status tells whether there are any."""
    of_one_environment = [lock for lock in LOCKS if lock != SUPERSET], [SUPERSET]
    reports = [_report_of_pip_audit(locks) for locks in of_one_environment]
    packages = [package for reported, _ in reports for package in reported]
    audited = [*{(package["name"], package["version"]): package for package in packages if "vulns" in package}.values()]
    if not audited:
        # A mirror without a database gives a reason for each package, all alike.
        print("Nothing was audited, most likely because no vulnerability database can be reached from here.")
        print(f"pip-audit says: {packages[0]['skip_reason'] if packages else reports[0][1]}")
        return NOT_AUDITED
    print("\n".join(findings(audited, locked(*LOCKS))))
    return FOUND if any(package["vulns"] for package in audited) else NOTHING_FOUND


def _report_of_pip_audit(locks: Sequence[Path]) -> tuple[list[dict[str, Any]], str]:
    """What it says of each package, or the last line of its complaint; the locks have one version of each package."""
    tool = Path(sys.executable).with_name("pip-audit")
    arguments = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "10", "--format", "json"]
    arguments += [argument for lock in locks for argument in ("--requirement", str(lock))]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        try:
            ran = subprocess.run(
                [tool, *arguments, "--output", report], capture_output=True, text=True, timeout=600, check=False
            )
        except subprocess.TimeoutExpired:
            return [], "no answer within ten minutes"
        if not report.exists():
            return [], (ran.stderr.splitlines() or ["nothing"])[-1]
        return json.loads(report.read_text())["dependencies"], ""


def findings(audited: Sequence[Mapping[str, Any]], expected: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What an audit found: a summary, a line for each vulnerability, and what it couldn't say anything about."""
    found = [(package, vulnerability) for package in audited for vulnerability in package["vulns"]]
    yield f"Known vulnerabilities: {len(found)}. Audited: {len(audited)} of {len(expected)} locked packages."
    for package, vulnerability in found:
        fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
        yield f"  {package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}"
    if left := sorted({*expected} - {(package["name"], package["version"]) for package in audited}):
        names = ", ".join(" ".join(package) for package in left)
        yield f"Not audited (for another platform or Python, or not in the database): {names}."


def main() -> int:
    """Runs one of the commands; returns the exit status."""
    parser = argparse.ArgumentParser(description="What is known of the locked packages.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("audit")
    commands.add_parser("licenses")
    commands.add_parser("sbom").add_argument("file", type=Path)
    given = parser.parse_args()
    if given.command == "audit":
        return audit()
    if given.command == "licenses":
        PAGE.write_text(licenses_page())
        return 0
    try:
        given.file.write_text(json.dumps(bill_of_materials(), indent=1) + "\n")
    except OSError as error:
        sys.exit(
            f"The bill of materials can't be written to {given.file}: {error.strerror}. Name another file with SBOM=."
        )
    print(f"{given.file}: the locked packages in CycloneDX format")
    return 0


if __name__ == "__main__":
    sys.exit(main())
