"""The nine extracts that Illinois workNet delivers."""

import csv
from functools import partial

from orchestration.contract.extract import (
    LWIA,
    Extract,
    Reference,
    System,
    boolean_column,
    code_column,
    date_column,
    integer_column,
    key_column,
    ssn_column,
    text_column,
    timestamp_column,
)
from orchestration.settings import PROJECT

_extract = partial(Extract, "worknet")
_CUSTOMER = Reference("customer_id", "customers")
_CUSTOMER_ID = text_column("customer_id", "The customer that it belongs to.")
_OUTCOME_STATUS = ("not_started", "started", "open", "complete")


def _staff_roles() -> list[str]:
    """The roles of ``seeds/staff_roles.csv``, which also says what each of them may see."""
    with (PROJECT / "seeds" / "staff_roles.csv").open(newline="", encoding="utf-8") as stream:
        return [row["role"] for row in csv.DictReader(stream)]


WORKNET = System(
    "worknet",
    "Illinois workNet",
    (
        _extract(
            "providers",
            "The organizations that run the program.",
            (
                key_column("provider_id", "The provider."),
                text_column("provider_name", "Its name."),
                integer_column("lwia_number", LWIA),
            ),
        ),
        _extract(
            "staff",
            "The people who use the dashboard, with their roles.",
            (
                key_column("staff_id", "The staff member."),
                text_column("email", "The address they sign in with.", personal=True),
                code_column(
                    "role",
                    "The role, which decides what they may see.",
                    *_staff_roles(),
                ),
                text_column("provider_id", "The provider that they work for.", nullable=True),
                integer_column("lwia_number", LWIA, nullable=True),
            ),
            (Reference("provider_id", "providers", hard=False),),
        ),
        _extract(
            "customers",
            "The young people in the program.",
            (
                key_column("customer_id", "The customer."),
                text_column("provider_id", "The provider that serves them."),
                integer_column("lwia_number", LWIA),
                text_column("first_name", "First name.", personal=True),
                text_column("last_name", "Last name.", personal=True),
                date_column("date_of_birth", "Date of birth.", personal=True),
                ssn_column(
                    "Last four digits of the Social Security number; fewer are loaded too, and the sync status reports "
                    "them."
                ),
                text_column("email", "Email address.", nullable=True, personal=True),
                text_column("phone", "Phone number.", nullable=True, personal=True),
                text_column("pathway", "The career pathway.", nullable=True),
                text_column("career_planner_staff_id", "The career planner, from the staff extract.", nullable=True),
                text_column("iwds_customer_id", "The person in IWDS, set by workNet when it synced.", nullable=True),
                timestamp_column("last_synced_at", "When workNet last synced with IWDS.", nullable=True),
                timestamp_column("created_at", "When the customer's record was created."),
            ),
            (Reference("provider_id", "providers"), Reference("career_planner_staff_id", "staff", hard=False)),
        ),
        _extract(
            "applications",
            "Online suitability applications; a customer can have several.",
            (
                key_column("application_id", "The application."),
                _CUSTOMER_ID,
                timestamp_column("prescreening_started_at", "When pre-screening started."),
                timestamp_column("prescreening_completed_at", "When pre-screening was completed.", nullable=True),
                timestamp_column("application_started_at", "When the application was started.", nullable=True),
                timestamp_column("application_submitted_at", "When the application was submitted.", nullable=True),
                code_column("outcome", "Why the application ended early.", "not_suitable", "declined", nullable=True),
                timestamp_column("outcome_at", "When the application ended early.", nullable=True),
            ),
            (_CUSTOMER,),
        ),
        _extract(
            "suitability_reviews",
            "The partner's suitability review, at most one per customer.",
            (
                key_column("customer_id", "The customer who was reviewed."),
                text_column("training_program", "The training program selected.", nullable=True),
                code_column(
                    "recommendation",
                    "The recommendation on the Progress page.",
                    "ready_for_enrollment",
                    "not_suitable",
                    "declined_to_participate",
                    nullable=True,
                ),
                timestamp_column("recommended_at", "When the recommendation was made.", nullable=True),
            ),
            (_CUSTOMER,),
        ),
        _extract(
            "progress_updates",
            "Confirmations that the Progress page is current.",
            (
                key_column("progress_update_id", "The update."),
                _CUSTOMER_ID,
                timestamp_column("updated_at", "When it was confirmed."),
            ),
            (_CUSTOMER,),
        ),
        _extract(
            "case_notes",
            "Case notes; their text isn't delivered.",
            (
                key_column("case_note_id", "The case note."),
                _CUSTOMER_ID,
                timestamp_column("entered_at", "When it was entered."),
                text_column("staff_id", "Who entered it.", nullable=True),
            ),
            (_CUSTOMER, Reference("staff_id", "staff", hard=False)),
        ),
        _extract(
            "services",
            "Planned and requested services on the Progress page.",
            (
                key_column("worknet_service_id", "The service entry."),
                _CUSTOMER_ID,
                text_column("service_code", "The code in the service catalog."),
                text_column("service_name", "The name of the service as entered."),
                text_column("pathway", "The career pathway that it belongs to.", nullable=True),
                date_column("start_date", "The planned or actual start date."),
                code_column(
                    "status",
                    "The status of the service; `open_request` asks the LWIA to enter it into IWDS.",
                    "not_started",
                    "open_request",
                    "started",
                    "open",
                    "complete",
                    "cancelled",
                ),
                timestamp_column("requested_at", "When the update in IWDS was requested.", nullable=True),
            ),
            (_CUSTOMER,),
        ),
        _extract(
            "program_completions",
            "The program completion section of the Progress page, at most one per customer.",
            (
                key_column("customer_id", "The customer."),
                code_column(
                    "status", "How the program ended.", "not_complete", "successful", "unsuccessful", "withdrew"
                ),
                timestamp_column("recorded_at", "When it was recorded.", nullable=True),
                boolean_column("industry_credential", "Whether an industry-recognized credential was earned."),
                boolean_column("postsecondary_credential", "Whether a postsecondary credential was earned."),
                code_column(
                    "permanent_employment_status",
                    "The status of permanent employment.",
                    *_OUTCOME_STATUS,
                    nullable=True,
                ),
                code_column(
                    "postsecondary_education_status",
                    "The status of postsecondary education.",
                    *_OUTCOME_STATUS,
                    nullable=True,
                ),
            ),
            (_CUSTOMER,),
        ),
    ),
)
