"""``yacp digest --preview`` over real releases, and what ``yacp doctor`` says about the list."""

import json
import re
from pathlib import Path

from conftest import DAY, DAY_BEFORE, Sample, yacp
from digest_setup import ADA, URL, publish_lists

from orchestration.settings import Settings


def test_the_preview_counts_what_the_lists_of_the_two_days_say(sample: Sample) -> None:
    [(address,)] = sample.query(
        "customers", "select min(email) from it.lists.entitlements where scope_type = 'statewide'"
    )
    parquet = sample.home / "published" / "parquet" / "customers" / "lists" / "line_customers"
    now, before = (f"read_parquet('{parquet}/as_of_date={day}/*.parquet')" for day in (DAY, DAY_BEFORE))
    turned, resolved = sample.query(
        "customers",
        f"with now as (from {now} where colour = 'red'), before as (from {before} where colour = 'red')"
        " select count(*) from (from now anti join before using (line_key, customer_id))"
        " union all select count(*) from (from before anti join now using (line_key, customer_id))",
    )
    shown = yacp(sample.home, "digest", "--preview", str(address), variables={"YACP_DIGEST_URL": URL})
    assert shown.returncode == 0, shown.stderr
    assert "not in YACP_DIGEST_TO" in shown.stderr
    assert shown.stdout.startswith("Digest of Monday, November 23\n")
    said = {what: sum(map(int, re.findall(rf"(\d+) {what}", shown.stdout))) for what in ("turned red", "resolved")}
    assert said == {"turned red": turned[0], "resolved": resolved[0]}
    assert turned[0]
    assert resolved[0]
    names = sample.query("customers", "select last_name from it.lists.customers")
    assert not [name for (name,) in names if str(name) in shown.stdout]


def test_the_preview_is_refused_for_somebody_without_an_entitlement(sample: Sample) -> None:
    refused = yacp(sample.home, "digest", "--preview", "nobody@example.org")
    assert refused.returncode == 2
    assert "entitles nobody with this address to anything" in refused.stderr
    assert "nobody@example.org" not in refused.stderr


def test_the_doctor_names_the_lines_of_the_list_that_are_nobody(config: Settings, tmp_path: Path) -> None:
    publish_lists(config, DAY_BEFORE, DAY)
    file = tmp_path / "digest.txt"
    given = {
        "YACP_DIGEST_TO": str(file),
        "YACP_DIGEST_URL": URL,
        "YACP_SMTP_HOST": "127.0.0.1",
        "YACP_MAIL_FROM": "yacp@example.org",
        "YACP_MAIL_TO": "night@example.org",
    }
    file.write_text(f"# the team\n{ADA.upper()}\nstranger@example.org\n\nno address\n")
    doctor = _digest(config, given)
    assert not doctor["ok"]
    assert doctor["found"] == "2 of 3 addresses are nobody on the staff extract who may see anything: line 3, 5"
    file.write_text(f"{ADA}\n")
    assert _digest(config, given) | {"what": ""} == {
        "what": "",
        "ok": True,
        "found": "1 on the list, all on the staff extract",
        "mend": "",
    }
    file.unlink()
    assert "can't be read as text" in _digest(config, given)["mend"]
    assert _digest(config, given | {"YACP_SMTP_HOST": ""})["found"] == "there is no mail server"


def _digest(config: Settings, given: dict[str, str]) -> dict[str, str]:
    rows = json.loads(yacp(config.home, "doctor", "--format", "json", variables=given).stdout)
    (found,) = [row for row in rows if row["what"].startswith("morning digest")]
    return dict(found)
