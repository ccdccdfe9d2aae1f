with

staff as (
    select * from {{ ref("stg_worknet__staff") }}
),

roles as (
    select * from {{ ref("staff_roles") }}
),

scopes as (
    select scope_type, scope_id from {{ ref("int_sections__scopes") }}
),

-- The narrowest place that the row names; a role that may not see the state gets nothing without one.
granted as (
    select
        staff.staff_id,
        staff.email,
        staff.role,
        roles.may_list_customers,
        case
            when staff.provider_id is not null then 'provider'
            when staff.lwia_number is not null then 'lwia'
            when roles.may_see_state then 'statewide'
        end as scope_type,
        case
            when staff.provider_id is not null then staff.provider_id
            when staff.lwia_number is not null then {{ as_text("staff.lwia_number") }}
            when roles.may_see_state then 'IL'
        end as scope_id
    from staff
    inner join roles on staff.role = roles.role
)

-- A scope that isn't on the dashboard grants nothing, and neither does an address that nobody can sign in with.
select
    granted.staff_id,
    {{ plain_address("granted.email") }} as email,
    granted.role,
    granted.scope_type,
    granted.scope_id,
    granted.may_list_customers
from granted
inner join scopes on granted.scope_type = scopes.scope_type and granted.scope_id = scopes.scope_id
where {{ is_plain_address("granted.email") }}
