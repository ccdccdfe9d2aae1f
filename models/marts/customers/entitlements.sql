with

staff as (
    select * from {{ ref("stg_worknet__staff") }}
),

scopes as (
    select scope_type, scope_id from {{ ref("int_sections__scopes") }}
),

granted as (
    select
        staff_id,
        email,
        role,
        'statewide' as scope_type,
        'IL' as scope_id,
        true as may_list_customers
    from staff
    where role = 'super_user'
    union all
    select
        staff_id,
        email,
        role,
        'lwia' as scope_type,
        {{ as_text("lwia_number") }} as scope_id,
        true as may_list_customers
    from staff
    where role = 'career_planner' and lwia_number is not null
    union all
    select
        staff_id,
        email,
        role,
        'provider' as scope_type,
        provider_id as scope_id,
        true as may_list_customers
    from staff
    where role = 'career_planner' and provider_id is not null
    union all
    select
        staff_id,
        email,
        role,
        'provider' as scope_type,
        provider_id as scope_id,
        false as may_list_customers
    from staff
    where role = 'provider_staff' and provider_id is not null
)

-- A scope that isn't on the dashboard grants nothing.
select
    granted.staff_id,
    {{ lower_case("trim(granted.email)") }} as email,
    granted.role,
    granted.scope_type,
    granted.scope_id,
    granted.may_list_customers
from granted
inner join scopes on granted.scope_type = scopes.scope_type and granted.scope_id = scopes.scope_id
