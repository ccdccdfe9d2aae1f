with
-- One in five registrants finishes school during the program.
diplomas as (
    select
        number,
        person,
        'D' as suffix,
        one_of(['high_school_diploma', 'high_school_diploma', 'college_degree', 'other'], outcome_bits, 1)
            as credential_type,
        -- A few are from a school that they finished long before.
        registrant_on + case when is_one_in(number, 150, 70) then -900 else 55 end as earned_on
    from present
    where pick(ending_bits, 2, 5) = 0
),

certifications as (
    select
        number,
        person,
        'C' as suffix,
        'industry_certification' as credential_type,
        completed_on - 5 as earned_on
    from present
    where
        ending = 'successful'
        and has_outcome
        and completed_on > registrant_on
        and (1 + pick(outcome_bits, 3, 7)) & 1 > 0
),

earlier as (
    select
        number,
        person,
        'L' as suffix,
        'high_school_diploma' as credential_type,
        local_on + 100 as earned_on
    from present
    where local_enrollment = 'earlier'
),

earned as (
    select * from diplomas
    union all
    select * from certifications
    union all
    select * from earlier
)

select
    numbered('IC', number) || '-' || suffix as iwds_credential_id,
    numbered('IA', person) || case when suffix = 'L' then '-2' else '-1' end as iwds_application_id,
    credential_type,
    earned_on
from earned
where earned_on <= getvariable('as_of')
