with

memberships as (
    select * from {{ ref("int_lines__memberships") }}
),

customers as (
    select * from {{ ref("int_customers__spine") }}
),

providers as (
    select * from {{ ref("stg_worknet__providers") }}
),

lines as (
    select * from {{ ref("lines") }}
),

staff as (
    select staff_id, {{ plain_address("email") }} as email from {{ ref("stg_worknet__staff") }}
),

what as (
    select * from {{ ref("int_lines__what") }}
)

select
    {{ as_of_date() }} as as_of_date,
    memberships.section_key,
    memberships.line_key,
    memberships.colour,
    memberships.customer_id,
    customers.first_name,
    customers.last_name,
    customers.provider_id,
    providers.provider_name,
    customers.lwia_number,
    customers.career_planner_staff_id,
    staff.email as career_planner_email,
    customers.pathway,
    customers.sync_status,
    customers.iwds_status,
    memberships.since_on as since_date,
    memberships.age_days as days_on_line,
    memberships.due_on as due_date,
    memberships.days_until_red,
    memberships.overdue_days as days_overdue,
    lines.next_steps,
    what.what,
    {{ customer_url("memberships.customer_id") }} as customer_url,
    lines.section_number,
    lines.section_name,
    lines.line_number,
    lines.line_name
from memberships
inner join customers on memberships.customer_id = customers.customer_id
inner join lines
    on memberships.section_key = lines.section_key and memberships.line_key = lines.line_key
left join providers on customers.provider_id = providers.provider_id
left join staff on customers.career_planner_staff_id = staff.staff_id
left join what
    on memberships.line_key = what.line_key and memberships.customer_id = what.customer_id
