"""The three extracts that IWDS delivers."""

from functools import partial

from orchestration.contract.extract import (
    LWIA,
    Extract,
    Reference,
    System,
    code_column,
    date_column,
    integer_column,
    key_column,
    ssn_column,
    text_column,
)

_extract = partial(Extract, "iwds")
_IWDS_APPLICATION = Reference("iwds_application_id", "applications")

IWDS = System(
    "iwds",
    "IWDS",
    (
        _extract(
            "applications",
            "WIOA applications; a person can have several at the same time.",
            (
                key_column("iwds_application_id", "The IWDS application."),
                text_column("iwds_customer_id", "The person in IWDS."),
                text_column(
                    "worknet_application_id",
                    "The workNet application that it came from; one that workNet doesn't have is an exception.",
                    nullable=True,
                ),
                text_column("first_name", "First name.", personal=True),
                text_column("last_name", "Last name.", personal=True),
                date_column("date_of_birth", "Date of birth.", personal=True),
                ssn_column("Last four digits of the Social Security number."),
                integer_column("lwia_number", LWIA + " Statewide grants have the number 90."),
                code_column(
                    "status",
                    "The status of the application.",
                    "inquirant",
                    "applicant",
                    "registrant",
                    "exited",
                    nullable=True,
                ),
                date_column("application_date", "The date of the application."),
                date_column("status_date", "The date since which it has had this status."),
                date_column("certified_on", "The date of certification.", nullable=True),
                date_column("exited_on", "The date of exit from WIOA services.", nullable=True),
            ),
        ),
        _extract(
            "services",
            "Services recorded in IWDS.",
            (
                key_column("iwds_service_id", "The IWDS service."),
                text_column("iwds_application_id", "The IWDS application that it belongs to."),
                text_column("service_code", "The code in the service catalog."),
                text_column("service_name", "The name of the service as entered."),
                date_column("start_date", "The start date."),
                date_column("end_date", "The end date.", nullable=True),
                code_column(
                    "status", "The status of the service.", "not_started", "started", "open", "complete", "cancelled"
                ),
            ),
            (_IWDS_APPLICATION,),
        ),
        _extract(
            "credentials",
            "Credentials recorded in IWDS.",
            (
                key_column("iwds_credential_id", "The IWDS credential."),
                text_column("iwds_application_id", "The IWDS application that it belongs to."),
                code_column(
                    "credential_type",
                    "The kind of credential.",
                    "high_school_diploma",
                    "college_degree",
                    "industry_certification",
                    "other",
                ),
                date_column("earned_on", "When it was earned."),
            ),
            (_IWDS_APPLICATION,),
        ),
    ),
)
