with

customers as (
    select * from {{ ref("stg_worknet__customers") }}
),

iwds_applications as (
    select * from {{ ref("stg_iwds__applications") }}
),

own_applications as (
    select * from {{ ref("int_customers__iwds_applications") }}
),

candidates as (
    select
        customer_id,
        count(*) filter (where match_kind = 'same_ssn') as same_ssn_count,
        count(*) filter (where match_kind = 'other_ssn') as other_ssn_count
    from {{ ref("int_customers__iwds_candidates") }}
    group by customer_id
),

-- A person is judged by their latest IWDS application of any origin.
ranked_applications as (
    select
        iwds_customer_key,
        ssn_last4,
        date_of_birth,
        row_number() over (
            partition by iwds_customer_key
            order by application_date desc, iwds_application_id desc
        ) as recency
    from iwds_applications
),

iwds_persons as (
    select * from ranked_applications
    where recency = 1
),

shared_ids as (
    select iwds_customer_key from customers
    where iwds_customer_key is not null
    group by iwds_customer_key
    having count(*) > 1
),

facts as (
    select
        customers.customer_id,
        customers.iwds_customer_id,
        own_applications.iwds_application_id,
        customers.iwds_customer_id is not null as has_iwds_customer_id,
        coalesce({{ is_four_digits("customers.ssn_last4") }}, false) as has_valid_ssn,
        iwds_persons.iwds_customer_key is not null as has_iwds_person,
        -- A null in IWDS is no conflict; a null only in workNet is one.
        coalesce(
            customers.date_of_birth = iwds_persons.date_of_birth
            and (iwds_persons.ssn_last4 is null or customers.ssn_last4 = iwds_persons.ssn_last4)
            and shared_ids.iwds_customer_key is null,
            false
        ) as is_identity_agreed,
        own_applications.customer_id is not null as has_own_iwds_application,
        coalesce(candidates.same_ssn_count, 0) as same_ssn_count,
        coalesce(candidates.other_ssn_count, 0) as other_ssn_count
    from customers
    left join iwds_persons on customers.iwds_customer_key = iwds_persons.iwds_customer_key
    left join shared_ids on customers.iwds_customer_key = shared_ids.iwds_customer_key
    left join own_applications on customers.customer_id = own_applications.customer_id
    left join candidates on customers.customer_id = candidates.customer_id
)

select
    *,
    case
        when not has_iwds_customer_id and not has_valid_ssn then 'missing_ssn'
        when has_iwds_customer_id and not has_iwds_person then 'id_unknown'
        when has_iwds_customer_id and not is_identity_agreed then 'identity_conflict'
        when has_iwds_customer_id and not has_own_iwds_application then 'no_application'
        when has_iwds_customer_id then 'synced'
        when same_ssn_count > 1 then 'ambiguous'
        when same_ssn_count = 1 then 'match_available'
        when other_ssn_count > 0 then 'ssn_mismatch'
        else 'no_match'
    end as sync_status
from facts
