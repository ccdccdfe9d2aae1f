with
entered as (
    select planned_services.*
    from planned_services
    where
        number between getvariable('first_present') and getvariable('last_present')
        and entered_on <= getvariable('as_of')
        and (not is_cancelled or is_entered_when_cancelled)
),

from_worknet as (
    select
        'I' || numbered('S', number) || '-' || step as iwds_service_id,
        iwds_application_id,
        service_code,
        case when pick(bits, 3, 30) = 1 then '  ' || upper(service_name) else service_name end
            as service_name,
        iwds_start_on as start_date,
        -- Some databases write an empty date as this one.
        case
            when is_one_in(number, 1500, 40) then date '1900-01-01'
            when end_on <= getvariable('as_of') and not is_cancelled then end_on
        end as end_date,
        case
            when is_cancelled then 'cancelled'
            when end_on <= getvariable('as_of') then 'complete'
            when start_on + 14 <= getvariable('as_of') then 'open'
            when iwds_start_on <= getvariable('as_of') then 'started'
            else 'not_started'
        end as status
    from entered
),

-- Services under a local enrollment don't count for the program.
local as (
    select
        'I' || numbered('S', present.number) || '-L' as iwds_service_id,
        numbered('IA', present.person) || '-2' as iwds_application_id,
        catalogue.service_code,
        catalogue.service_name,
        present.local_on + 12 as start_date,
        case when present.local_enrollment = 'earlier' then present.local_on + 150 end as end_date,
        case when present.local_enrollment = 'earlier' then 'complete' else 'open' end as status
    from present
    cross join catalogue
    where present.local_on + 12 <= getvariable('as_of') and catalogue.is_iss
)

select * from from_worknet
union all
select * from local
