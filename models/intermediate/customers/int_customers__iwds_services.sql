with

-- Only the services of the IWDS application that counts for the customer count.
synced as (
    select customer_id, iwds_application_id from {{ ref("int_customers__sync_status") }}
    where sync_status = 'synced'
),

catalogue as (
    select * from {{ ref("service_catalogue") }}
)

select
    synced.customer_id,
    services.iwds_service_id,
    services.service_code,
    services.service_name,
    services.service_name_key,
    services.start_date,
    services.end_date,
    services.status,
    services.status in ('started', 'open', 'complete') as is_active,
    coalesce(catalogue.category, 'unknown') as category,
    coalesce(catalogue.is_iss, false) as is_iss
from {{ ref("stg_iwds__services") }} as services
inner join synced on services.iwds_application_id = synced.iwds_application_id
left join catalogue on services.service_code = catalogue.service_code
