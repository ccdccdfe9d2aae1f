with

customer_lwias as (
    select distinct lwia_number from {{ ref("stg_worknet__customers") }}
),

lwias as (
    select * from {{ ref("lwias") }}
),

providers as (
    select * from {{ ref("stg_worknet__providers") }}
)

select
    'statewide' as scope_type,
    'IL' as scope_id,
    'Illinois' as scope_name
union all
select
    'lwia' as scope_type,
    {{ as_text("customer_lwias.lwia_number") }} as scope_id,
    coalesce(lwias.lwia_name, {{ dbt.concat(["'LWIA '", as_text("customer_lwias.lwia_number")]) }}) as scope_name
from customer_lwias
left join lwias on customer_lwias.lwia_number = lwias.lwia_number
union all
select
    'provider' as scope_type,
    provider_id as scope_id,
    provider_name as scope_name
from providers
