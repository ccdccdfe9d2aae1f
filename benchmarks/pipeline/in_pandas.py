"""The seven section tables in pandas, as an analyst would write them: no checks, no quarantine, no history.

python in_pandas.py WORKNET_FOLDER IWDS_FOLDER SEEDS DAY OUT
"""

import sys
from pathlib import Path

import pandas as pd

TEXTS = (
    "customer_id provider_id iwds_customer_id application_id iwds_application_id worknet_application_id ssn_last4"
    " service_code status outcome recommendation training_program service_name permanent_employment_status"
    " postsecondary_education_status"
)
IDS = dict.fromkeys(TEXTS.split(), "string")
SECTIONS = (
    "application_status", "suitability_review", "enrollment_status", "progress_page_update", "case_note_update",
    "customer_services", "program_completion",
)  # fmt: skip
UPDATES = ("progress_page_update", "case_note_update")


def read(path: Path, columns: list[str]) -> pd.DataFrame:
    return pd.read_csv(path, usecols=columns, dtype=IDS)


def chicago(instants: pd.Series) -> pd.Series:
    local = pd.to_datetime(instants, utc=True, format="ISO8601").dt.tz_convert("America/Chicago")
    return local.dt.tz_localize(None).dt.normalize()


def service_key(names: pd.Series) -> pd.Series:
    return names.str.lower().str.replace(r"\s", "", regex=True)


def choose(frame: pd.DataFrame, cases: list[tuple[pd.Series, str]], otherwise: str) -> pd.Series:
    line = pd.Series(otherwise, index=frame.index, dtype="object")
    for condition, key in reversed(cases):
        line = line.mask(condition.fillna(False).astype(bool), key)
    return line


def latest(frame: pd.DataFrame, by: str, order: list[str]) -> pd.DataFrame:
    return frame.sort_values(order).drop_duplicates(by, keep="last")


def counting(applications: pd.DataFrame, iwds: pd.DataFrame) -> pd.DataFrame:
    """The application of each customer that counts, with the day from which reviews and completions are about it.

    Somebody who is enrolled and starts a new application is still counted by the one they are enrolled with.
    """
    order = ["customer_id", "prescreening_started_at", "application_id"]
    ranked = applications.sort_values(order)
    newest = ~ranked["customer_id"].duplicated(keep="last")
    decided = ranked["application_submitted_at"].notna() | ranked["outcome"].notna()
    undecided = set(ranked.loc[newest & ~decided, "customer_id"])
    at_work = iwds.loc[iwds["status"].notna() & (iwds["status"] != "exited"), "worknet_application_id"]
    enrolling = (
        ranked["application_submitted_at"].notna()
        & ranked["outcome"].isna()
        & ranked["application_id"].isin(at_work.dropna())
    )
    earlier = latest(ranked[~newest & enrolling & ranked["customer_id"].isin(undecided)], "customer_id", order)
    chosen = pd.concat([ranked[newest & ~ranked["customer_id"].isin(earlier["customer_id"])], earlier]).copy()
    has_other = chosen["customer_id"].isin(ranked.loc[~newest, "customer_id"])
    chosen["counts_from"] = chicago(chosen["prescreening_started_at"]).where(has_other)
    return chosen


