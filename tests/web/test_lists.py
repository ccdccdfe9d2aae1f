"""The lists behind the counts: their rows, filters, sort orders and files, and the log of who saw them."""

import csv
import io
import re
import tempfile
import zipfile
from datetime import date, timedelta
from html import escape, unescape
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest
from conftest import DAY, DAY_BEFORE, Sample
from dashboard_site import Person, Site, rows_with, site_over

from dashboard.customer_lists import IWDS_STATUSES, PAGE_SIZE, SORTS
from dashboard.file_formats import Column, write_csv, write_xlsx
from orchestration.contract.systems import SYSTEMS

SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def in_scope(scope: str) -> str:
    kind, _, name = scope.partition(":")
    return {"lwia": f"lwia_number = {name or 0}", "provider": f"provider_id = '{name}'"}.get(kind, "true")


def customers(sample: Sample, line: str, condition: str, day: date = DAY) -> list[str]:
    parquet = sample.home / "published/parquet/customers/lists/line_customers" / f"as_of_date={day}/data.parquet"
    found = sample.query(
        "customers",
        f"select customer_id from read_parquet('{parquet}') where line_key = '{line}' and {condition} order by 1",
    )
    return [str(row[0]) for row in found]


def listed(site: Site, address: str, email: str) -> list[str]:
    """The customers on a list, page after page, as a person follows its links."""
    found: list[str] = []
    while address:
        page = site.get(address, email)
        assert page.status_code == 200, address
        found += [row["data-customer"] for row in rows_with(page.text, "customer")]
        following = re.search(r'<nav class="pager".*?rel="next" href="([^"]*)"', page.text, re.DOTALL)
        address = unescape(following[1]) if following else ""
    return found


def downloaded(site: Site, address: str, email: str) -> list[dict[str, str]]:
    answer = site.get(address, email)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("day", [DAY, DAY_BEFORE])
@pytest.mark.parametrize(
    "line", ["not_synced", "inquirant", "progress_overdue", "open_request_overdue", "review_declined"]
)
def test_a_list_has_the_rows_of_the_mart(site: Site, sample: Sample, planner: Person, line: str, day: date) -> None:
    address = f"/lines/{line}?scope={planner.scope}&as_of={day}"
    expected = customers(sample, line, in_scope(planner.scope), day)
    assert sorted(listed(site, address, planner.email)) == expected
    assert (
        sorted(row["Customer ID"] for row in downloaded(site, address.replace("?", ".csv?"), planner.email)) == expected
    )


def test_every_count_has_a_list_of_that_length(site: Site, super_user: Person, planner: Person) -> None:
    for person in (super_user, planner):
        rows = rows_with(site.get("/", person.email).text, "line")
        links = {row["href"]: row["count"] for row in rows if "href" in row}
        assert len(links) > 20
        for href, count in links.items():
            page = site.get(unescape(href), person.email).text
            assert f'data-matching="{count.replace(",", "")}"' in page


