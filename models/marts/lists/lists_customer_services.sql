with

in_worknet as (
    select * from {{ ref("int_customers__worknet_services") }}
),

in_iwds as (
    select * from {{ ref("int_customers__iwds_services") }}
),

-- An IWDS service that is another workNet service, to the name and day, isn't this request.
unmatched as (
    select in_iwds.*
    from in_iwds
    left join in_worknet
        on
            in_iwds.customer_id = in_worknet.customer_id
            and in_iwds.service_name_key = in_worknet.service_name_key
            and in_iwds.start_date = in_worknet.start_date
    where in_worknet.customer_id is null
),

-- The guide's commonest cause of an open request: the service was entered with another start date or another name.
near as (
    select
        in_worknet.worknet_service_id,
        unmatched.iwds_service_id
    from in_worknet
    inner join unmatched
        on in_worknet.customer_id = unmatched.customer_id and in_worknet.service_name_key = unmatched.service_name_key
    where in_worknet.is_open_request
    union
    select
        in_worknet.worknet_service_id,
        unmatched.iwds_service_id
    from in_worknet
    inner join unmatched
        on
            in_worknet.customer_id = unmatched.customer_id
            and in_worknet.start_date = unmatched.start_date
            and in_worknet.service_code = unmatched.service_code
    where in_worknet.is_open_request
),

near_in_iwds as (
    select worknet_service_id, {{ sorted_list("iwds_service_id") }} as service_ids from near
    group by worknet_service_id
),

near_in_worknet as (
    select iwds_service_id, {{ sorted_list("worknet_service_id") }} as service_ids from near
    group by iwds_service_id
),

services as (
    select
        in_worknet.customer_id,
        'worknet' as system,
        in_worknet.worknet_service_id as service_id,
        in_worknet.service_code,
        in_worknet.service_name,
        in_worknet.category,
        in_worknet.is_iss,
        in_worknet.pathway,
        in_worknet.start_date,
        cast(null as date) as end_date,
        in_worknet.status,
        in_worknet.requested_on as requested_at,
        in_worknet.is_open_request,
        {{ age("in_worknet.open_since_on") }} as days_open,
        near_in_iwds.service_ids as nearly_matches
    from in_worknet
    left join near_in_iwds on in_worknet.worknet_service_id = near_in_iwds.worknet_service_id
    union all
    select
        in_iwds.customer_id,
        'iwds' as system,
        in_iwds.iwds_service_id as service_id,
        in_iwds.service_code,
        in_iwds.service_name,
        in_iwds.category,
        in_iwds.is_iss,
        {{ no_reason() }} as pathway,
        in_iwds.start_date,
        in_iwds.end_date,
        in_iwds.status,
        cast(null as date) as requested_at,
        false as is_open_request,
        cast(null as bigint) as days_open,
        near_in_worknet.service_ids as nearly_matches
    from in_iwds
    left join near_in_worknet on in_iwds.iwds_service_id = near_in_worknet.iwds_service_id
    union all
    select
        customer_id,
        'iwds' as system,
        iwds_credential_id as service_id,
        {{ no_reason() }} as service_code,
        credential_type as service_name,
        'credential' as category,
        false as is_iss,
        {{ no_reason() }} as pathway,
        earned_on as start_date,
        cast(null as date) as end_date,
        {{ no_reason() }} as status,
        cast(null as date) as requested_at,
        false as is_open_request,
        cast(null as bigint) as days_open,
        {{ no_reason() }} as nearly_matches
    from {{ ref("int_customers__credentials") }}
),

customers as (
    select customer_id, provider_id, lwia_number from {{ ref("stg_worknet__customers") }}
)

select
    {{ as_of_date() }} as as_of_date,
    services.customer_id,
    customers.provider_id,
    customers.lwia_number,
    services.system,
    services.service_id,
    services.service_code,
    services.service_name,
    services.category,
    services.is_iss,
    services.pathway,
    services.start_date,
    services.end_date,
    services.status,
    services.requested_at,
    services.is_open_request,
    services.days_open,
    services.nearly_matches
from services
inner join customers on services.customer_id = customers.customer_id
