with

customers as (
    select customer_id, iwds_customer_id from {{ ref("stg_worknet__customers") }}
    where iwds_customer_id is not null
),

worknet_applications as (
    select application_id, customer_id from {{ ref("stg_worknet__applications") }}
),

iwds_applications as (
    select * from {{ ref("stg_iwds__applications") }}
    where worknet_application_id is not null
),

-- Only what came from one of the customer's own workNet applications counts.
own_applications as (
    select
        customers.customer_id,
        iwds_applications.*
    from customers
    inner join iwds_applications
        on customers.iwds_customer_id = iwds_applications.iwds_customer_id
    inner join worknet_applications
        on
            iwds_applications.worknet_application_id = worknet_applications.application_id
            and customers.customer_id = worknet_applications.customer_id
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
