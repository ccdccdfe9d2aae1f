with
linked as (
    select
        *,
        linked_on <= getvariable('as_of')
        and not (route = 'registered_again' and reviewed_again_on <= getvariable('as_of')) as is_linked,
        is_sync_problem and not coalesce(synced_on <= getvariable('as_of'), false) as has_sync_problem,
        -- workNet syncs again every week.
        getvariable('as_of') - ((getvariable('as_of') - linked_on) % 7)::integer as last_synced_on,
        draw('synced', number) as synced_bits,
        draw('created', number) as created_bits
    from present
)

select
    customer_id,
    numbered('PR', provider) as provider_id,
    case when is_one_in(number, 1000, 0) then 99 else area_of(provider) end as lwia_number,
    first_name,
    last_name,
    date_of_birth,
    case
        when route = 'sync_missing_ssn' and has_sync_problem
            then one_of(['12', 'unknown', 'XX-' || ssn_last4, null], contact_bits, 0)
        else ssn_last4
    end as ssn_last4,
    case
        when pick(contact_bits, 1, 100) >= 7 then 'youth.' || lower(customer_id) || '@example.org'
    end as email,
    case
        when pick(contact_bits, 2, 100) >= 9
            then one_of(['312', '217', '618', '815', '309'], contact_bits, 0)
                || '-555-01' || lpad(pick(contact_bits, 1, 100)::varchar, 2, '0')
    end as phone,
    case
        when recommended_on <= getvariable('as_of') then one_of(getvariable('pathways'), contact_bits, 3)
    end as pathway,
    case
        when is_one_in(number, 1000, 1) then 'S-left'
        when application_submitted_on <= getvariable('as_of') then planner_of(provider, provider_bits)
    end as career_planner_staff_id,
    case
        when is_linked and route = 'sync_id_unknown' and has_sync_problem then numbered('PX', number)
        when is_linked then iwds_customer_id
    end as iwds_customer_id,
    case when is_linked then moment(last_synced_on, 22, 23, synced_bits) end as last_synced_at,
    moment(arrived_on, 6, 7, created_bits) as created_at
from linked
