with

of_all as (
    select section_key, customer_id, reason, detail from {{ ref("int_exceptions__lines") }}
    union all
    select section_key, customer_id, reason, detail from {{ ref("int_exceptions__enrollments") }}
    union all
    select section_key, customer_id, reason, detail from {{ ref("int_exceptions__references") }}
    union all
    select section_key, customer_id, reason, detail from {{ ref("int_exceptions__requests") }}
    union all
    select {{ no_reason() }} as section_key, customer_id, reason, detail from {{ ref("int_exceptions__dates") }}
),

customers as (
    select customer_id, provider_id, lwia_number from {{ ref("stg_worknet__customers") }}
)

select
    {{ as_of_date() }} as as_of_date,
    of_all.customer_id,
    customers.provider_id,
    customers.lwia_number,
    of_all.section_key,
    of_all.reason,
    of_all.detail
from of_all
inner join customers on of_all.customer_id = customers.customer_id
