-- Looked up in the extracts again, independently of the facts that the status was judged by.
with

customers as (
    select * from {{ ref("stg_worknet__customers") }}
),

statuses as (
    select customer_id, sync_status from {{ ref("int_customers__sync_status") }}
),

iwds_applications as (
    select * from {{ ref("stg_iwds__applications") }}
),

latest_on as (
    select iwds_customer_key, max(application_date) as application_date from iwds_applications
    group by iwds_customer_key
),

-- With several on the same last day, any that agrees will do.
identities as (
    select
        iwds_applications.iwds_customer_key,
        customers.customer_id,
        max(case
            when
                iwds_applications.date_of_birth = customers.date_of_birth
                and coalesce(iwds_applications.ssn_last4, customers.ssn_last4, '') = coalesce(customers.ssn_last4, '')
                then 1
            else 0
        end) = 1 as has_agreeing_identity
    from customers
    inner join latest_on on customers.iwds_customer_key = latest_on.iwds_customer_key
    inner join iwds_applications
        on
            latest_on.iwds_customer_key = iwds_applications.iwds_customer_key
            and latest_on.application_date = iwds_applications.application_date
    group by iwds_applications.iwds_customer_key, customers.customer_id
),

facts as (
    select
        statuses.sync_status,
        customers.iwds_customer_id is not null as has_iwds_customer_id,
        identities.customer_id is not null as has_iwds_person,
        coalesce(identities.has_agreeing_identity, false) as has_agreeing_identity
    from customers
    left join statuses on customers.customer_id = statuses.customer_id
    left join identities on customers.customer_id = identities.customer_id
)

select
    sync_status,
    has_iwds_customer_id,
    has_iwds_person,
    has_agreeing_identity,
    count(*) as customer_count
from facts
group by sync_status, has_iwds_customer_id, has_iwds_person, has_agreeing_identity
