"""The input contract: the twelve extracts that Illinois workNet and IWDS deliver every day.

This is the only place that knows which columns an extract has, what they may hold and what they point at.
Landing, the dbt sources, the sample generator and ``docs/extracts.md`` read it from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

CHICAGO = "America/Chicago"
"""The time zone of every as-of date, and of every timestamp that is delivered without an offset."""


class ColumnType(StrEnum):
    """What a column may hold. Each type has one DuckDB type in the archive."""

    TEXT = "text"
    CODE = "code"
    INTEGER = "integer"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"

    @property
    def duckdb_type(self) -> str:
        """The type in the archive's Parquet and in ``raw``; timestamps are instants (with time zone)."""
        return {
            ColumnType.TEXT: "VARCHAR",
            ColumnType.CODE: "VARCHAR",
            ColumnType.INTEGER: "INTEGER",
            ColumnType.DATE: "DATE",
            ColumnType.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
            ColumnType.BOOLEAN: "BOOLEAN",
        }[self]


@dataclass(frozen=True)
class Column:
    """One column of an extract. ``personal`` marks what must never leave archive and customer lists."""

    name: str
    type: ColumnType
    description: str
    nullable: bool = False
    key: bool = False
    codes: tuple[str, ...] = ()
    personal: bool = False


@dataclass(frozen=True)
class Reference:
    """A column that points at the key of another extract of the same system.

    A *hard* reference makes a row without its parent an ``orphan`` and quarantines it; a soft one only warns.
    """

    column: str
    parent: str
    hard: bool = True


@dataclass(frozen=True)
class Extract:
    """One file of a delivery: a full snapshot at the end of the as-of date, one row per key."""

    system: str
    name: str
    description: str
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()

    @property
    def table(self) -> str:
        """The name in the warehouse's ``raw`` schema, for example ``worknet_customers``."""
        return f"{self.system}_{self.name}"

    @property
    def key(self) -> Column:
        """The column that identifies a row."""
        return next(column for column in self.columns if column.key)

    @property
    def parents(self) -> tuple[Reference, ...]:
        """The hard references: what a row can't be without."""
        return tuple(reference for reference in self.references if reference.hard)


@dataclass(frozen=True)
class System:
    """A source system and its extracts, parents before children."""

    name: str
    title: str
    extracts: tuple[Extract, ...]

    def extract(self, name: str) -> Extract:
        """The extract of that name; ``KeyError`` when the system has none."""
        for extract in self.extracts:
            if extract.name == name:
                return extract
        raise KeyError(name)


def _key(name: str, description: str) -> Column:
    return Column(name, ColumnType.TEXT, description, key=True)


def _text(name: str, description: str, *, nullable: bool = False, personal: bool = False) -> Column:
    return Column(name, ColumnType.TEXT, description, nullable=nullable, personal=personal)


def _code(name: str, description: str, *codes: str, nullable: bool = False) -> Column:
    return Column(name, ColumnType.CODE, description, nullable=nullable, codes=codes)


def _integer(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, ColumnType.INTEGER, description, nullable=nullable)


def _date(name: str, description: str, *, nullable: bool = False, personal: bool = False) -> Column:
    return Column(name, ColumnType.DATE, description, nullable=nullable, personal=personal)


def _timestamp(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, ColumnType.TIMESTAMP, description, nullable=nullable)


def _boolean(name: str, description: str) -> Column:
    return Column(name, ColumnType.BOOLEAN, description)


_CUSTOMER = Reference("customer_id", "customers")
_CUSTOMER_ID = _text("customer_id", "The customer it belongs to.")
_LWIA = "The local workforce innovation area's number."
_OUTCOME_STATUS = ("not_started", "started", "open", "complete")

