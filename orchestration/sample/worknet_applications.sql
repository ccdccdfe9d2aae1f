with
-- Each step has its own hours, so that steps on the same day stay in order.
dated as (
    select
        *,
        draw('started', number) as started_bits,
        draw('prescreened', number) as prescreened_bits,
        draw('applying', number) as applying_bits,
        draw('submitted', number) as submitted_bits,
        draw('out', number) as outcome_moment_bits
    from present
),

first_tries as (
    select
        numbered('A', number) || '-1' as application_id,
        customer_id,
        moment(arrived_on, 7, 10, draw('first try', number)) as prescreening_started_at,
        null as prescreening_completed_at,
        null as application_started_at,
        null as application_submitted_at,
        null as outcome,
        null as outcome_at
    from dated
    where reapplied_after is not null
),

-- A few timestamps are in the wrong decade, or before the step that they follow.
speaking as (
    select
        application_id,
        customer_id,
        moment(prescreening_started_on, 7, 10, started_bits) as prescreening_started_at,
        case
            when prescreening_completed_on > getvariable('as_of') then null
            when is_one_in(number, 1500, 0)
                then moment((prescreening_completed_on + interval 10 year)::date, 10, 12, prescreened_bits)
            else moment(prescreening_completed_on, 10, 12, prescreened_bits)
        end as prescreening_completed_at,
        case
            when application_started_on <= getvariable('as_of')
                then moment(application_started_on, 12, 15, applying_bits)
        end as application_started_at,
        case
            when application_submitted_on > getvariable('as_of') then null
            when is_one_in(number, 1500, 500)
                then moment(application_started_on - 10, 15, 19, submitted_bits)
            else moment(application_submitted_on, 15, 19, submitted_bits)
        end as application_submitted_at,
        case when outcome_on <= getvariable('as_of') then outcome end as outcome,
        case
            when outcome_on <= getvariable('as_of') then moment(outcome_on, 19, 22, outcome_moment_bits)
        end as outcome_at
    from dated
    where prescreening_started_on <= getvariable('as_of')
),

-- Somebody who comes back after the exit, or starts another application while enrolled and gets no further.
further_tries as (
    select
        numbered('A', number) || '-3' as application_id,
        customer_id,
        moment(coalesce(returned_on, began_again_on), 7, 10, started_bits) as prescreening_started_at,
        case
            when returned_on + 1 <= getvariable('as_of') then moment(returned_on + 1, 10, 12, prescreened_bits)
        end as prescreening_completed_at,
        case
            when returned_on + 2 <= getvariable('as_of') then moment(returned_on + 2, 12, 15, applying_bits)
        end as application_started_at,
        case
            when returned_on + 4 <= getvariable('as_of') then moment(returned_on + 4, 15, 19, submitted_bits)
        end as application_submitted_at,
        null as outcome,
        null as outcome_at
    from dated
    where coalesce(returned_on, began_again_on) <= getvariable('as_of')
)

select * from first_tries
union all
select * from speaking
union all
select * from further_tries