def about(frame: pd.DataFrame, now: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows that aren't about an earlier application."""
    counts_from = frame["customer_id"].map(now.set_index("customer_id")["counts_from"])
    return frame[~(chicago(frame[column]) < counts_from)]


def speaking(customers: pd.DataFrame, applications: pd.DataFrame, iwds: pd.DataFrame, began: pd.Series) -> pd.DataFrame:
    """The IWDS application of each synced customer; ``began`` is the day on which each one's application began."""
    linked = customers.dropna(subset="iwds_customer_id")
    linked = linked[~linked["iwds_customer_id"].duplicated(keep=False)]
    person = latest(iwds, "iwds_customer_id", ["application_date", "iwds_application_id"])
    both = linked.merge(person, on="iwds_customer_id", suffixes=("", "_iwds"))
    agrees = both["ssn_last4_iwds"].isna() | (both["ssn_last4"] == both["ssn_last4_iwds"]).fillna(False)
    both = both[agrees & (both["date_of_birth"] == both["date_of_birth_iwds"])]
    own = both[["customer_id", "iwds_customer_id"]].merge(
        iwds[["iwds_customer_id", "iwds_application_id", "worknet_application_id", "status", "status_date",
              "application_date", "certified_on", "exited_on"]],
        on="iwds_customer_id",
    )  # fmt: skip
    own = own.merge(
        applications[["application_id", "customer_id"]],
        left_on=["worknet_application_id", "customer_id"],
        right_on=["application_id", "customer_id"],
    )
    is_closed = (own["status"] == "exited") & (own["exited_on"] < own["customer_id"].map(began))
    own = own[~is_closed.fillna(False).astype(bool)]
    return latest(own, "customer_id", ["application_date", "iwds_application_id"])


def memberships(worknet: Path, iwds_folder: Path, seeds: Path, day: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who is on which line since when, without the red parts, and who has services."""
    customers = read(
        worknet / "customers.csv",
        ["customer_id", "iwds_customer_id", "ssn_last4", "date_of_birth"],
    )
    applications = read(
        worknet / "applications.csv",
        ["application_id", "customer_id", "prescreening_started_at", "prescreening_completed_at",
         "application_started_at", "application_submitted_at", "outcome"],
    )  # fmt: skip
    iwds = read(
        iwds_folder / "applications.csv",
        ["iwds_application_id", "iwds_customer_id", "worknet_application_id", "ssn_last4", "date_of_birth", "status",
         "status_date", "application_date", "certified_on", "exited_on"],
    )  # fmt: skip
    for column in ("status_date", "application_date", "certified_on", "exited_on"):
        iwds[column] = pd.to_datetime(iwds[column])
    now = counting(applications, iwds)
    steps = {
        "started": "prescreening_started_at",
        "completed": "prescreening_completed_at",
        "application_started": "application_started_at",
        "submitted": "application_submitted_at",
    }
    for step, column in steps.items():
        now[step] = chicago(now[column])
    now["line_key"] = choose(
        now,
        [
            (now["outcome"] == "not_suitable", "application_not_suitable"),
            (now["outcome"] == "declined", "application_declined"),
            (now["submitted"].notna(), "application_submitted"),
            (now["application_started"].notna(), "application_started"),
            (now["completed"].notna(), "application_not_started"),
        ],
        "prescreening_started",
    )
    since = now["submitted"].fillna(now["application_started"]).fillna(now["completed"]).fillna(now["started"])
    parts = [now.assign(section_key="application_status", since=since.where(now["outcome"].isna()))]

    reviews = read(
        worknet / "suitability_reviews.csv", ["customer_id", "training_program", "recommendation", "recommended_at"]
    )
    review = now.loc[now["line_key"] == "application_submitted", ["customer_id", "submitted"]]
    review = review.merge(about(reviews, now, "recommended_at"), on="customer_id", how="left")
    ready = (review["recommendation"] == "ready_for_enrollment") & review["training_program"].notna()
    review["line_key"] = choose(
        review,
        [
            (review["recommendation"] == "not_suitable", "review_not_suitable"),
            (review["recommendation"] == "declined_to_participate", "review_declined"),
            (ready, "ready_for_enrollment"),
        ],
        "ready_for_review",
    )
    parts.append(review.assign(section_key="suitability_review", since=review["submitted"]))

    enrolling = review.loc[review["line_key"] == "ready_for_enrollment", ["customer_id", "recommended_at"]].copy()
    enrolling["recommended"] = chicago(enrolling["recommended_at"])
    spoken = speaking(customers, applications, iwds, now.set_index("customer_id")["started"])
    enrolling = enrolling.merge(
        spoken[
            [
                "customer_id",
                "iwds_application_id",
                "status",
                "status_date",
                "application_date",
                "certified_on",
                "exited_on",
            ]
        ],
        on="customer_id",
        how="left",
    )
    completions = read(
        worknet / "program_completions.csv",
        ["customer_id", "status", "industry_credential", "postsecondary_credential", "permanent_employment_status",
         "postsecondary_education_status", "recorded_at"],
    ).rename(columns={"status": "completion"})  # fmt: skip
    enrolling = enrolling.merge(about(completions, now, "recorded_at"), on="customer_id", how="left")
    credential = enrolling["industry_credential"].eq(True) | enrolling["postsecondary_credential"].eq(True)
    enrolling["credential"] = credential
    for name, column in (
        ("employment", "permanent_employment_status"),
        ("education", "postsecondary_education_status"),
    ):
        enrolling[name] = enrolling[column].isin(["started", "open"])
    enrolling["outcome"] = enrolling[["credential", "employment", "education"]].any(axis=1)
    status, completion = enrolling["status"], enrolling["completion"]
    enrolling["line_key"] = choose(
        enrolling,
        [
            (status.isna(), "not_synced"),
            ((status == "registrant") & completion.isin(["successful", "unsuccessful"]), "completed_registrant"),
            (status == "exited", "completed_exited"),
            (status == "inquirant", "inquirant"),
            (status == "applicant", "applicant"),
        ],
        "registrant",
    )
    parts.append(enrolling.assign(section_key="enrollment_status", since=enrolling["status_date"]))

    long_exited = (status == "exited").fillna(False) & (enrolling["exited_on"] + pd.DateOffset(years=1) < day)
    for section, prefix, file, column in (
        ("progress_page_update", "progress", "progress_updates.csv", "updated_at"),
        ("case_note_update", "case_note", "case_notes.csv", "entered_at"),
    ):
        rows = read(worknet / file, ["customer_id", column])
        last = chicago(rows.groupby("customer_id")[column].max()).rename("last")
        own = enrolling["customer_id"].map(last)
        seen = own.fillna(enrolling["recommended"])
        current = own if prefix == "case_note" else seen
        line = choose(
            enrolling,
            [
                (long_exited, f"{prefix}_not_required"),
                (current.isna() | ((day - current).dt.days > 30), f"{prefix}_due"),
            ],
            f"{prefix}_current",
        )
        parts.append(enrolling.assign(section_key=section, line_key=line, since=seen))

    served = enrolling[status.isin(["applicant", "registrant", "exited"]).fillna(False)].copy()
    parts += service_lines(served, worknet, iwds_folder, seeds)
    columns = ["customer_id", "section_key", "line_key", "since"]
    return pd.concat([part[columns] for part in parts], ignore_index=True), served[["customer_id"]]


def service_lines(served: pd.DataFrame, worknet: Path, iwds_folder: Path, seeds: Path) -> list[pd.DataFrame]:
    """Sections 6 and 7."""
    catalogue = pd.read_csv(seeds / "service_catalogue.csv", dtype={"service_code": "string"})
    services = read(
        iwds_folder / "services.csv",
        ["iwds_application_id", "service_code", "service_name", "start_date", "status"],
    ).rename(columns={"status": "service_status"})
    services = served[["customer_id", "iwds_application_id"]].merge(services, on="iwds_application_id")
    services = services.merge(catalogue[["service_code", "category", "is_iss"]], on="service_code", how="left")
    services["key"] = service_key(services["service_name"])
    active = services[services["service_status"].isin(["started", "open", "complete"])]
    planned = read(worknet / "services.csv", ["customer_id", "service_name", "start_date", "status", "requested_at"])
    planned = planned[planned["status"].isin(["not_started", "open_request"])]
    requests = planned[planned["status"] == "open_request"].copy()
    requests["key"] = service_key(requests["service_name"])
    answered = services[["customer_id", "key", "start_date"]].drop_duplicates()
    requests = requests.merge(answered, on=["customer_id", "key", "start_date"], how="left", indicator=True)
    requests = requests[requests["_merge"] == "left_only"]
    requested = chicago(requests["requested_at"]).fillna(pd.to_datetime(requests["start_date"]))
    opened = requested.groupby(requests["customer_id"]).min()
    credentials = read(iwds_folder / "credentials.csv", ["iwds_application_id", "earned_on"])
    credentials = served[["customer_id", "iwds_application_id", "status", "application_date", "certified_on",
                          "exited_on"]].merge(credentials, on="iwds_application_id")  # fmt: skip
    earned = pd.to_datetime(credentials["earned_on"])
    ends = credentials["exited_on"].where((credentials["status"] == "exited").fillna(False))
    begins = credentials["certified_on"].fillna(credentials["application_date"])
    credentials = credentials[(earned >= begins) & ~(earned > ends)]

    status, completion = served["status"], served["completion"]
    applicant, registrant = status == "applicant", status == "registrant"
    registered = status.isin(["registrant", "exited"])
    who = served["customer_id"]
    has_request = who.isin(opened.index)
    success = registered & (completion == "successful").fillna(False) & served["outcome"]
    lines = [
        ("customer_services", "no_iwds_services", applicant & ~who.isin(services["customer_id"])),
        ("customer_services", "open_request", (applicant | registrant) & has_request),
        (
            "customer_services",
            "no_planned_services",
            (applicant & ~who.isin(planned["customer_id"]))
            | (registrant & ~who.isin(services.loc[services["is_iss"].eq(True), "customer_id"])),
        ),
        *(
            (
                "customer_services",
                line,
                registered & who.isin(active.loc[active["category"] == category, "customer_id"]),
            )
            for line, category in (
                ("case_management_service", "career"),
                ("academic_learning_service", "training"),
                ("work_based_learning_service", "work_based_learning"),
            )
        ),
        (
            "customer_services",
            "industry_credential",
            registered & who.isin(credentials["customer_id"]),
        ),
        ("program_completion", "not_complete", completion.fillna("not_complete") == "not_complete"),
        ("program_completion", "completed_successfully", success),
        ("program_completion", "earned_credential", success & served["credential"]),
        ("program_completion", "gained_employment", success & served["employment"]),
        ("program_completion", "continued_education", success & served["education"]),
        (
            "program_completion",
            "completed_unsuccessfully",
            registered & (completion == "unsuccessful").fillna(False) & ~served["outcome"],
        ),
        (
            "program_completion",
            "withdrew",
            registered & (completion == "withdrew").fillna(False) & ~served["outcome"],
        ),
    ]
    since = who.map(opened)
    return [
        served[condition.fillna(False).astype(bool)].assign(section_key=section, line_key=line, since=since)
        for section, line, condition in lines
    ]


def spread(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Distinct customers statewide, per LWIA, and per provider."""
    parts = []
    for scope_type, column in (("statewide", None), ("lwia", "lwia_number"), ("provider", "provider_id")):
        scope = "IL" if column is None else frame[column].astype("string")
        counted = frame.assign(scope_type=scope_type, scope_id=scope)
        parts.append(counted.groupby(["scope_type", "scope_id", *keys])["customer_id"].nunique().reset_index())
    return pd.concat(parts, ignore_index=True)


def dashboard(worknet: Path, iwds_folder: Path, seeds: Path, day: pd.Timestamp) -> pd.DataFrame:
    lines = pd.read_csv(seeds / "dashboard_lines.csv")
    members, served = memberships(worknet, iwds_folder, seeds, day)
    red = lines.loc[(lines["colour"] == "red") & lines["parent_line_key"].notna()]
    red = red[["section_key", "line_key", "parent_line_key"]].rename(
        columns={"line_key": "red_key", "parent_line_key": "line_key"}
    )
    overdue = members.merge(red, on=["section_key", "line_key"])
    limit = overdue["section_key"].isin(UPDATES).map({True: 35, False: 5})
    overdue = overdue[(day - overdue["since"]).dt.days > limit]
    overdue = overdue.drop(columns="line_key").rename(columns={"red_key": "line_key"})
    eligible = pd.concat(
        [
            members.loc[members["section_key"].isin(SECTIONS[:5]), ["customer_id", "section_key"]],
            *(served.assign(section_key=section) for section in SECTIONS[5:]),
        ]
    ).drop_duplicates()
    members = pd.concat([members, overdue], ignore_index=True)
    where = read(worknet / "customers.csv", ["customer_id", "provider_id", "lwia_number"])
    members = members.merge(where, on="customer_id").merge(
        lines[["section_key", "line_key", "colour", "parent_line_key"]], on=["section_key", "line_key"]
    )
    in_rate = members["colour"].isin(["green", "grey"]) & members["parent_line_key"].isna()
    section, line = ["section_key"], ["section_key", "line_key"]
    keys = ["scope_type", "scope_id", "section_key"]
    counts = spread(members, line).rename(columns={"customer_id": "customer_count"})
    totals = spread(members, section).rename(columns={"customer_id": "total"})
    bases = spread(members[in_rate], section).rename(columns={"customer_id": "base"})
    entitled = spread(eligible.merge(where, on="customer_id"), section).rename(
        columns={"customer_id": "eligible_count"}
    )
    providers = read(worknet / "providers.csv", ["provider_id"])["provider_id"]
    lwias = where["lwia_number"].astype("string").unique()
    scopes = pd.DataFrame(
        [("statewide", "IL"), *(("lwia", x) for x in lwias), *(("provider", x) for x in providers)],
        columns=["scope_type", "scope_id"],
    )
    last = lines.groupby("section_key", as_index=False)["line_number"].max()
    last = last.assign(line_number=last["line_number"] + 1, line_key="total")
    rows = scopes.merge(pd.concat([lines[["section_key", "line_key", "line_number", "colour"]], last]), how="cross")
    rows = rows.merge(counts, on=[*keys, "line_key"], how="left")
    for frame in (totals, bases, entitled):
        rows = rows.merge(frame, on=keys, how="left")
    numbers = ["customer_count", "total", "base", "eligible_count"]
    rows[numbers] = rows[numbers].fillna(0).astype("int64")
    is_total = rows["line_key"] == "total"
    rows["customer_count"] = rows["customer_count"].where(~is_total, rows["total"])
    share = rows["customer_count"] / rows["base"].where(rows["base"] > 0)
    rows["percent"] = (rows["customer_count"] / rows["total"].where(rows["total"] > 0)).where(~is_total)
    rows["loss_rate"] = share.where(rows["colour"] == "grey")
    rows["pass_rate"] = share.where(rows["colour"] == "green")
    rows["unclassified_count"] = rows["eligible_count"] - rows["total"]
    return rows.drop(columns=["total", "base", "colour"])


def main() -> None:
    worknet, iwds_folder, seeds, day, out = sys.argv[1:]
    table = dashboard(Path(worknet), Path(iwds_folder), Path(seeds), pd.Timestamp(day))
    for section in SECTIONS:
        table[table["section_key"] == section].to_csv(Path(out) / f"{section}.csv", index=False)


if __name__ == "__main__":
    main()
