"""Deliveries of random customers, whose dates are on both sides of every limit and whose records often disagree."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

from conftest import DAY

Rows = dict[str, list[dict[str, str]]]
# Days before the as-of date.
AGES = (-2, -1, 0, 1, 4, 5, 6, 7, 20, 29, 30, 31, 34, 35, 36, 60, 180, 363, 364, 365, 366, 367, 700)
LONG_AGO = (900,) * 12
# The local day of each is the day itself; with an offset, the day of UTC is another one.
TIMES = ("{}T00:00:00", "{}T12:30:00", "{}T23:59:59", "{}T07:00:00Z", "{}T23:30:00-06:00", "{}T00:30:00-05:00")
SERVICES = {"Y01": "Tutoring", "Y03": "Work Experience", "Y10": "Guidance", "Y15": "Service Strategy", "Z99": "Other"}
FIRST_NAMES, LAST_NAMES = ("Ada", "Grace", "José"), ("Example", "O'Hara", "de la Cruz")


class Draw(random.Random):
    """Random values of the kinds that the extracts have."""

    def day(self, *ages: int) -> str:
        return str(DAY - timedelta(days=self.choice(ages or AGES)))

    def time(self, *ages: int) -> str:
        return self.choice(TIMES).format(self.day(*ages))

    def has(self, share: float) -> bool:
        return self.random() < share


def random_customers(number: int, seed: int) -> tuple[Rows, Rows]:
    """The rows of all extracts of both systems."""
    draw = Draw(seed)
    worknet: Rows = {
        "providers": [{"provider_id": f"P{n}", "provider_name": f"Provider {n}"} for n in range(5)],
        "staff": [{}],
        **{
            name: []
            for name in (
                "customers",
                "applications",
                "suitability_reviews",
                "progress_updates",
                "case_notes",
                "services",
                "program_completions",
            )
        },
    }
    iwds: Rows = {"applications": [], "services": [], "credentials": []}
    for n in range(number):
        _add_customer(draw, n, worknet, iwds)
    return worknet, iwds


def _add_customer(draw: Draw, n: int, worknet: Rows, iwds: Rows) -> None:
    customer = f"C{n}"
    person = {
        "first_name": draw.choice(FIRST_NAMES),
        "last_name": draw.choice(LAST_NAMES),
        "date_of_birth": f"20{draw.randrange(4, 9):02}-0{draw.randrange(1, 9)}-{draw.randrange(10, 28)}",
        "ssn_last4": f"{draw.randrange(1000, 1200)}",
    }
    row = {"customer_id": customer, "provider_id": f"P{draw.randrange(5)}", "lwia_number": "7", **person}
    if draw.has(0.8):
        row["iwds_customer_id"] = f"K{n - 1 if draw.has(0.03) else n}"
    if draw.has(0.05):
        row["ssn_last4"] = draw.choice(("", "123", "9999"))
    worknet["customers"].append(row)
    applications = _applications(draw, customer)
    worknet["applications"] += applications
    if draw.has(0.9):
        review = {"customer_id": customer}
        if draw.has(0.9):
            review["training_program"] = "Welding"
        if draw.has(0.9):
            review["recommendation"] = draw.choices(
                ("ready_for_enrollment", "not_suitable", "declined_to_participate"), (12, 1, 1)
            )[0]
        if draw.has(0.9):
            review["recommended_at"] = draw.time()
        worknet["suitability_reviews"].append(review)
    for extract, key, column in (
        ("progress_updates", "progress_update_id", "updated_at"),
        ("case_notes", "case_note_id", "entered_at"),
    ):
        for turn in range(draw.choice((0, 1, 1, 2))):
            worknet[extract].append({key: f"{customer}-{turn}", "customer_id": customer, column: draw.time()})
    if draw.has(0.7):
        worknet["program_completions"].append(_completion(draw, customer))
    worknet["services"] += [
        {
            "worknet_service_id": f"{customer}-{turn}",
            "customer_id": customer,
            "status": draw.choice(("not_started", "open_request", "open_request", "started", "cancelled")),
            "requested_at": draw.time() if draw.has(0.8) else "",
            **_service(draw),
        }
        for turn in range(draw.choice((0, 1, 2)))
    ]
    _add_to_iwds(draw, n, applications, person, iwds)


def _applications(draw: Draw, customer: str) -> list[dict[str, str]]:
    """None to three, of which the later ones often get no further."""
    found = []
    for turn in range(draw.choices((0, 1, 2, 3), (1, 10, 6, 2))[0]):
        row = {
            "application_id": f"{customer}-a{turn}",
            "customer_id": customer,
            "prescreening_started_at": draw.time(*AGES, *LONG_AGO),
        }
        steps = ("prescreening_completed_at", "application_started_at", "application_submitted_at")
        for step in steps[: 3 if draw.has(0.7) else draw.randrange(3)]:
            row[step] = draw.time()
        if draw.has(0.08):
            row["outcome"] = draw.choice(("not_suitable", "declined"))
            row["outcome_at"] = draw.time()
        found.append(row)
    return found


def _completion(draw: Draw, customer: str) -> dict[str, str]:
    codes = ("", "not_started", "started", "open", "complete")
    return {
        "customer_id": customer,
        "status": draw.choice(("not_complete", "successful", "successful", "unsuccessful", "withdrew")),
        "recorded_at": draw.time() if draw.has(0.9) else "",
        "industry_credential": draw.choice(("true", "false", "false")),
        "postsecondary_credential": draw.choice(("true", "false", "false", "false")),
        "permanent_employment_status": draw.choice(codes),
        "postsecondary_education_status": draw.choice(codes),
    }


def _service(draw: Draw) -> dict[str, str]:
    code = draw.choice(tuple(SERVICES))
    name = SERVICES[code]
    return {
        "service_code": code,
        "service_name": draw.choice((name, name.upper(), f"{name[:3]} {name[3:]}")),
        "start_date": draw.day(1, 6, 7, 36),
    }


def _add_to_iwds(
    draw: Draw, n: int, applications: Sequence[Mapping[str, str]], person: Mapping[str, str], iwds: Rows
) -> None:
    origins = [row["application_id"] for row in applications if draw.has(0.7)]
    if draw.has(0.15):
        origins.append("")
    if draw.has(0.05):
        origins.append("C-unknown")
    for turn, origin in enumerate(origins):
        number = f"I{n}-{turn}"
        row = {
            "iwds_application_id": number,
            "iwds_customer_id": draw.choice((f"K{n}", f"k{n}")) if draw.has(0.95) else f"K{n}-other",
            "worknet_application_id": origin.upper() if draw.has(0.3) else origin,
            **person,
            "status": draw.choice(("", "inquirant", "applicant", "applicant", *["registrant"] * 4, *["exited"] * 4)),
            "application_date": draw.day(),
            "status_date": draw.day(),
            "certified_on": draw.day() if draw.has(0.7) else "",
            "exited_on": draw.day() if draw.has(0.6) else "",
        }
        if draw.has(0.1):
            row["ssn_last4"] = draw.choice(("", "9999"))
        if draw.has(0.05):
            row["first_name"], row["last_name"] = row["first_name"].upper(), "OHARA"
        iwds["applications"].append(row)
        iwds["services"] += [
            {
                "iwds_service_id": f"{number}-{service}",
                "iwds_application_id": number,
                "status": draw.choice(("not_started", "started", "open", "complete", "cancelled")),
                **_service(draw),
            }
            for service in range(draw.choice((0, 1, 2, 3)))
        ]
        iwds["credentials"] += [
            {"iwds_credential_id": f"{number}-{credential}", "iwds_application_id": number, "earned_on": draw.day()}
            for credential in range(draw.choice((0, 0, 1, 2)))
        ]
