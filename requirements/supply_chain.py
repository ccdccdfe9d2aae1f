"""What is known of the locked packages: vulnerabilities, a bill of materials, and licenses.

python requirements/supply_chain.py audit | sbom FILE | licenses
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements" / "runtime.txt"
LICENSES = tomllib.loads((PROJECT / "requirements" / "licenses.toml").read_text())
PAGE = PROJECT / "docs" / "licenses.md"

_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
_SCHEMA = SchemaVersion.V1_6


@dataclass(frozen=True)
class License:
    """What a package may be used under, as an SPDX expression, and why that is accepted where its name doesn't say."""

    expression: str
    accepted_because: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether one side of each "or" is accepted in all its parts, or somebody has given a reason."""
        choices = self.expression.replace("(", "").replace(")", "").split(" OR ")
        return bool(self.accepted_because) or any(
            all(part in LICENSES["accepted"] for part in choice.split(" AND ")) for choice in choices
        )


def locked() -> list[tuple[str, str]]:
    """Every package of the lock with its version; one that has other versions elsewhere is there more than once."""
    return sorted(set(_LOCKED.findall(LOCK.read_text())))


def license_of(package: str) -> License:
    """From licenses.toml, or from the metadata of the installed package; "unknown" where neither says."""
    if own := LICENSES["packages"].get(package):
        return License(own["license"], own["accepted_because"])
    try:
        about = metadata(package)
    except PackageNotFoundError:
        return License("unknown")
    if expression := about.get("License-Expression"):
        return License(expression)
    classifiers = about.get_all("Classifier", [])
    found = [name.rpartition(" :: ")[2] for name in classifiers if name.startswith("License ::")]
    says = found or [about.get("License") or "unknown"]
    return License(" AND ".join(LICENSES["says"].get(name, name) for name in says))


def licenses_page() -> str:
    """docs/licenses.md."""
    rows = {package: license_of(package) for package, _ in locked()}
    lines = [
        "# Licenses",
        "",
        "<!-- Written by make licenses from requirements/runtime.txt and requirements/licenses.toml. -->",
        "",
        "The license of every package that is installed with yacp. None forbids or restricts use by an agency;",
        "`requirements/licenses.toml` has the ones that are accepted, and `make test-security` refuses others.",
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
        component.pop("description", None)  # the line of the lock once more
        component["licenses"] = [{"expression": license_of(component["name"]).expression}]
    if wrong := JsonStrictValidator(_SCHEMA).validate_str(json.dumps(bill)):
        raise ValueError(str(wrong))
    return bill


def audit() -> int:
    """Prints which vulnerabilities of the locked versions are known; 1 if there are any."""
    tool = Path(sys.executable).with_name("pip-audit")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        arguments = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "10", "--format", "json"]
        try:
            subprocess.run(
                [tool, "--requirement", LOCK, *arguments, "--output", report],
                capture_output=True, timeout=180, check=False,
            )  # fmt: skip
            packages = json.loads(report.read_text())["dependencies"]
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
            packages = []
    lines = list(findings(packages))
    print("\n".join(lines))
    return int(len(lines) > 1)


def findings(packages: list[Mapping[str, Any]]) -> Iterator[str]:
    """What an audit found: a summary, and a line for each vulnerability."""
    audited = [package for package in packages if "vulns" in package]
    found = [(package, vulnerability) for package in audited for vulnerability in package["vulns"]]
    if audited:
        yield f"{len(found)} known vulnerabilities in {len(audited)} of {len(packages)} locked packages audited."
    else:
        yield "The vulnerability database can't be reached from here; nothing was audited."
    for package, vulnerability in found:
        fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
        yield f"  {package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}"


def main(command: str, *arguments: str) -> int:
    """Runs one of the commands; returns the exit status."""
    if command == "audit":
        return audit()
    if command == "sbom":
        target = Path(*arguments)
        target.write_text(json.dumps(bill_of_materials(), indent=1) + "\n")
        print(f"{target}: the locked packages in CycloneDX format")
    else:
        PAGE.write_text(licenses_page())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
