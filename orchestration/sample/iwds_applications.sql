with
-- IWDS writes some names in capitals and without accents.
people_in_iwds as (
    select
        *,
        case when pick(iwds_bits, 2, 3) = 0 then upper(strip_accents(first_name)) else first_name end
            as iwds_first_name,
        case
            when pick(iwds_bits, 2, 3) = 0 then upper(replace(strip_accents(last_name), '-', ' '))
            else last_name
        end as iwds_last_name,
        lpad(((ssn_last4::integer + 4321) % 10000)::varchar, 4, '0') as other_ssn_last4,
        case when pick(iwds_bits, 3, 50) > 0 then ssn_last4 end as iwds_ssn_last4,
        is_sync_problem and synced_on > getvariable('as_of') as has_sync_problem
    from present
),

from_worknet as (
    select
        numbered('IA', person) || '-1' as iwds_application_id,
        iwds_customer_id,
        sent_application_id as worknet_application_id,
        iwds_first_name as first_name,
        iwds_last_name as last_name,
        date_of_birth
        + case when has_sync_problem and route = 'sync_conflicting_birth' then 31 else 0 end as date_of_birth,
        case
            when has_sync_problem and route = 'sync_conflicting_ssn' then other_ssn_last4
            else iwds_ssn_last4
        end as ssn_last4,
        90 as lwia_number,
        case
            when has_sync_problem and route = 'sync_no_status' then null
            when exited_on <= getvariable('as_of') then 'exited'
            when registrant_on <= getvariable('as_of') then 'registrant'
            when applicant_on <= getvariable('as_of') then 'applicant'
            else 'inquirant'
        end as status,
        sent_on as application_date,
        case
            when exited_on <= getvariable('as_of') then exited_on
            when registrant_on <= getvariable('as_of') then registrant_on
            when applicant_on <= getvariable('as_of') then applicant_on
            when synced_on <= getvariable('as_of') then synced_on
            else sent_on
        end as status_date,
        -- A few were certified before they applied, because of a typing error.
        case
            when applicant_on > getvariable('as_of') then null
            when is_one_in(number, 1500, 1000) then sent_on - 30
            else applicant_on
        end as certified_on,
        case when exited_on <= getvariable('as_of') then exited_on end as exited_on
    from people_in_iwds
    where sent_on <= getvariable('as_of')
),

-- A co-enrollment or an earlier enrollment; one in a hundred names a workNet application that doesn't exist.
local as (
    select
        numbered('IA', person) || '-2' as iwds_application_id,
        iwds_customer_id,
        case when pick(iwds_bits, 1, 100) = 0 then numbered('AX', number) end as worknet_application_id,
        iwds_first_name as first_name,
        iwds_last_name as last_name,
        date_of_birth,
        case
            when not (route = 'sync_ssn_mismatch' and has_sync_problem) then ssn_last4
            when pick(iwds_bits, 0, 2) = 0 then other_ssn_last4
        end as ssn_last4,
        area_of(provider) as lwia_number,
        case when local_enrollment = 'earlier' then 'exited' else 'registrant' end as status,
        local_on as application_date,
        local_on + case when local_enrollment = 'earlier' then 200 else 12 end as status_date,
        local_on + 5 as certified_on,
        case when local_enrollment = 'earlier' then local_on + 200 end as exited_on
    from people_in_iwds
    where local_on + 12 <= getvariable('as_of')
),

-- Somebody else in IWDS with the same number, birthday and last name.
look_alikes as (
    select
        numbered('IA', person) || '-3' as iwds_application_id,
        iwds_customer_id || '-B' as iwds_customer_id,
        null as worknet_application_id,
        one_of(getvariable('first_names'), name_bits, 2) as first_name,
        last_name,
        date_of_birth,
        ssn_last4,
        area_of(provider + 1) as lwia_number,
        'inquirant' as status,
        arrived_on - 10 as application_date,
        arrived_on - 10 as status_date,
        null as certified_on,
        null as exited_on
    from people_in_iwds
    where route = 'sync_ambiguous' and has_sync_problem
)

select * from from_worknet
union all
select * from local
union all
select * from look_alikes
