-- What a rate is a share of isn't published, but follows from any line that has somebody. Where no line has anybody,
-- it is nobody.
with

rated as (
    select
        *,
        round(customer_count / nullif(coalesce(pass_rate, loss_rate), 0)) as base_count
    from {{ source("sections", "history") }}
    where colour in ('green', 'grey')
)

select
    as_of_date,
    scope_type,
    scope_id,
    scope_name,
    section_key,
    section_name,
    line_key,
    line_name,
    colour,
    case when colour = 'green' then customer_count end as passed_count,
    case when colour = 'grey' then customer_count end as lost_count,
    coalesce(
        max(base_count) over (partition by as_of_date, scope_type, scope_id, section_key), 0
    ) as base_count
from rated
