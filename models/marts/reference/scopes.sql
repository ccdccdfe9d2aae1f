with

providers as (
    select provider_id, lwia_number from {{ ref("stg_worknet__providers") }}
),

lwias as (
    select * from {{ ref("lwias") }}
),

scopes as (
    select
        *,
        case when scope_type = 'provider' then scope_id end as provider_id
    from {{ ref("int_sections__scopes") }}
)

select
    scopes.scope_type,
    scopes.scope_id,
    scopes.scope_name,
    providers.lwia_number,
    case
        when providers.lwia_number is not null
            then coalesce(lwias.lwia_name, {{ dbt.concat(["'LWIA '", as_text("providers.lwia_number")]) }})
    end as lwia_name
from scopes
left join providers on scopes.provider_id = providers.provider_id
left join lwias on providers.lwia_number = lwias.lwia_number
