"""What IWDS delivers: three extracts."""

from orchestration.contract.extract import (
    LWIA,
    Extract,
    Reference,
    System,
    code_column,
    date_column,
    integer_column,
    key_column,
    text_column,
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
                key_column("iwds_application_id", "The IWDS application."),
                text_column("iwds_customer_id", "The IWDS person."),
                text_column(
                    "worknet_application_id",
                    "The workNet application it came from; one that workNet doesn't know is an exception.",
                    nullable=True,
                ),
                text_column("first_name", "First name.", personal=True),
                text_column("last_name", "Last name.", personal=True),
                date_column("date_of_birth", "Date of birth.", personal=True),
                text_column("ssn_last4", "Last four of the Social Security Number.", nullable=True, personal=True),
                integer_column("lwia_number", LWIA + " State-wide grants are kept under 90."),
                code_column(
                    "status",
                    "The IWDS application status.",
                    "inquirant",
                    "applicant",
                    "registrant",
                    "exited",
                    nullable=True,
                ),
                date_column("application_date", "Date of the application."),
                date_column("status_date", "Since when it has this status."),
                date_column("certified_on", "Date of certification.", nullable=True),
                date_column("exited_on", "Date of exit from WIOA services.", nullable=True),
            ),
        ),
        Extract(
            "iwds",
            "services",
            "Services recorded in IWDS.",
            (
                key_column("iwds_service_id", "The IWDS service."),
                text_column("iwds_application_id", "The IWDS application it belongs to."),
                text_column("service_code", "The code in the service catalogue."),
                text_column("service_name", "The service's name as entered."),
                date_column("start_date", "Start."),
                date_column("end_date", "End.", nullable=True),
                code_column("status", "How far it is.", "not_started", "started", "open", "complete", "cancelled"),
            ),
            (_IWDS_APPLICATION,),
        ),
        Extract(
            "iwds",
            "credentials",
            "Credentials recorded in IWDS.",
            (
                key_column("iwds_credential_id", "The IWDS credential."),
                text_column("iwds_application_id", "The IWDS application it belongs to."),
                code_column(
                    "credential_type",
                    "What was earned.",
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
