"""The invented people of sample deliveries, in the shape of another system: a folder of pipe-separated exports.

python examples/sources/files/generate.py EXTRACTS DAY OUT
"""

import sys
import unicodedata
from pathlib import Path

import duckdb

TABLES = {
    "worknet/ORG": "select provider_id as ORG_NO, provider_name as ORG_NM, lwia_number as LWIA from worknet.providers",
    "worknet/USR": "select staff_id as USR_ID, email as EMAIL_ADDR, label(role) as ROLE_DESC, provider_id as ORG_NO,"
    " lwia_number as LWIA from worknet.staff",
    "worknet/CUST": "select customer_id as CUST_NO, provider_id as ORG_NO, lwia_number as LWIA, first_name as FIRST_NM,"
    " last_name as LAST_NM, us_day(date_of_birth) as BIRTH_DT, ssn_last4 as SSN4, email as EMAIL_ADDR,"
    " phone as PHONE_NO, pathway as PATHWAY_DESC, career_planner_staff_id as PLANNER_USR_ID,"
    " iwds_customer_id as IWDS_PERSON_NO, us_time(last_synced_at) as LAST_SYNC_DTTM, us_time(created_at) as CREATE_DTTM"
    " from worknet.customers",
    "worknet/APPL": "select application_id as APPL_NO, customer_id as CUST_NO, us_time(prescreening_started_at) as"
    " PRESCR_BEG_DTTM, us_time(prescreening_completed_at) as PRESCR_END_DTTM, us_time(application_started_at) as"
    " APPL_BEG_DTTM, us_time(application_submitted_at) as APPL_SUBM_DTTM, label(outcome) as"
    " OUTCOME_DESC, us_time(outcome_at) as OUTCOME_DTTM from worknet.applications",
    "worknet/SUIT": "select customer_id as CUST_NO, training_program as TRNG_PGM_NM, label(recommendation)"
    " as RECOMM_DESC, us_time(recommended_at) as RECOMM_DTTM from worknet.suitability_reviews",
    "worknet/PROG": "select progress_update_id as PROG_NO, customer_id as CUST_NO, us_time(updated_at) as UPD_DTTM"
    " from worknet.progress_updates",
    "worknet/NOTE": "select case_note_id as NOTE_NO, customer_id as CUST_NO, us_time(entered_at) as ENTRY_DTTM,"
    " staff_id as USR_ID from worknet.case_notes",
    "worknet/SVC": "select worknet_service_id as SVC_NO, customer_id as CUST_NO, service_code as SVC_CD,"
    " service_name as SVC_NM, pathway as PATHWAY_DESC, us_day(start_date) as BEG_DT, label(status) as STAT_DESC,"
    " us_time(requested_at) as REQ_DTTM from worknet.services",
    "worknet/COMPL": "select customer_id as CUST_NO, label(status) as STAT_DESC, us_time(recorded_at) as REC_DTTM,"
    " yes(industry_credential) as IND_CRED_IND, yes(postsecondary_credential) as PS_CRED_IND,"
    " label(permanent_employment_status) as EMPL_STAT_DESC, label(postsecondary_education_status) as PS_ED_STAT_DESC"
    " from worknet.program_completions",
    "iwds/APP": "select iwds_application_id as APP_ID, iwds_customer_id as PERSON_ID, worknet_application_id as"
    " WORKNET_REF, first_name as FIRST, last_name as LAST, us_day(date_of_birth) as DOB, ssn_last4 as SSN4,"
    " lwia_number as LWIA, left(upper(status), 1) as STATUS, us_day(application_date) as APP_DATE,"
    " us_day(status_date) as STATUS_DATE, us_day(certified_on) as CERT_DATE, us_day(exited_on) as EXIT_DATE"
    " from iwds.applications",
    "iwds/SVC": "select iwds_service_id as SVC_ID, iwds_application_id as APP_ID, service_code as CODE, service_name as"
    " NAME, us_day(start_date) as BEGIN_DATE, us_day(end_date) as END_DATE, label(status) as STATUS from iwds.services",
    "iwds/CRED": "select iwds_credential_id as CRED_ID, iwds_application_id as APP_ID, label(credential_type) as TYPE,"
    " us_day(earned_on) as EARNED from iwds.credentials",
}
"""Each file's select. Dates are as in the US, codes are labels, and some are letters."""

MACROS = """
    set TimeZone = 'America/Chicago';
    create macro us_day(value) as strftime(cast(value as date), '%m/%d/%Y');
    create macro us_time(value) as
        strftime(cast(cast(value as timestamp with time zone) as timestamp), '%m/%d/%Y %I:%M:%S %p');
    create macro label(value) as array_to_string(
        list_transform(string_split(value, '_'), lambda word: upper(word[1]) || word[2:]), ' ');
    create macro yes(value) as if(cast(value as boolean), 'Y', 'N');
"""


def open_sample(extracts: Path, day: str) -> duckdb.DuckDBPyConnection:
    """The sample's extracts of a day as views of text, ``worknet.customers`` and so on."""
    connection = duckdb.connect()
    connection.execute(MACROS)
    for system in ("worknet", "iwds"):
        connection.execute(f"create schema {system}")
        for path in sorted((extracts / system / day).glob("*.csv")):
            connection.execute(f"create view {system}.{path.stem} as from read_csv('{path}', all_varchar = true)")
    return connection


def main(extracts: Path, day: str, out: Path) -> None:
    """Writes the exports of both systems, in two files where there are customers or applications."""
    with open_sample(extracts, day) as connection:
        for name, select in TABLES.items():
            parts = ("_1", "_2") if name.endswith(("CUST", "/APP")) else ("",)
            for number, part in enumerate(parts):
                path = out / f"{name}_{day.replace('-', '')}{part}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                rows = f"select * exclude (number) from (select *, row_number() over () as number from ({select}))"
                rows += f" where number % {len(parts)} = {number}"
                connection.execute(f"copy ({rows}) to '{path}' (format csv, delimiter '|', header true)")
                _as_windows_text(path)
    for system in ("worknet", "iwds"):
        (out / system / f"READY_{day.replace('-', '')}").touch()


def _as_windows_text(path: Path) -> None:
    """Windows-1252 with CRLF, and a last line that counts the rows. A letter that it lacks loses its accent."""
    text = path.read_text(encoding="utf-8")
    rows = text.count("\n") - 1
    plain = "".join(
        sign if _fits(sign) else unicodedata.normalize("NFKD", sign)[0] for sign in text + f"TRAILER|{rows}\n"
    )
    path.write_bytes(plain.replace("\n", "\r\n").encode("windows-1252"))


def _fits(sign: str) -> bool:
    try:
        return bool(sign.encode("windows-1252"))
    except UnicodeEncodeError:
        return False


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
