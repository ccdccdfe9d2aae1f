-- The whole timeline of every customer, which depends only on their number and the seed. A snapshot holds what
-- has happened by the end of its day. A null date never comes.
create or replace table people as
with
-- How many of 200 consecutive customers take each route, so that every line has somebody on any day. Customers on
-- a route that starts with sync_ are ready for enrollment and stay unsynced for a while.
routes as (
    select
        route,
        (sum(customers) over (order by place) - customers)::integer as first_slot,
        (sum(customers) over (order by place))::integer as next_slot
    from (
        values
        (1, 'registered_before', 1),
        (2, 'registered_again', 1),
        (3, 'stalls_in_prescreening', 8),
        (4, 'stalls_before_application', 8),
        (5, 'stalls_in_application', 8),
        (6, 'application_not_suitable', 9),
        (7, 'application_declined', 8),
        (8, 'stalls_in_review', 7),
        (9, 'review_without_program', 2),
        (10, 'review_not_suitable', 8),
        (11, 'review_declined', 7),
        (12, 'sync_missing_ssn', 5),
        (13, 'sync_id_unknown', 3),
        (14, 'sync_conflicting_ssn', 4),
        (15, 'sync_conflicting_birth', 3),
        (16, 'sync_no_application', 4),
        (17, 'sync_ambiguous', 3),
        (18, 'sync_match_available', 4),
        (19, 'sync_ssn_mismatch', 3),
        (20, 'sync_no_match', 6),
        (21, 'sync_no_status', 3),
        (22, 'stalls_as_inquirant', 6),
        (23, 'stalls_as_applicant', 4),
        (24, 'applicant_unplanned', 3),
        (25, 'applicant_completed', 3),
        (26, 'registrant_without_iss', 3),
        (27, 'request_unanswered', 6),
        (28, 'request_entered_otherwise', 6),
        (29, 'straight', 64)
    ) as shares (place, route, customers)
),

