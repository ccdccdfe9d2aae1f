-- workNet delivers the latest two or three confirmations of each customer.
with
habits as (
    select
        number,
        customer_id,
        ready_on,
        one_of([7, 14, 21, 26, 27, 28, 31], habit_bits, 0) as interval_days,
        least(getvariable('as_of'), last_entry_on) as until,
        updates_lapse_on as lapse_on,
        updates_resume_on as resume_on
    from present
    where ready_on <= getvariable('as_of')
),

turns as (
    select
        *,
        unnest(latest_turns(ready_on, interval_days, until, lapse_on)) as turn
    from habits
),

updates as (
    select
        *,
        draw('update', number * 1000 + turn) as bits
    from turns
    where turn >= 1
),

dated as (
    select
        *,
        ready_on + (turn * interval_days)::integer + pick(bits, 3, 5) as updated_on
    from updates
)

select
    numbered('PU', number) || '-' || turn as progress_update_id,
    customer_id,
    moment(updated_on, 8, 21, bits) as updated_at
from dated
where is_entered(updated_on, until, lapse_on, resume_on)
qualify row_number() over (partition by number order by turn desc) <= 3
