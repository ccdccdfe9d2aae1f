with

customers as (
    select customer_id, iwds_customer_key from {{ ref("stg_worknet__customers") }}
    where iwds_customer_key is not null
),

worknet_applications as (
    select application_key, customer_id from {{ ref("stg_worknet__applications") }}
),

speaking_applications as (
    select customer_id, prescreening_started_on from {{ ref("int_customers__applications") }}
),

iwds_applications as (
    select * from {{ ref("stg_iwds__applications") }}
    where worknet_application_key is not null
),

-- Only what came from one of the customer's own workNet applications counts, and not an enrollment that was closed
-- before the application that speaks began.
own_applications as (
    select
        customers.customer_id,
        iwds_applications.*
    from customers
    inner join iwds_applications
        on customers.iwds_customer_key = iwds_applications.iwds_customer_key
    inner join worknet_applications
        on
            iwds_applications.worknet_application_key = worknet_applications.application_key
            and customers.customer_id = worknet_applications.customer_id
    inner join speaking_applications
        on customers.customer_id = speaking_applications.customer_id
    where
        coalesce(iwds_applications.status, '') <> 'exited'
        or iwds_applications.exited_on is null
        or speaking_applications.prescreening_started_on is null
        or iwds_applications.exited_on >= speaking_applications.prescreening_started_on
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by application_date desc, iwds_application_id desc
        ) as recency
    from own_applications
)

select
    customer_id,
    iwds_application_id,
    status,
    status_date,
    application_date,
    certified_on,
    exited_on
from ranked
where recency = 1
