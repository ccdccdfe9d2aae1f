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

-- The last turns before today, and before the time without any: in that time and right behind it they are the latest.
turns as (
    select distinct
        habits.*,
        (last_day - ready_on) // interval_days - back as turn
    from habits
    cross join unnest([until, least(until, lapse_on)]) as ends (last_day)
    cross join range(3) as turns_back (back)
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
where
    updated_on <= until
    and (updated_on < lapse_on or updated_on >= resume_on) is not false
qualify row_number() over (partition by number order by turn desc) <= 3
