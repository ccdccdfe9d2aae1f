with

applications as (
    select * from {{ ref("stg_worknet__applications") }}
),

-- Whatever the person it belongs to: the application was sent, and IWDS is still at work on it.
open_in_iwds as (
    select distinct worknet_application_key from {{ ref("stg_iwds__applications") }}
    where status <> 'exited'
),

ranked as (
    select
        applications.*,
        row_number() over (
            partition by applications.customer_id
            order by applications.prescreening_started_at desc, applications.application_id desc
        ) as recency,
        count(*) over (partition by applications.customer_id) as application_count,
        applications.application_submitted_on is null and applications.outcome is null as is_undecided,
        applications.application_submitted_on is not null
        and applications.outcome is null
        and open_in_iwds.worknet_application_key is not null as is_enrolling
    from applications
    left join open_in_iwds on applications.application_key = open_in_iwds.worknet_application_key
),

-- Somebody who is enrolled and starts a new application is still counted by the one they are enrolled with.
speaking as (
    select
        customer_id,
        max(application_id) filter (where recency = 1) as latest_application_id,
        max(prescreening_started_on) filter (where recency = 1) as latest_started_on,
        coalesce(
            case
                when count(*) filter (where recency = 1 and is_undecided) > 0
                    then min(recency) filter (where recency > 1 and is_enrolling)
            end,
            1
        ) as recency
    from ranked
    group by customer_id
)

select
    ranked.customer_id,
    ranked.application_id,
    ranked.prescreening_started_on,
    ranked.prescreening_completed_on,
    ranked.application_started_on,
    ranked.application_submitted_on,
    ranked.outcome,
    ranked.outcome_on,
    case when ranked.application_count > 1 then ranked.prescreening_started_on end as counts_from,
    case when ranked.recency > 1 then speaking.latest_application_id end as newer_application_id,
    case when ranked.recency > 1 then speaking.latest_started_on end as newer_started_on
from ranked
inner join speaking on ranked.customer_id = speaking.customer_id and ranked.recency = speaking.recency