WORKNET = System(
    "worknet",
    "Illinois workNet",
    (
        Extract(
            "worknet",
            "providers",
            "The organisations that run the programme.",
            (
                _key("provider_id", "The provider."),
                _text("provider_name", "Its name."),
                _integer("lwia_number", _LWIA),
            ),
        ),
        Extract(
            "worknet",
            "staff",
            "The people who work with the dashboard, and as what.",
            (
                _key("staff_id", "The staff member."),
                _text("email", "The address they sign in with.", personal=True),
                _code("role", "What they may see.", "super_user", "career_planner", "provider_staff"),
                _text("provider_id", "The provider they work for.", nullable=True),
                _integer("lwia_number", _LWIA, nullable=True),
            ),
            (Reference("provider_id", "providers", hard=False),),
        ),
        Extract(
            "worknet",
            "customers",
            "The young people, one row each.",
            (
                _key("customer_id", "The customer."),
                _text("provider_id", "The provider that serves them."),
                _integer("lwia_number", _LWIA),
                _text("first_name", "First name.", personal=True),
                _text("last_name", "Last name.", personal=True),
                _date("date_of_birth", "Date of birth.", personal=True),
                _text(
                    "ssn_last4",
                    "Last four of the Social Security Number; what isn't four digits loads and is judged by "
                    "the sync status.",
                    nullable=True,
                    personal=True,
                ),
                _text("email", "E-mail address.", nullable=True, personal=True),
                _text("phone", "Phone number.", nullable=True, personal=True),
                _text("pathway", "The career pathway.", nullable=True),
                _text("career_planner_staff_id", "The career planner on the staff extract.", nullable=True),
                _text("iwds_customer_id", "The IWDS person, set by workNet when it synced.", nullable=True),
                _timestamp("last_synced_at", "When workNet last synced with IWDS.", nullable=True),
                _timestamp("created_at", "When the customer's record was created."),
            ),
            (
                Reference("provider_id", "providers"),
                Reference("career_planner_staff_id", "staff", hard=False),
            ),
        ),
        Extract(
            "worknet",
            "applications",
            "Online suitability applications; a customer can have several.",
            (
                _key("application_id", "The application."),
                _CUSTOMER_ID,
                _timestamp("prescreening_started_at", "Pre-screening started."),
                _timestamp("prescreening_completed_at", "Pre-screening completed.", nullable=True),
                _timestamp("application_started_at", "Application started.", nullable=True),
                _timestamp("application_submitted_at", "Application submitted.", nullable=True),
                _code("outcome", "Why it ended early.", "not_suitable", "declined", nullable=True),
                _timestamp("outcome_at", "When it ended early.", nullable=True),
            ),
            (_CUSTOMER,),
        ),
        Extract(
            "worknet",
            "suitability_reviews",
            "The partner's suitability review, at most one per customer.",
            (
                _key("customer_id", "The customer reviewed."),
                _text("training_program", "The training program selected.", nullable=True),
                _code(
                    "recommendation",
                    "The recommendation on the Progress page.",
                    "ready_for_enrollment",
                    "not_suitable",
                    "declined_to_participate",
                    nullable=True,
                ),
                _timestamp("recommended_at", "When it was recommended.", nullable=True),
            ),
            (_CUSTOMER,),
        ),
        Extract(
            "worknet",
            "progress_updates",
            "Each time the Progress page was confirmed as current.",
            (
                _key("progress_update_id", "The update."),
                _CUSTOMER_ID,
                _timestamp("updated_at", "When it was confirmed."),
            ),
            (_CUSTOMER,),
        ),
        Extract(
            "worknet",
            "case_notes",
            "Each case note entered; its text isn't delivered.",
            (
                _key("case_note_id", "The case note."),
                _CUSTOMER_ID,
                _timestamp("entered_at", "When it was entered."),
                _text("staff_id", "Who entered it.", nullable=True),
            ),
            (_CUSTOMER, Reference("staff_id", "staff", hard=False)),
        ),
        Extract(
            "worknet",
            "services",
            "Planned and requested services on the Progress page.",
            (
                _key("worknet_service_id", "The service entry."),
                _CUSTOMER_ID,
                _text("service_code", "The code in the service catalogue."),
                _text("service_name", "The service's name as entered."),
                _text("pathway", "The career pathway it belongs to.", nullable=True),
                _date("start_date", "Planned or actual start."),
                _code(
                    "status",
                    "How far it is; `open_request` asks the LWIA to enter it into IWDS.",
                    "not_started",
                    "open_request",
                    "started",
                    "open",
                    "complete",
                    "cancelled",
                ),
                _timestamp("requested_at", "When the update of IWDS was requested.", nullable=True),
            ),
            (_CUSTOMER,),
        ),
        Extract(
            "worknet",
            "program_completions",
            "The program completion section of the Progress page, at most one per customer.",
            (
                _key("customer_id", "The customer."),
                _code(
                    "status",
                    "How the programme ended.",
                    "not_complete",
                    "successful",
                    "unsuccessful",
                    "withdrew",
                ),
                _timestamp("recorded_at", "When it was recorded.", nullable=True),
                _boolean("industry_credential", "An industry recognized credential was earned."),
                _boolean("postsecondary_credential", "A postsecondary credential was earned."),
                _code("permanent_employment_status", "Permanent employment.", *_OUTCOME_STATUS, nullable=True),
                _code(
                    "postsecondary_education_status",
                    "Postsecondary education.",
                    *_OUTCOME_STATUS,
                    nullable=True,
                ),
            ),
            (_CUSTOMER,),
        ),
    ),
)

