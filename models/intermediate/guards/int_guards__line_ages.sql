with

memberships as (
    select * from {{ ref("int_lines__memberships") }}
),

thresholds as (
    select * from {{ ref("thresholds") }}
    where unit = 'days'
)

select
    memberships.line_key,
    memberships.colour,
    count(*) as customer_count,
    min(memberships.age_days) as least_age_days,
    max(memberships.age_days) as most_age_days,
    -- A red line may begin on the day after its threshold; a current one may last until its threshold.
    max(case
        when memberships.colour = 'red' and memberships.parent_line_key is not null
            then thresholds.threshold_value + 1
        else 0
    end) as earliest_age_days,
    max(case when memberships.colour = 'green' then thresholds.threshold_value end) as latest_age_days
from memberships
left join thresholds on memberships.line_key = thresholds.threshold_key
group by memberships.line_key, memberships.colour
