with

iwds_by_customer as (
    select
        customer_id,
        count(*) as iwds_service_count,
        count(*) filter (where is_iss) > 0 as has_iss_service,
        min(start_date) filter (where is_active and category = 'career') as career_service_on,
        min(start_date) filter (where is_active and category = 'training') as training_service_on,
        min(start_date) filter (
            where is_active and category = 'work_based_learning'
        ) as work_based_learning_service_on
    from {{ ref("int_customers__iwds_services") }}
    group by customer_id
),

credentials_by_customer as (
    select customer_id, min(earned_on) as iwds_credential_on
    from {{ ref("int_customers__credentials") }}
    where is_while_enrolled
    group by customer_id
),

plans_by_customer as (
    select
        customer_id,
        count(*) filter (where status in ('not_started', 'open_request')) > 0 as has_planned_service,
        min(open_since_on) as open_request_on
    from {{ ref("int_customers__worknet_services") }}
    group by customer_id
),

customers as (
    select customer_id from {{ ref("stg_worknet__customers") }}
)

select
    customers.customer_id,
    coalesce(iwds_by_customer.iwds_service_count, 0) as iwds_service_count,
    coalesce(iwds_by_customer.has_iss_service, false) as has_iss_service,
    iwds_by_customer.career_service_on,
    iwds_by_customer.training_service_on,
    iwds_by_customer.work_based_learning_service_on,
    credentials_by_customer.iwds_credential_on,
    coalesce(plans_by_customer.has_planned_service, false) as has_planned_service,
    plans_by_customer.open_request_on
from customers
left join iwds_by_customer on customers.customer_id = iwds_by_customer.customer_id
left join credentials_by_customer on customers.customer_id = credentials_by_customer.customer_id
left join plans_by_customer on customers.customer_id = plans_by_customer.customer_id