def test_every_sort_order_pages_through_the_whole_list(site: Site, sample: Sample, super_user: Person) -> None:
    expected, path = customers(sample, "review_declined", "true"), "/lines/review_declined"
    assert len(expected) > 2 * PAGE_SIZE
    for sort in SORTS:
        up = listed(site, f"{path}?sort={sort}", super_user.email)
        assert sorted(up) == expected
        assert sorted(listed(site, f"{path}?sort=-{sort}", super_user.email)) == expected
    assert listed(site, f"{path}?sort=customer", super_user.email) == expected
    assert listed(site, f"{path}?sort=-customer", super_user.email) == expected[::-1]
    last = -(-len(expected) // PAGE_SIZE)
    assert site.get(f"{path}?page={last}", super_user.email).status_code == 200
    assert site.get(f"{path}?page={last + 1}", super_user.email).status_code == 404


def test_the_longest_overdue_come_first(site: Site, super_user: Person) -> None:
    rows = downloaded(site, "/lines/progress_overdue.csv", super_user.email)
    overdue = [int(row["Days overdue"]) for row in rows]
    assert len(set(overdue)) > 3
    assert overdue == sorted(overdue, reverse=True)


@pytest.mark.parametrize(
    ("line", "query", "condition"),
    [
        ("not_synced", "sync=match_available", "sync_status = 'match_available'"),
        ("progress_due", "iwds=registrant", "iwds_status = 'registrant'"),
        ("not_synced", "initial=b", "lower(strip_accents(last_name)) like 'b%'"),
        ("progress_due", "due=overdue", "days_overdue > 0"),
        ("ready_for_review", "due=overdue_a_year", f"due_date < date '{DAY.replace(year=DAY.year - 1)}'"),
        ("progress_due", "due=5", f"due_date between date '{DAY}' and date '{DAY + timedelta(days=4)}'"),
        ("not_synced", "sync=no_match&initial=s", "sync_status = 'no_match' and last_name ilike 's%'"),
    ],
)
def test_filters_narrow_a_list(
    site: Site, sample: Sample, super_user: Person, line: str, query: str, condition: str
) -> None:
    expected = customers(sample, line, condition)
    assert 0 < len(expected) < len(customers(sample, line, "true"))
    assert sorted(listed(site, f"/lines/{line}?{query}", super_user.email)) == expected
    rows = downloaded(site, f"/lines/{line}.csv?{query}", super_user.email)
    assert sorted(row["Customer ID"] for row in rows) == expected


def test_the_due_filter_has_the_published_horizons(site: Site, sample: Sample, super_user: Person) -> None:
    horizons = sample.query("dashboard", "select distinct days_until_red from it.sections.coming_due order by 1")
    assert len(horizons) > 1
    page = site.get("/lines/progress_due", super_user.email).text
    choices = re.findall(r'<option value="([^"]*)"', page.partition('name="due"')[2].partition("</select>")[0])
    assert choices == ["", "overdue", "overdue_a_year", *(str(days) for (days,) in horizons)]
    for (days,) in horizons:
        assert site.get(f"/lines/progress_due?due={days}", super_user.email).status_code == 200


def test_a_list_can_be_filtered_by_provider(site: Site, sample: Sample, planner: Person) -> None:
    ((provider,),) = sample.query(
        "customers",
        f"select any_value(provider_id) from it.lists.sync_problems where {in_scope(planner.scope)}",
    )
    address = f"/lines/not_synced?scope={planner.scope}"
    assert f'<option value="{provider}">' in site.get(address, planner.email).text
    expected = customers(sample, "not_synced", f"{in_scope(planner.scope)} and provider_id = '{provider}'")
    assert sorted(listed(site, f"{address}&provider={provider}", planner.email)) == expected


def test_the_lists_of_entered_and_left_match_the_changes(site: Site, sample: Sample, super_user: Person) -> None:
    page = site.get("/changes", super_user.email).text
    links = re.findall(r'<a href="(/lines/(\w+)[^"]*moved=(\w+))">([\d,]+)</a>', unescape(page))
    assert {move for _, _, move, _ in links[:8]} == {"entered", "left"}
    for href, line, move, count in links[:8]:
        now, before = (set(customers(sample, line, "true", day)) for day in (DAY, DAY_BEFORE))
        expected = now - before if move == "entered" else before - now
        assert set(listed(site, href, super_user.email)) == expected
        assert len(expected) == int(count.replace(",", ""))


def test_the_iwds_statuses_are_those_of_the_contract() -> None:
    (iwds,) = [system for system in SYSTEMS if system.name == "iwds"]
    (status,) = [column for column in iwds.extract("applications").columns if column.name == "status"]
    assert set(IWDS_STATUSES) == set(status.codes)


def test_sync_problems_show_the_reason_and_the_next_step(site: Site, sample: Sample, planner: Person) -> None:
    problems = sample.query(
        "customers",
        "select customer_id, next_step, coalesce(iwds_candidate_ids, '') from it.lists.sync_problems"
        f" where {in_scope(planner.scope)} order by customer_id",
    )
    address = f"/sync-problems?scope={planner.scope}"
    assert sorted(listed(site, address, planner.email)) == [row[0] for row in problems]
    rows = downloaded(site, address.replace("?", ".csv?"), planner.email)
    shown = sorted((row["Customer ID"], row["Next Steps"], row["IWDS persons found"]) for row in rows)
    assert shown == [tuple(map(str, row)) for row in problems]
    page = unescape(site.get(address, planner.email).text)
    assert all(str(step) in page for _, step, _ in problems[:1])
    assert site.get(f"{address}&sync=match_available", planner.email).status_code == 200


def test_next_steps_of_the_line_not_synced_depend_on_the_sync_status(
    site: Site, sample: Sample, planner: Person
) -> None:
    page = unescape(site.get(f"/lines/not_synced?scope={planner.scope}", planner.email).text)
    steps = dict(re.findall(r'<div id="step-(\w+)"><dt>[^<]+</dt><dd>([^<]+)</dd>', page))
    published = sample.query(
        "customers",
        f"select distinct sync_status, next_step from it.lists.sync_problems where {in_scope(planner.scope)}",
    )
    assert published
    assert steps == dict(published)
    assert set(re.findall(r'href="#step-(\w+)"', page)) == set(steps)


def test_a_workbook_has_the_whole_list(site: Site, sample: Sample, super_user: Person) -> None:
    answer = site.get("/lines/not_synced.xlsx", super_user.email)
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    assert f'filename="not_synced_statewide_{DAY}.xlsx"' in answer.headers["content-disposition"]
    cells = read_workbook(answer.content)
    assert cells[0][2] == "Customer ID"
    assert sorted(row[2] for row in cells[1:]) == customers(sample, "not_synced", "true")


def read_workbook(content: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own
        assert not list(sheet.iter(f"{SPREADSHEET}f"))  # no formula
        assert not list(sheet.iter(f"{SPREADSHEET}hyperlink"))
        return [
            ["".join(cell.itertext()).replace("_x000D_", "\r") for cell in row.iter(f"{SPREADSHEET}c")]
            for row in sheet.iter(f"{SPREADSHEET}row")
        ]


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@cmd", "\t=1", "\r=1", " =1", "＝1", "=HYPERLINK(0)"])
def test_no_text_in_a_file_becomes_a_formula(value: str) -> None:
    columns = [Column("Name", "name"), Column("Days", "days")]
    rows = [{"name": value, "days": -3}]
    text, book = io.BytesIO(), io.BytesIO()
    assert write_csv(text, columns, rows) == 1
    text.seek(0)
    (row,) = csv.DictReader(io.StringIO(text.read().decode("utf-8-sig"), newline=""))
    assert row == {"Name": f"'{value}", "Days": "-3"}
    assert write_xlsx(book, columns, rows, "list") == 1
    name, days = read_workbook(book.getvalue())[1]
    assert (name.strip(), days) == (value.strip(), "-3")


def test_the_address_of_a_record_is_a_link_in_a_workbook_and_text_in_csv() -> None:
    columns = [Column("Name", "name"), Column("Record", "customer_url", is_link=True)]
    addresses = ["https://portal.example.org/c/C1?a=1&b=2", None, "internal:Sheet1!A1", "javascript:alert(1)"]
    rows = [{"name": f"https://not.example.org/{number}", "customer_url": url} for number, url in enumerate(addresses)]
    text, book = io.BytesIO(), io.BytesIO()
    assert write_csv(text, columns, rows) == write_xlsx(book, columns, rows, "list") == 4
    assert [row["Record"] for row in csv.DictReader(io.StringIO(text.getvalue().decode("utf-8-sig")))] == [
        address or "" for address in addresses
    ]
    with zipfile.ZipFile(book) as opened:
        links = opened.read("xl/worksheets/_rels/sheet1.xml.rels").decode()
    assert re.findall(r'Target="([^"]*)"', links) == [escape(str(addresses[0]))]


def test_a_list_says_what_to_act_on_and_who_the_planner_is(site: Site, sample: Sample, super_user: Person) -> None:
    expected = sample.query(
        "customers",
        "select customer_id, what, coalesce(career_planner_email, '') from it.lists.line_customers"
        " where line_key = 'open_request' order by 1",
    )
    rows = downloaded(site, "/lines/open_request.csv", super_user.email)
    assert sorted((row["Customer ID"], row["Details"], row["Career planner"]) for row in rows) == expected
    assert all(str(what).startswith("Requested: ") for _, what, _ in expected)
    page = unescape(site.get("/lines/open_request", super_user.email).text)
    assert str(expected[0][1]) in page


def test_each_list_and_download_is_logged_without_names(site: Site, sample: Sample, planner: Person) -> None:
    expected = len(customers(sample, "not_synced", in_scope(planner.scope)))
    query = f"scope={planner.scope}"
    site.get(f"/?{query}", planner.email)
    site.get(f"/lines/not_synced?{query}&initial=b&sort=name", planner.email)
    site.get(f"/lines/not_synced.csv?{query}", planner.email)
    site.get(f"/lines/not_synced.xlsx?{query}", planner.email)
    site.get(f"/sync-problems?{query}&as_of={DAY_BEFORE}", planner.email)
    first, *others = site.logged()
    assert (first["view"], first["filters"]) == ("list", ["initial"])
    shared = {"who": planner.email, "scope": planner.scope, "release": f"{DAY}-1"}
    assert all(entry.items() >= shared.items() for entry in (first, *others))
    assert [(e["view"], e["line"], e["as_of"]) for e in others] == [
        ("csv", "not_synced", str(DAY)),
        ("xlsx", "not_synced", str(DAY)),
        ("list", "sync_problems", str(DAY_BEFORE)),
    ]
    assert [entry["rows"] for entry in others[:2]] == [expected, expected]
    assert set(first) == {
        "at",
        "who",
        "view",
        "line",
        "scope",
        "as_of",
        "release",
        "rows",
        "matching",
        "filters",
        "page",
    }


def test_a_list_that_can_t_be_logged_isn_t_shown(sample: Sample, super_user: Person, site: Site) -> None:
    site.log.mkdir()  # no one can append to a folder
    try:
        for address in ("/lines/not_synced", "/lines/not_synced.csv", "/sync-problems.xlsx"):
            answer = site.get(address, super_user.email)
            assert answer.status_code == 503
            assert "data-customer" not in answer.text
        assert site.get("/", super_user.email).status_code == 200
    finally:
        site.log.rmdir()


def test_downloads_work_again_after_their_process_died(site: Site, super_user: Person) -> None:
    first = downloaded(site, "/lines/not_synced.csv", super_user.email)
    (writer,) = [child for child in psutil.Process().children() if "dashboard.download_writer" in child.cmdline()]
    writer.kill()
    writer.wait()
    assert downloaded(site, "/lines/not_synced.csv", super_user.email) == first


def test_downloads_leave_nothing_on_disk(
    sample: Sample, super_user: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when the writer dies halfway: the file never has a name."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    site = site_over(sample.home / "published", tmp_path)
    with site.client:
        for kind in ("csv", "xlsx"):
            assert len(site.get(f"/lines/not_synced.{kind}", super_user.email).content) > 5000
        assert list(scratch.iterdir()) == []