arrivals as (
    select
        number,
        getvariable('epoch') + (number * 1095 // getvariable('customers'))::integer as arrived_on,
        (number * 73 + getvariable('rotation')) % 200 as slot
    from range(getvariable('first_number'), getvariable('last_number') + 1) as numbers (number)
),

-- Some register twice: the customer 137 numbers later is in the next slot, because 137 * 73 is 1 more than 10,000.
identified as (
    select
        arrivals.number,
        arrivals.arrived_on,
        routes.route,
        case when routes.route = 'registered_again' then number - 137 else number end as person
    from arrivals
    inner join routes on arrivals.slot >= routes.first_slot and arrivals.slot < routes.next_slot
),

drawn as (
    select
        *,
        starts_with(route, 'sync_') as is_sync_problem,
        draw('name', person) as name_bits,
        draw('birth', person) as birth_bits,
        draw('provider', number) as provider_bits,
        draw('contact', number) as contact_bits,
        draw('application', number) as application_bits,
        draw('enrollment', number) as enrollment_bits,
        draw('ending', number) as ending_bits,
        draw('outcome', number) as outcome_bits,
        draw('iwds', number) as iwds_bits,
        draw('habit', number) as habit_bits,
        draw('again', number) as again_bits,
        stuck_days(draw('stall', number), 0) as stall_days,
        -- A sync problem takes two systems to clear.
        2 * stuck_days(draw('stall', number), 2) as sync_problem_days,
        draw('lapse', number) as lapse_bits
    from identified
),

named as (
    select
        *,
        one_of(getvariable('first_names'), name_bits, 0) as first_name,
        case
            when pick(name_bits, 3, 10) < 3 then one_of(getvariable('last_names'), name_bits, 1)
            else one_of(getvariable('last_name_heads'), name_bits, 1)
                || one_of(getvariable('last_name_tails'), name_bits, 2)
        end as last_name,
        getvariable('epoch') + (person * 1095 // getvariable('customers'))::integer
        - (16 * 365 + pick(birth_bits, 0, 3200)) as date_of_birth,
        lpad(pick(birth_bits, 1, 10000)::varchar, 4, '0') as ssn_last4,
        provider_of(provider_bits) as provider
    from drawn
),

applied as (
    select
        *,
        -- One in forty abandons a first application and starts a second.
        case when pick(application_bits, 3, 40) = 0 then 15 + pick(ending_bits, 3, 45) end as reapplied_after
    from named
),

started as (
    select
        *,
        arrived_on + coalesce(reapplied_after, 0) as prescreening_started_on
    from applied
),

prescreened as (
    select
        *,
        case
            when route != 'stalls_in_prescreening'
                then prescreening_started_on + step_days(application_bits, 0)
        end as prescreening_completed_on
    from started
),

in_application as (
    select
        *,
        case
            when route != 'stalls_before_application'
                then prescreening_completed_on + step_days(application_bits, 1)
        end as application_started_on
    from prescreened
),

submitted as (
    select
        *,
        case
            when
                route not in (
                    'stalls_in_application', 'application_not_suitable', 'application_declined'
                )
                then application_started_on + step_days(application_bits, 2)
        end as application_submitted_on,
        case
            when route = 'application_not_suitable' then 'not_suitable'
            when route = 'application_declined' then 'declined'
            when
                route in ('stalls_in_prescreening', 'stalls_before_application', 'stalls_in_application')
                then 'declined'
        end as outcome,
        case
            when route in ('application_not_suitable', 'application_declined')
                then application_started_on + step_days(application_bits, 2)
            when
                route in ('stalls_in_prescreening', 'stalls_before_application', 'stalls_in_application')
                then prescreening_started_on + stall_days
        end as outcome_on
    from in_application
),

reviewed as (
    select
        *,
        case
            when route = 'stalls_in_review' then application_submitted_on + stall_days
            else application_submitted_on + step_days(enrollment_bits, 0)
        end as recommended_on,
        case
            when route = 'review_not_suitable' then 'not_suitable'
            when route in ('review_declined', 'stalls_in_review') then 'declined_to_participate'
            else 'ready_for_enrollment'
        end as recommendation
    from submitted
),

ready as (
    select
        *,
        case
            when recommendation = 'ready_for_enrollment'
                then recommended_on + case when route = 'review_without_program' then stall_days else 0 end
        end as ready_on
    from reviewed
),

-- The id is linked first; the customer is synced when nothing prevents it anymore.
linked as (
    select
        *,
        ready_on + step_days(enrollment_bits, 1)
        + case
            when route in ('sync_missing_ssn', 'sync_ambiguous', 'sync_match_available', 'sync_ssn_mismatch')
                or route = 'sync_no_match'
                then sync_problem_days
            else 0
        end as linked_on,
        ready_on + step_days(enrollment_bits, 1)
        + case when is_sync_problem then sync_problem_days else 0 end as synced_on
    from ready
),

-- Customers who registered a second time have no IWDS application of their own.
sent as (
    select
        *,
        case
            when route in ('sync_conflicting_ssn', 'sync_conflicting_birth', 'sync_no_status') then linked_on
            when route != 'registered_again' then synced_on
        end as sent_on
    from linked
),

certified as (
    select
        *,
        case
            when route = 'registered_again' then null
            when route = 'stalls_as_inquirant' then synced_on + stall_days
            else synced_on + step_days(enrollment_bits, 2)
        end as applicant_on
    from sent
),

registered as (
    select
        *,
        case
            when route in ('stalls_as_applicant', 'applicant_unplanned', 'applicant_completed')
                then applicant_on + stall_days
            else applicant_on + 1 + step_days(enrollment_bits, 3)
        end as registrant_on
    from certified
),

ended as (
    select
        *,
        registrant_on + 60 + pick(ending_bits, 0, 360) as ended_on,
        case
            when route = 'applicant_completed' then 'successful'
            when pick(ending_bits, 1, 1000) < 710 then 'successful'
            when pick(ending_bits, 1, 1000) < 785 then 'unsuccessful'
            when pick(ending_bits, 1, 1000) < 880 then 'withdrew'
            when pick(ending_bits, 1, 1000) < 900 then 'unrecorded'
            else 'continues'
        end as ending,
        -- For a few, the ending and the recorded outcomes disagree.
        case
            when pick(ending_bits, 1, 1000) < 710 then pick(ending_bits, 1, 1000) >= 10
            else pick(ending_bits, 1, 1000) in (710, 711, 712, 713, 785, 786, 787, 788)
        end as has_outcome
    from registered
),

exited as (
    select
        *,
        case
            when route = 'applicant_completed' then applicant_on + 15
            when ending in ('successful', 'unsuccessful', 'withdrew') then ended_on
        end as completed_on,
        -- One in fourteen of those who completed stays a registrant.
        case
            when ending != 'continues' and pick(ending_bits, 2, 14) > 0
                then ended_on + 10 + pick(ending_bits, 3, 80)
        end as exited_on
    from ended
)

select
    *,
    -- The person's other enrollments, under a local area and not from workNet.
    case
        when
            route in ('sync_no_application', 'sync_ambiguous', 'sync_match_available', 'sync_ssn_mismatch')
            then 'open'
        when route = 'registered_again' then null
        when pick(iwds_bits, 0, 100) < 8 then 'co_enrolled'
        when pick(iwds_bits, 0, 100) < 13 then 'earlier'
    end as local_enrollment,
    case
        when
            route in ('sync_no_application', 'sync_ambiguous', 'sync_match_available', 'sync_ssn_mismatch')
            then arrived_on - 30 - pick(iwds_bits, 1, 300)
        when route = 'registered_again' then null
        when pick(iwds_bits, 0, 100) < 8 then synced_on + 20 + pick(iwds_bits, 1, 200)
        when pick(iwds_bits, 0, 100) < 13 then arrived_on - 400 - pick(iwds_bits, 1, 500)
    end as local_on,
    -- A few apply again after their exit; the review finds them not suitable or they decline.
    case
        when route = 'straight' and exited_on is not null and pick(again_bits, 0, 100) < 4
            then exited_on + 30 + pick(again_bits, 1, 120)
    end as returned_on,
    -- The second registration of a person is withdrawn once somebody has seen that there are two.
    case
        when route = 'registered_again' then ready_on + 2 * sync_problem_days
        else returned_on + 4 + step_days(again_bits, 2)
    end as reviewed_again_on,
    -- Of those who stay enrolled, some start a new application anyway, and some lose their training program.
    case
        when route = 'straight' and ending = 'continues' and pick(again_bits, 0, 100) < 15
            then registrant_on + 40 + pick(again_bits, 1, 200)
    end as began_again_on,
    case
        when route = 'straight' and ending = 'continues' and pick(again_bits, 0, 100) between 15 and 54
            then registrant_on + 40 + pick(again_bits, 1, 200)
    end as program_lost_on,
    program_lost_on + 2 * stall_days as program_found_on,
    numbered('P', person) as iwds_customer_id,
    numbered('C', number) as customer_id,
    numbered('A', number) || case when reapplied_after is null then '-1' else '-2' end as application_id,
    -- Half of those who applied twice were sent to IWDS with the first application.
    numbered('A', number)
    || case
        when reapplied_after is null or pick(application_bits, 0, 2) = 0 then '-1' else '-2'
    end as sent_application_id,
    -- After a year nothing is required anymore. For a third of the customers nothing is entered for a while.
    exited_on + 365 as last_entry_on,
    case when pick(habit_bits, 2, 100) < 35 then ready_on + 10 + pick(lapse_bits, 0, 400) end as updates_lapse_on,
    updates_lapse_on + stuck_days(lapse_bits, 1) as updates_resume_on,
    case when pick(habit_bits, 3, 100) < 35 then ready_on + 10 + pick(lapse_bits, 3, 400) end as notes_lapse_on,
    notes_lapse_on + stuck_days(lapse_bits, 2) as notes_resume_on
from exited;
