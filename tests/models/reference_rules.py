"""A second implementation of the business rules, in plain Python and from the specification alone.

It judges one customer at a time from the rows as delivered, and uses nothing of the models, the seeds, or the
thresholds: every number is written out here as the partner guide has it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import NamedTuple

from reference_values import age, day_of, instant, name_key, service_key, year_after

Row = Mapping[str, str]
Files = Mapping[str, Sequence[Row]]
ACTIVE = ("started", "open", "complete")
CATEGORIES = {"Y01": "training", "Y03": "work_based_learning", "Y10": "career", "Y15": "career"}


class Membership(NamedTuple):
    section: str
    line: str
    since: date | None


@dataclass
class Judged:
    """What the rules say about one customer as of one day."""

    sync_status: str = ""
    lines: list[Membership] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)


class Reference:
    """The rules over one pair of deliveries; ``judge`` says what holds for a customer as of a day."""

    def __init__(self, worknet: Files, iwds: Files) -> None:
        self.customers = {row["customer_id"]: row for row in worknet["customers"]}
        self.applications = _by(worknet["applications"], "customer_id")
        self.reviews = _by(worknet["suitability_reviews"], "customer_id")
        self.completions = _by(worknet["program_completions"], "customer_id")
        self.updates = _by(worknet["progress_updates"], "customer_id")
        self.notes = _by(worknet["case_notes"], "customer_id")
        self.plans = _by(worknet["services"], "customer_id")
        self.iwds = list(iwds["applications"])
        self.persons = _by(self.iwds, "iwds_customer_id")
        self.services = _by(iwds["services"], "iwds_application_id")
        self.credentials = _by(iwds["credentials"], "iwds_application_id")
        self.linked: Counter[str] = Counter()
        for row in self.customers.values():
            self.linked[row.get("iwds_customer_id", "").lower()] += 1
        # None of these depends on the day.
        self.speaking = cache(self._speaking)
        self.own_iwds_application = cache(self._own_iwds_application)
        self.sync_status = cache(self._sync_status)

    def _speaking(self, customer: str) -> tuple[Row | None, bool]:
        """The application that counts, and whether it does so although there is a newer one."""
        known = sorted(
            self.applications[customer],
            key=lambda row: (instant(row["prescreening_started_at"]), row["application_id"]),
            reverse=True,
        )
        if not known:
            return None, False
        latest = known[0]
        if not latest.get("application_submitted_at") and not latest.get("outcome"):
            for earlier in known[1:]:
                held = [
                    row
                    for row in self.iwds
                    if row.get("worknet_application_id", "").lower() == earlier["application_id"].lower()
                    and row.get("status")
                    and row["status"] != "exited"
                ]
                if earlier.get("application_submitted_at") and not earlier.get("outcome") and held:
                    return earlier, True
        return latest, False

    def about_speaking(self, customer: str, rows: Sequence[Row], column: str) -> Row:
        """The customer's review or completion; empty when it is about an earlier application."""
        application, _ = self.speaking(customer)
        if not rows:
            return {}
        happened = day_of(rows[0].get(column))
        if application and happened and len(self.applications[customer]) > 1:
            began = day_of(application["prescreening_started_at"])
            assert began
            if happened < began:
                return {}
        return rows[0]

    def _own_iwds_application(self, customer: str) -> Row | None:
        application, _ = self.speaking(customer)
        person = self.customers[customer].get("iwds_customer_id", "").lower()
        if not application or not person:
            return None
        began = day_of(application["prescreening_started_at"])
        assert began
        own = {row["application_id"].lower() for row in self.applications[customer]}
        found = []
        for row in self.iwds:
            if row["iwds_customer_id"].lower() != person or row.get("worknet_application_id", "").lower() not in own:
                continue
            exited = day_of(row.get("exited_on"))
            if not (row.get("status") == "exited" and exited and exited < began):
                found.append(row)
        return max(found, key=lambda row: (row["application_date"], row["iwds_application_id"]), default=None)

    def _sync_status(self, customer: str) -> str:
        row = self.customers[customer]
        ssn, person = row.get("ssn_last4", ""), row.get("iwds_customer_id", "").lower()
        if not person:
            if not (len(ssn) == 4 and ssn.isascii() and ssn.isdigit()):
                return "missing_ssn"
            same_birth = [
                other
                for other in self.iwds
                if other["date_of_birth"] == row["date_of_birth"]
                and name_key(other["last_name"]) == name_key(row["last_name"])
            ]
            same = {other["iwds_customer_id"].lower() for other in same_birth if other.get("ssn_last4") == ssn}
            if same:
                return "ambiguous" if len(same) > 1 else "match_available"
            same_name = [x for x in same_birth if name_key(x["first_name"]) == name_key(row["first_name"])]
            return "ssn_mismatch" if any(x.get("ssn_last4", "") != ssn for x in same_name) else "no_match"
        known = [other for other in self.iwds if other["iwds_customer_id"].lower() == person]
        if not known:
            return "id_unknown"
        latest = max(known, key=lambda other: (other["application_date"], other["iwds_application_id"]))
        there = latest.get("ssn_last4", "")
        agrees = latest["date_of_birth"] == row["date_of_birth"] and (not there or there == ssn)
        if not agrees or self.linked[person] > 1:
            return "identity_conflict"
        return "synced" if self.own_iwds_application(customer) else "no_application"

    def judge(self, customer: str, as_of: date) -> Judged:
        found = Judged(self.sync_status(customer))
        iwds = (self.own_iwds_application(customer) or {}) if found.sync_status == "synced" else {}
        status = iwds.get("status", "")
        application, is_reapplied = self.speaking(customer)
        if is_reapplied:
            found.reasons.add("reapplied_while_enrolled")
        is_ready = application is not None and self._apply(found, customer, application, as_of)
        if is_ready:
            self._enroll(found, customer, iwds, as_of)
            if status in ("applicant", "registrant", "exited"):
                self._serve(found, customer, iwds, as_of)
                self._complete(found, customer, iwds)
        elif status in ("applicant", "registrant"):
            found.reasons.add("enrolled_not_counted")
        if any(not _is_while_enrolled(row, iwds) for row in self._credentials(iwds)):
            found.reasons.add("credential_outside_enrollment")
        return found

    def _apply(self, found: Judged, customer: str, application: Row, as_of: date) -> bool:
        """Sections 1 and 2; whether the customer is ready for enrollment."""
        section = "application_status"
        outcome = application.get("outcome")
        started, completed, began, submitted = (
            day_of(application.get(f"{step}_at"))
            for step in (
                "prescreening_started",
                "prescreening_completed",
                "application_started",
                "application_submitted",
            )
        )
        if outcome:
            line = {"not_suitable": "application_not_suitable", "declined": "application_declined"}[outcome]
            found.lines.append(Membership(section, line, day_of(application.get("outcome_at"))))
            return False
        if not submitted:
            for day, line, overdue in (
                (began, "application_started", "application_started_overdue"),
                (completed, "application_not_started", "application_not_started_overdue"),
                (started, "prescreening_started", "prescreening_overdue"),
            ):
                if day:
                    _clock(found, section, line, overdue, day, 5, as_of)
                    return False
        found.lines.append(Membership(section, "application_submitted", submitted))
        review = self.about_speaking(customer, self.reviews[customer], "recommended_at")
        line = {
            "not_suitable": "review_not_suitable",
            "declined_to_participate": "review_declined",
            "ready_for_enrollment": "ready_for_enrollment" if review.get("training_program") else "ready_for_review",
        }.get(review.get("recommendation", ""), "ready_for_review")
        if line == "ready_for_review":
            _clock(found, "suitability_review", line, "review_overdue", submitted, 5, as_of)
        else:
            found.lines.append(Membership("suitability_review", line, day_of(review.get("recommended_at"))))
        return line == "ready_for_enrollment"

    def _enroll(self, found: Judged, customer: str, iwds: Row, as_of: date) -> None:
        """Sections 3 to 5."""
        section, status = "enrollment_status", iwds.get("status", "")
        recommended = day_of(
            self.about_speaking(customer, self.reviews[customer], "recommended_at").get("recommended_at")
        )
        completion = self.about_speaking(customer, self.completions[customer], "recorded_at")
        since, exited = day_of(iwds.get("status_date")), day_of(iwds.get("exited_on"))
        if not status:
            found.lines.append(Membership(section, "not_synced", recommended))
        elif status in ("inquirant", "applicant"):
            _clock(found, section, status, f"{status}_overdue", since, 5, as_of)
        elif status == "exited":
            found.lines.append(Membership(section, "completed_exited", exited or since))
            if completion.get("status", "not_complete") == "not_complete":
                found.reasons.add("exited_without_completion")
            if completion.get("status") == "withdrew":
                found.reasons.add("exited_withdrew")
            if not exited:
                found.reasons.add("exit_date_missing")
        elif completion.get("status") in ("successful", "unsuccessful"):
            found.lines.append(
                Membership(section, "completed_registrant", day_of(completion.get("recorded_at")) or since)
            )
        else:
            found.lines.append(Membership(section, "registrant", since))
        ends = year_after(exited) if status == "exited" and exited else None
        for section, prefix, rows, column in (
            ("progress_page_update", "progress", self.updates[customer], "updated_at"),
            ("case_note_update", "case_note", self.notes[customer], "entered_at"),
        ):
            latest = max(filter(None, (day_of(row[column]) for row in rows)), default=None)
            current = latest if prefix == "case_note" else latest or recommended
            clock = latest or recommended
            if ends and as_of > ends:
                found.lines.append(Membership(section, f"{prefix}_not_required", None))
            elif current and age(current, as_of) <= 30:
                found.lines.append(Membership(section, f"{prefix}_current", clock))
            else:
                _clock(found, section, f"{prefix}_due", f"{prefix}_overdue", clock, 35, as_of)
                if not clock:
                    found.reasons.add(f"{prefix}_date_missing")

    def _credentials(self, iwds: Row) -> Sequence[Row]:
        return self.credentials[iwds["iwds_application_id"]] if iwds else ()

    def _serve(self, found: Judged, customer: str, iwds: Row, as_of: date) -> None:
        """Section 6."""
        section, status = "customer_services", iwds["status"]
        services, before = self.services[iwds["iwds_application_id"]], len(found.lines)
        held = {(service_key(row["service_name"]), row["start_date"]) for row in services}
        plans = [row for row in self.plans[customer] if row["status"] in ("not_started", "open_request")]
        opened = [
            day_of(row.get("requested_at")) or day_of(row["start_date"])
            for row in plans
            if row["status"] == "open_request" and (service_key(row["service_name"]), row["start_date"]) not in held
        ]
        has_iss = any(row["service_code"] == "Y15" for row in services)
        if status == "applicant" and not services:
            found.lines.append(Membership(section, "no_iwds_services", None))
        if status in ("applicant", "registrant") and opened:
            oldest = min(filter(None, opened))
            _clock(found, section, "open_request", "open_request_overdue", oldest, 5, as_of)
        if (status == "applicant" and not plans) or (status == "registrant" and not has_iss):
            found.lines.append(Membership(section, "no_planned_services", None))
        if status in ("registrant", "exited"):
            for category, line in (
                ("career", "case_management_service"),
                ("training", "academic_learning_service"),
                ("work_based_learning", "work_based_learning_service"),
            ):
                if any(CATEGORIES.get(x["service_code"]) == category and x["status"] in ACTIVE for x in services):
                    found.lines.append(Membership(section, line, None))
            if any(_is_while_enrolled(row, iwds) for row in self._credentials(iwds)):
                found.lines.append(Membership(section, "industry_credential", None))
        if len(found.lines) == before:
            found.reasons.add("no_service_line")

    def _complete(self, found: Judged, customer: str, iwds: Row) -> None:
        """Section 7."""
        section, is_registered = "program_completion", iwds["status"] in ("registrant", "exited")
        row = self.about_speaking(customer, self.completions[customer], "recorded_at")
        outcomes = {
            "earned_credential": "true" in (row.get("industry_credential"), row.get("postsecondary_credential")),
            "gained_employment": row.get("permanent_employment_status") in ("started", "open"),
            "continued_education": row.get("postsecondary_education_status") in ("started", "open"),
        }
        has_outcome = any(outcomes.values())
        status = row.get("status", "not_complete")
        lines: Iterable[str] = ()
        if status == "not_complete":
            lines = ["not_complete"]
        elif not is_registered:
            found.reasons.add("completion_of_applicant")
        elif status == "successful" and has_outcome:
            lines = ["completed_successfully", *(line for line, is_there in outcomes.items() if is_there)]
        elif status == "unsuccessful" and not has_outcome:
            lines = ["completed_unsuccessfully"]
        elif status == "withdrew" and not has_outcome:
            lines = ["withdrew"]
        else:
            found.reasons.add(
                {
                    "successful": "success_without_outcome",
                    "unsuccessful": "failure_with_outcome",
                    "withdrew": "withdrawal_with_outcome",
                }[status]
            )
        found.lines += [Membership(section, line, None) for line in lines]


def _by(rows: Iterable[Row], column: str) -> Mapping[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _clock(found: Judged, section: str, line: str, red: str, since: date | None, limit: int, as_of: date) -> None:
    """On the yellow line, and on the red one below it once the limit has passed."""
    found.lines.append(Membership(section, line, since))
    if since and age(since, as_of) > limit:
        found.lines.append(Membership(section, red, since))


def _is_while_enrolled(credential: Row, iwds: Row) -> bool:
    first = iwds.get("certified_on") or iwds["application_date"]
    last = iwds.get("exited_on") if iwds.get("status") == "exited" else ""
    return first <= credential["earned_on"] and (not last or credential["earned_on"] <= last)


def turns_red(judge: Callable[[date], Judged], red: str, days: Sequence[date]) -> int | None:
    """In how many days the customer is on a red line for the first time; ``None`` when never or already there."""
    for number, day in enumerate(days):
        if any(line == red for _, line, _ in judge(day).lines):
            return number or None
    return None
