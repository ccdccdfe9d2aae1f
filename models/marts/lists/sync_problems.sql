with

not_synced as (
    select customer_id from {{ ref("int_lines__memberships") }}
    where line_key = 'not_synced'
),

-- Which kind of match the status is about.
customers as (
    select
        spine.*,
        case
            when spine.sync_status in ('match_available', 'ambiguous') then 'same_ssn'
            when spine.sync_status = 'ssn_mismatch' then 'other_ssn'
        end as match_kind
    from {{ ref("int_customers__spine") }} as spine
    inner join not_synced on spine.customer_id = not_synced.customer_id
),

providers as (
    select * from {{ ref("stg_worknet__providers") }}
),

sync_statuses as (
    select * from {{ ref("sync_statuses") }}
),

candidates as (
    select
        found.customer_id,
        found.match_kind,
        {{ sorted_list("found.iwds_customer_id") }} as iwds_candidate_ids
    from {{ ref("int_customers__iwds_candidates") }} as found
    inner join not_synced on found.customer_id = not_synced.customer_id
    group by found.customer_id, found.match_kind
)

select
    {{ as_of_date() }} as as_of_date,
    customers.customer_id,
    customers.application_id,
    customers.iwds_customer_id,
    customers.iwds_application_id,
    customers.first_name,
    customers.last_name,
    customers.provider_id,
    providers.provider_name,
    customers.lwia_number,
    customers.career_planner_staff_id,
    customers.sync_status,
    coalesce(sync_statuses.without_status_meaning, sync_statuses.meaning) as meaning,
    coalesce(sync_statuses.without_status_next_step, sync_statuses.next_step) as next_step,
    candidates.iwds_candidate_ids
from customers
left join sync_statuses on customers.sync_status = sync_statuses.sync_status
left join providers on customers.provider_id = providers.provider_id
left join candidates
    on customers.customer_id = candidates.customer_id and customers.match_kind = candidates.match_kind
