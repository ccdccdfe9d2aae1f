-- The services of every customer who is ready for enrollment: planned, requested, entered in IWDS, ended.
create or replace table planned_services as
with
-- Percent: how many receive it. First day and spread: when it starts, counted from the day they become a registrant.
steps as (
    select *
    from (
        values
        (1, 'iss', 100, 0, 1),
        (2, 'career', 90, 3, 10),
        (3, 'training', 75, 20, 30),
        (4, 'work_based_learning', 65, 50, 60),
        (5, 'support', 45, 15, 90),
        (6, 'follow_up', 60, 0, 1)
    ) as plan (step, kind, percent, first_day, spread)
),

choices as (
    select
        case when is_iss then 'iss' else category end as kind,
        list({code: service_code, name: service_name} order by service_code) as options
    from catalogue
    group by all
),

planned as (
    select
        people.*,
        steps.*,
        choices.options,
        draw('service', people.number * 10 + steps.step) as bits,
        draw('service day', people.number * 10 + steps.step) as day_bits
    from people
    cross join steps
    inner join choices on steps.kind = choices.kind
    where people.ready_on is not null
),

chosen as (
    select
        *,
        one_of(options, bits, 1) as option,
        coalesce(registrant_on, ready_on + 60) as base_on
    from planned
    where
        case
            when step = 3 and starts_with(route, 'request_') then true
            when kind = 'follow_up' and (completed_on is null or exited_on is null) then false
            else pick(bits, 0, 100) < percent
        end
),

dated as (
    select
        *,
        case
            when kind = 'follow_up' then exited_on + 1 + pick(day_bits, 0, 30)
            else base_on + first_day + pick(day_bits, 0, spread)
        end as start_on
    from chosen
),

requested as (
    select
        *,
        case
            when kind = 'follow_up' then completed_on
            when route = 'applicant_unplanned' then registrant_on
            when kind = 'iss' and route = 'registrant_without_iss' then registrant_on + stall_days
            else ready_on + 1 + pick(day_bits, 1, 4)
        end as planned_on,
        step > 1
        and (pick(bits, 2, 100) < 4 or (kind != 'follow_up' and coalesce(start_on > ended_on, false)))
            as is_cancelled,
        case
            when kind = 'iss' and route = 'registrant_without_iss' then registrant_on + stall_days
            when registrant_on is not null then start_on - pick(day_bits, 2, 4)
        end as requested_on
    from dated
),

entered as (
    select
        *,
        case
            when step = 1 then greatest(registrant_on, requested_on)
            when step = 3 and route = 'request_unanswered' then requested_on + stall_days
            else requested_on + step_days(day_bits, 3)
        end as entered_on
    from requested
)

select
    number,
    step,
    customer_id,
    numbered('IA', person) || '-1' as iwds_application_id,
    -- A few are entered with a code that is not in the catalog.
    case when is_one_in(number, 1000, step * 100) then 'Z99' else option.code end as service_code,
    case when is_one_in(number, 1000, step * 100) then 'Locally Named Service' else option.name end
        as service_name,
    case
        when kind in ('training', 'work_based_learning') then one_of(getvariable('pathways'), contact_bits, 3)
    end as pathway,
    planned_on,
    requested_on,
    entered_on,
    start_on,
    start_on
    + case when step = 3 and route = 'request_entered_otherwise' then 7 else 0 end as iwds_start_on,
    start_on + 20 + pick(bits, 3, 100) as end_on,
    -- workNet keeps showing the request until somebody has seen the entry.
    entered_on + case
        when step = 3 and route = 'request_entered_otherwise' then stall_days
        else pick(bits, 1, 4)
    end as acknowledged_on,
    is_cancelled,
    pick(bits, 2, 100) >= 2 as is_entered_when_cancelled,
    bits
from entered;
