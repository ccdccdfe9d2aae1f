with

iwds_applications as (
    select customer_id, iwds_application_id from {{ ref("int_customers__sync_status") }}
    where sync_status = 'synced'
),

requests as (
    select * from {{ ref("stg_worknet__services") }}
    where status = 'open_request'
),

iwds_services as (
    select
        iwds_applications.customer_id,
        services.service_name_key,
        services.start_date
    from {{ ref("stg_iwds__services") }} as services
    inner join iwds_applications on services.iwds_application_id = iwds_applications.iwds_application_id
),

-- IWDS services of the same name as an open request: on its date they fulfill it, on another they duplicate it.
compared as (
    select
        requests.customer_id,
        requests.worknet_service_id,
        requests.service_name,
        requests.start_date,
        count(*) filter (where iwds_services.start_date = requests.start_date) > 0 as is_fulfilled,
        min(iwds_services.start_date) as iwds_start_date
    from requests
    inner join iwds_services
        on
            requests.customer_id = iwds_services.customer_id
            and requests.service_name_key = iwds_services.service_name_key
    group by requests.customer_id, requests.worknet_service_id, requests.service_name, requests.start_date
),

named as (
    select
        customer_id,
        case when is_fulfilled then 'request_already_fulfilled' else 'duplicate_open_request' end as reason,
        worknet_service_id,
        {{ dbt.concat([
            "service_name", "', requested to start on '", as_text("start_date"),
            "', in IWDS on '", as_text("case when is_fulfilled then start_date else iwds_start_date end")
        ]) }} as request
    from compared
)

select
    'customer_services' as section_key,
    customer_id,
    reason,
    {{ dbt.concat([sorted_list("request", "; "), "'.'"]) }} as detail
from named
group by customer_id, reason
