with

customers as (
    select * from {{ ref("int_customers__spine") }}
),

ready as (
    select customer_id from {{ ref("int_lines__ready_for_enrollment") }}
),

reapplied as (
    select
        {{ no_reason() }} as section_key,
        customer_id,
        'reapplied_while_enrolled' as reason,
        {{ dbt.concat([
            "'Application '", "newer_application_id", "' was started on '", as_text("newer_started_on"),
            "' and is not submitted. Application '", "application_id", "' counts: its IWDS application is still open.'"
        ]) }} as detail
    from customers
    where newer_application_id is not null
),

-- The first gate that stopped them, in the dashboard's order.
enrolled_not_counted as (
    select
        'enrollment_status' as section_key,
        customers.customer_id,
        'enrolled_not_counted' as reason,
        {{ dbt.concat([
            "'IWDS status '", "customers.iwds_status", "', but '",
            "case
                when customers.outcome = 'not_suitable' then 'the application was found not suitable'
                when customers.outcome = 'declined' then 'the customer declined in the application'
                when customers.application_submitted_on is null then 'the application is not submitted'
                when customers.recommendation = 'not_suitable' then 'the recommendation is not suitable'
                when customers.recommendation = 'declined_to_participate'
                    then 'the recommendation is declined to participate'
                when customers.earlier_review_on is not null then 'the review is about an earlier application'
                when customers.recommendation is null and customers.training_program is null
                    then 'there is no recommendation and no training program'
                when customers.recommendation is null then 'there is no recommendation'
                else 'there is no training program'
            end",
            "'.'"
        ]) }} as detail
    from customers
    left join ready on customers.customer_id = ready.customer_id
    where customers.iwds_status in ('applicant', 'registrant') and ready.customer_id is null
),

outside as (
    select
        customer_id,
        enrolled_from,
        enrolled_until,
        {{ dbt.concat(["credential_type", "' earned on '", as_text("earned_on")]) }} as credential
    from {{ ref("int_customers__credentials") }}
    where not is_while_enrolled
),

credential_outside_enrollment as (
    select
        'customer_services' as section_key,
        customer_id,
        'credential_outside_enrollment' as reason,
        {{ dbt.concat([
            sorted_list("credential", "; "), "'; enrolled from '", as_text("min(enrolled_from)"),
            "case when min(enrolled_until) is null then '' else ' until ' end",
            "coalesce(" ~ as_text("min(enrolled_until)") ~ ", '')", "'.'"
        ]) }} as detail
    from outside
    group by customer_id
)

select * from reapplied
union all
select * from enrolled_not_counted
union all
select * from credential_outside_enrollment
