with

spine as (
    select * from {{ ref("int_customers__spine") }}
),

memberships as (
    select * from {{ ref("int_lines__memberships") }}
),

clocked_lines as (
    select line_key from {{ ref("dashboard_lines") }}
    where is_clock_always_known
),

-- A status and the date that it implies; the first kind follows from the rules, the others from what is delivered.
implied as (
    select
        memberships.line_key as status,
        'since_on' as date_name,
        'rule' as origin,
        memberships.since_on as implied_on
    from memberships
    inner join clocked_lines on memberships.line_key = clocked_lines.line_key
    union all
    select
        outcome as status,
        'outcome_on' as date_name,
        'delivery' as origin,
        outcome_on as implied_on
    from spine
    where outcome is not null
    union all
    select
        recommendation as status,
        'recommended_on' as date_name,
        'delivery' as origin,
        recommended_on as implied_on
    from spine
    where recommendation is not null
    union all
    select
        iwds_status as status,
        'certified_on' as date_name,
        'delivery' as origin,
        certified_on as implied_on
    from spine
    where iwds_status in ('applicant', 'registrant', 'exited')
    union all
    select
        iwds_status as status,
        'exited_on' as date_name,
        'delivery' as origin,
        exited_on as implied_on
    from spine
    where iwds_status = 'exited'
    union all
    select
        completion_status as status,
        'recorded_on' as date_name,
        'delivery' as origin,
        completion_recorded_on as implied_on
    from spine
    where completion_status <> 'not_complete'
)

select
    status,
    date_name,
    origin,
    count(*) as customer_count,
    count(*) - count(implied_on) as missing_count,
    1e0 * (count(*) - count(implied_on)) / count(*) as missing_share
from implied
group by status, date_name, origin
