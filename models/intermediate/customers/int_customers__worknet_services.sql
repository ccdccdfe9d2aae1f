with

services as (
    select * from {{ ref("stg_worknet__services") }}
),

catalogue as (
    select * from {{ ref("service_catalogue") }}
),

requests as (
    select * from services
    where status = 'open_request'
),

-- An IWDS service of the same name answers a request on its date, and probably duplicates it on another.
of_same_name as (
    select
        requests.worknet_service_id,
        count(*) filter (where iwds_services.start_date = requests.start_date) > 0 as is_answered,
        min(iwds_services.start_date) as iwds_start_date
    from requests
    inner join {{ ref("int_customers__iwds_services") }} as iwds_services
        on
            requests.customer_id = iwds_services.customer_id
            and requests.service_name_key = iwds_services.service_name_key
    group by requests.worknet_service_id
),

judged as (
    select
        services.*,
        coalesce(catalogue.category, 'unknown') as category,
        coalesce(catalogue.is_iss, false) as is_iss,
        of_same_name.iwds_start_date,
        coalesce(of_same_name.is_answered, false) as is_answered,
        services.status = 'open_request' and not coalesce(of_same_name.is_answered, false) as is_open_request
    from services
    left join catalogue on services.service_code = catalogue.service_code
    left join of_same_name on services.worknet_service_id = of_same_name.worknet_service_id
)

select
    customer_id,
    worknet_service_id,
    service_code,
    service_name,
    service_name_key,
    pathway,
    start_date,
    status,
    requested_on,
    category,
    is_iss,
    is_answered,
    is_open_request,
    case when is_open_request then coalesce(requested_on, start_date) end as open_since_on,
    case when not is_answered then iwds_start_date end as other_iwds_start_date
from judged