_IWDS_APPLICATION = Reference("iwds_application_id", "applications")

IWDS = System(
    "iwds",
    "IWDS",
    (
        Extract(
            "iwds",
            "applications",
            "WIOA applications; a person can have several at once.",
            (
                _key("iwds_application_id", "The IWDS application."),
                _text("iwds_customer_id", "The IWDS person."),
                _text(
                    "worknet_application_id",
                    "The workNet application it came from; one that workNet doesn't know is an exception.",
                    nullable=True,
                ),
                _text("first_name", "First name.", personal=True),
                _text("last_name", "Last name.", personal=True),
                _date("date_of_birth", "Date of birth.", personal=True),
                _text("ssn_last4", "Last four of the Social Security Number.", nullable=True, personal=True),
                _integer("lwia_number", _LWIA + " State-wide grants are kept under 90."),
                _code(
                    "status",
                    "The IWDS application status.",
                    "inquirant",
                    "applicant",
                    "registrant",
                    "exited",
                    nullable=True,
                ),
                _date("application_date", "Date of the application."),
                _date("status_date", "Since when it has this status."),
                _date("certified_on", "Date of certification.", nullable=True),
                _date("exited_on", "Date of exit from WIOA services.", nullable=True),
            ),
        ),
        Extract(
            "iwds",
            "services",
            "Services recorded in IWDS.",
            (
                _key("iwds_service_id", "The IWDS service."),
                _text("iwds_application_id", "The IWDS application it belongs to."),
                _text("service_code", "The code in the service catalogue."),
                _text("service_name", "The service's name as entered."),
                _date("start_date", "Start."),
                _date("end_date", "End.", nullable=True),
                _code("status", "How far it is.", "not_started", "started", "open", "complete", "cancelled"),
            ),
            (_IWDS_APPLICATION,),
        ),
        Extract(
            "iwds",
            "credentials",
            "Credentials recorded in IWDS.",
            (
                _key("iwds_credential_id", "The IWDS credential."),
                _text("iwds_application_id", "The IWDS application it belongs to."),
                _code(
                    "credential_type",
                    "What was earned.",
                    "high_school_diploma",
                    "college_degree",
                    "industry_certification",
                    "other",
                ),
                _date("earned_on", "When it was earned."),
            ),
            (_IWDS_APPLICATION,),
        ),
    ),
)

SYSTEMS: tuple[System, ...] = (WORKNET, IWDS)


def extracts() -> Iterator[Extract]:
    """All twelve extracts, parents before children."""
    for system in SYSTEMS:
        yield from system.extracts
