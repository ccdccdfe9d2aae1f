-- workNet delivers the latest two or three case notes of each customer.
with
habits as (
    select
        number,
        customer_id,
        provider,
        provider_bits,
        ready_on,
        one_of([7, 14, 21, 26, 27, 28, 31], habit_bits, 1) as interval_days,
        least(getvariable('as_of'), last_entry_on) as until,
        notes_lapse_on as lapse_on,
        notes_resume_on as resume_on
    from present
    where ready_on <= getvariable('as_of')
),

turns as (
    select
        *,
        unnest(latest_turns(ready_on, interval_days, until, lapse_on)) as turn
    from habits
),

notes as (
    select
        *,
        draw('note', number * 1000 + turn) as bits
    from turns
    where turn >= 1
),

dated as (
    select
        *,
        ready_on + (turn * interval_days)::integer + pick(bits, 3, 5) as entered_on
    from notes
)

select
    numbered('CN', number) || '-' || turn as case_note_id,
    customer_id,
    moment(entered_on, 8, 21, bits) as entered_at,
    case when pick(bits, 2, 50) > 0 then planner_of(provider, provider_bits) end as staff_id
from dated
where is_entered(entered_on, until, lapse_on, resume_on)
qualify row_number() over (partition by number order by turn desc) <= 3
