with

-- Only the services of the IWDS application that counts for the customer count.
iwds_applications as (
    select customer_id, iwds_application_id from {{ ref("int_customers__sync_status") }}
    where sync_status = 'synced'
),

catalogue as (
    select * from {{ ref("service_catalogue") }}
),

iwds_services as (
    select
        iwds_applications.customer_id,
        services.service_name_key,
        services.start_date,
        services.status in ('started', 'open', 'complete') as is_active,
        coalesce(catalogue.category, 'unknown') as category,
        coalesce(catalogue.is_iss, false) as is_iss
    from {{ ref("stg_iwds__services") }} as services
    inner join iwds_applications on services.iwds_application_id = iwds_applications.iwds_application_id
    left join catalogue on services.service_code = catalogue.service_code
),

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
    from iwds_services
    group by customer_id
),

credentials_by_customer as (
    select
        iwds_applications.customer_id,
        min(credentials.earned_on) as iwds_credential_on
    from {{ ref("stg_iwds__credentials") }} as credentials
    inner join iwds_applications on credentials.iwds_application_id = iwds_applications.iwds_application_id
    group by iwds_applications.customer_id
),

worknet_services as (
    select * from {{ ref("stg_worknet__services") }}
    where status in ('not_started', 'open_request')
),

planned_by_customer as (
    select distinct customer_id from worknet_services
),

-- A request is fulfilled once IWDS has a service of the same name and start date.
fulfilled as (
    select distinct customer_id, service_name_key, start_date from iwds_services
),

open_requests as (
    select
        worknet_services.customer_id,
        coalesce(worknet_services.requested_on, worknet_services.start_date) as requested_on
    from worknet_services
    left join fulfilled
        on
            worknet_services.customer_id = fulfilled.customer_id
            and worknet_services.service_name_key = fulfilled.service_name_key
            and worknet_services.start_date = fulfilled.start_date
    where worknet_services.status = 'open_request' and fulfilled.customer_id is null
),

requests_by_customer as (
    select customer_id, min(requested_on) as open_request_on from open_requests
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
    planned_by_customer.customer_id is not null as has_planned_service,
    requests_by_customer.open_request_on
from customers
left join iwds_by_customer on customers.customer_id = iwds_by_customer.customer_id
left join credentials_by_customer on customers.customer_id = credentials_by_customer.customer_id
left join planned_by_customer on customers.customer_id = planned_by_customer.customer_id
left join requests_by_customer on customers.customer_id = requests_by_customer.customer_id
