with

totals as (
    select * from {{ source("sections", "history") }}
    where line_key = 'total'
),

-- Distinct customers: in a section whose lines overlap, somebody may be on two red ones.
reds as (
    unpivot (
        select * exclude (scope_name, colour, colour_name, customer_count)
        from {{ source("sections", "attention_history") }}
        where colour = 'red'
    )
    on columns(* exclude (as_of_date, scope_type, scope_id))
    into name section_count_column value red_count
)

select
    totals.as_of_date,
    totals.scope_type,
    totals.scope_id,
    totals.scope_name,
    totals.section_key,
    totals.section_name,
    totals.customer_count,
    totals.eligible_count,
    totals.unclassified_count,
    reds.red_count
from totals
inner join reds
    on
        totals.as_of_date = reds.as_of_date
        and totals.scope_type = reds.scope_type
        and totals.scope_id = reds.scope_id
        and totals.section_key || '_count' = reds.section_count_column
