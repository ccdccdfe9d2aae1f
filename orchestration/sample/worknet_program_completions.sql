with
recorded as (
    select
        *,
        coalesce(completed_on <= getvariable('as_of'), false) as is_completed,
        draw('completed', number) as moment_bits
    from present
    where
        completed_on <= getvariable('as_of')
        or (registrant_on + 10 <= getvariable('as_of') and pick(outcome_bits, 0, 5) < 2)
),

-- The outcomes as the bits of a number from 1 to 7: credential, employment, education.
outcomes as (
    select
        *,
        case when is_completed and has_outcome then 1 + pick(outcome_bits, 3, 7) else 0 end as outcomes
    from recorded
)

select
    customer_id,
    case when is_completed then ending else 'not_complete' end as status,
    case when is_completed then moment(completed_on, 8, 21, moment_bits) end as recorded_at,
    outcomes & 1 > 0 as industry_credential,
    outcomes & 4 > 0 and pick(moment_bits, 3, 2) = 0 as postsecondary_credential,
    case
        when outcomes & 2 > 0 then one_of(['started', 'open'], outcome_bits, 1)
        when is_completed and pick(outcome_bits, 1, 3) = 0 then 'not_started'
    end as permanent_employment_status,
    case
        when outcomes & 4 > 0 then one_of(['started', 'open'], outcome_bits, 2)
        when is_completed and pick(outcome_bits, 2, 3) = 0 then 'not_started'
    end as postsecondary_education_status
from outcomes
