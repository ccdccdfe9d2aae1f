"""Which rows of either system belong to a customer.

The rule for IWDS is a superset of the models' rule (``int_customers__iwds_candidates``, with the macro ``name_key``):
everybody a sync status could mean is found here as well. Names are compared by their letters and digits alone, so names
that are the same to the models are the same here. The models also pair equal placeholders in place of a last four
(``xxxx``), but never use such a pair: without four digits the status is ``missing_ssn``.
"""

import duckdb

from orchestration.contract.extract import Extract
from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET
from orchestration.landing.archive import Archive
from orchestration.settings import Settings
from orchestration.state.database import literal, literal_list

CUSTOMERS, APPLICATIONS = WORKNET.extract("customers"), WORKNET.extract("applications")
IWDS_APPLICATIONS = IWDS.extract("applications")

EXTRACTS = (
    *(extract for extract in IWDS.extracts if extract.parents),
    IWDS_APPLICATIONS,
    *(e for e in WORKNET.extracts if e != APPLICATIONS and any(r.column == "customer_id" for r in e.parents)),
    APPLICATIONS,
    CUSTOMERS,
)
"""The extracts with rows of customers. Those that identify rows of others come last."""

_COMPARED = """
    lower(iwds_customer_id) as iwds_customer_id, date_of_birth,
    bare_name(first_name) as first_name, bare_name(last_name) as last_name,
    case when regexp_full_match(ssn_last4, '[0-9]{4}') then ssn_last4 end as ssn_last4
"""
# The person workNet linked, and those with the same birth date, last name, and last four or first name.
_MATCH = """(
    customer.iwds_customer_id = iwds.iwds_customer_id
    or customer.date_of_birth = iwds.date_of_birth and customer.last_name = iwds.last_name
    and (customer.ssn_last4 = iwds.ssn_last4 or customer.first_name = iwds.first_name)
)"""


class Person:
    """A customer and, as temporary tables, everything that identifies their rows in any delivery kept.

    Ids that join the systems are in lower case, as they compare without it.
    ``customer``: names, birth date, last four, IWDS id. ``own_applications``, ``candidates``, ``iwds_persons``,
    ``iwds_applications``: ids. ``marks``: the values that identify a row in quarantine as theirs, with their columns.
    """

    def __init__(self, settings: Settings, connection: duckdb.DuckDBPyConnection, customer_id: str) -> None:
        self.settings = settings
        self.connection = connection
        self.deliveries = Archive(settings.archive).all()
        self.is_theirs = f"customer_id = {literal(customer_id)}"
        self._identify(customer_id)

    def condition(self, extract: Extract) -> str:
        """The SQL condition for their rows of an extract."""
        if extract.system == WORKNET.name:
            return self.is_theirs
        if extract.parents:
            return "iwds_application_id in (from iwds_applications)"
        return (
            "(lower(iwds_customer_id) in (from iwds_persons)"
            " or lower(worknet_application_id) in (from own_applications))"
        )

    def rows(self, extract: Extract) -> str:
        """The relation with an extract's rows of every delivery kept, and the ``filename`` of each."""
        files = [d.parquet(extract) for d in self.deliveries if d.system == extract.system]
        if files:
            return f"read_parquet({literal_list(files)}, union_by_name = true, filename = true)"
        columns = ", ".join(f"cast(null as {column.type.duckdb_type}) as {column.name}" for column in extract.columns)
        return f"(select {columns}, cast(null as varchar) as filename limit 0)"

    def _identify(self, customer_id: str) -> None:
        customers, applications = self.rows(CUSTOMERS), self.rows(APPLICATIONS)
        self.connection.execute(
            rf"""
            -- Without modifier letters (Lm): to the models, an apostrophe may be one of them.
            create temp macro bare_name(name) as
                regexp_replace(lower(strip_accents(name)), '[^\p{{L}}\p{{N}}]|\p{{Lm}}', '', 'g');
            create temp table own_applications as
                select distinct lower(application_id) from {applications} where {self.is_theirs};
            create temp table customer as
                select distinct {_COMPARED} from {customers} where {self.is_theirs};
            create temp view iwds as
                select {_COMPARED}, lower(worknet_application_id) as worknet_application_id
                from {self.rows(IWDS_APPLICATIONS)};
            create temp table candidates as
                select distinct iwds_customer_id from iwds
                where worknet_application_id in (from own_applications) or exists (from customer where {_MATCH});
            -- A person who could just as well be another customer stays: that customer's lines depend on it.
            create temp table iwds_persons as
                with
                    found as (select distinct * from iwds where iwds_customer_id in (from candidates)),
                    others as (select {_COMPARED} from {customers} where not {self.is_theirs}),
                    sent as (select lower(application_id) from {applications} where not {self.is_theirs})
                from candidates where iwds_customer_id not in (
                    select iwds.iwds_customer_id from found as iwds inner join others as customer on {_MATCH}
                    union
                    select iwds_customer_id from found where worknet_application_id in (from sent)
                );
            create temp table iwds_applications as
                select distinct iwds_application_id from {self.rows(IWDS_APPLICATIONS)}
                where {self.condition(IWDS_APPLICATIONS)};
            """
        )
        columns = [(CUSTOMERS, "email"), (CUSTOMERS, "phone"), *((extract, extract.key.name) for extract in EXTRACTS)]
        marks = [
            f"select 'customer_id', {literal(customer_id)}",
            "select 'worknet_application_id', * from own_applications",
            "select 'iwds_customer_id', * from iwds_persons",
            *(
                f"select '{column}', {column} from {self.rows(extract)} where {self.condition(extract)}"
                for extract, column in columns
            ),
        ]
        self.connection.execute(
            "create temp table marks as select column_name, lower(trim(value)) as value"
            f" from ({' union '.join(marks)}) as found(column_name, value) where trim(value) <> ''"
        )
