-- IWDS services of the same name as an open request: on its date they fulfill it, on another they duplicate it.
with

requests as (
    select * from {{ ref("int_customers__worknet_services") }}
    where status = 'open_request' and (is_answered or other_iwds_start_date is not null)
),

named as (
    select
        customer_id,
        case when is_answered then 'request_already_fulfilled' else 'duplicate_open_request' end as reason,
        {{ dbt.concat([
            "service_name", "', requested to start on '", as_text("start_date"),
            "', in IWDS on '", as_text("coalesce(other_iwds_start_date, start_date)")
        ]) }} as request
    from requests
)

select
    'customer_services' as section_key,
    customer_id,
    reason,
    {{ dbt.concat([sorted_list("request", "; "), "'.'"]) }} as detail
from named
group by customer_id, reason
