with

judged as (
    select * from {{ ref("int_lines__judged") }}
),

customers as (
    select * from {{ ref("int_customers__spine") }}
),

unclassified as (
    select
        judged.section_key,
        judged.customer_id,
        judged.unclassified_reason as reason,
        case
            when judged.section_key = 'customer_services'
                then {{ dbt.concat([
                    "'IWDS status '", "customers.iwds_status", "', no line of the section fits the services.'"
                ]) }}
            else {{ dbt.concat([
                "'IWDS status '", "customers.iwds_status",
                "', completion '", "coalesce(customers.completion_status, 'none')",
                "', credential '", "case when customers.has_credential then 'yes' else 'no' end",
                "', employment '", "case when customers.has_employment then 'yes' else 'no' end",
                "', postsecondary education '", "case when customers.has_education then 'yes' else 'no' end",
                "'.'"
            ]) }}
        end as detail
    from judged
    inner join customers on judged.customer_id = customers.customer_id
    where judged.line_key is null
),

exited as (
    select customers.*
    from judged
    inner join customers on judged.customer_id = customers.customer_id
    where judged.line_key = 'completed_exited'
),

exited_without_completion as (
    select
        'enrollment_status' as section_key,
        customer_id,
        'exited_without_completion' as reason,
        {{ dbt.concat([
            "'Exited '", "coalesce(" ~ as_text("exited_on") ~ ", 'without a date')",
            "', completion '", "coalesce(completion_status, 'none')", "'.'"
        ]) }} as detail
    from exited
    where coalesce(completion_status, 'not_complete') = 'not_complete'
),

exited_withdrew as (
    select
        'enrollment_status' as section_key,
        customer_id,
        'exited_withdrew' as reason,
        {{ dbt.concat([
            "'Exited '", "coalesce(" ~ as_text("exited_on") ~ ", 'without a date')",
            "', completion withdrew.'"
        ]) }} as detail
    from exited
    where completion_status = 'withdrew'
),

exit_date_missing as (
    select
        'enrollment_status' as section_key,
        customer_id,
        'exit_date_missing' as reason,
        {{ dbt.concat([
            "'Exited since '", as_text("status_date"), "' by its status, without an exit date.'"
        ]) }} as detail
    from exited
    where exited_on is null
),

update_date_missing as (
    select
        judged.section_key,
        judged.customer_id,
        case judged.line_key
            when 'progress_due' then 'progress_date_missing'
            else 'case_note_date_missing'
        end as reason,
        'Neither an update nor a recommendation has a date.' as detail
    from judged
    where judged.line_key in ('progress_due', 'case_note_due') and judged.since_on is null
)

select * from unclassified
union all
select * from exited_without_completion
union all
select * from exited_withdrew
union all
select * from exit_date_missing
union all
select * from update_date_missing
