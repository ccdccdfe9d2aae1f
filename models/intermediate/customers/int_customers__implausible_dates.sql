with

customer_dates as (
    select * from {{ ref("customer_dates") }}
),

dates as (
    select
        dates.customer_id,
        dates.date_name,
        dates.date_on
    from {{ ref("int_customers__dates") }} as dates
    inner join customer_dates on dates.date_name = customer_dates.date_name
    where not customer_dates.is_of_several
    union all
    select
        customer_id,
        'progress update' as date_name,
        updated_on as date_on
    from {{ ref("stg_worknet__progress_updates") }}
    union all
    select
        customer_id,
        'case note' as date_name,
        entered_on as date_on
    from {{ ref("stg_worknet__case_notes") }}
    union all
    select
        customer_id,
        'start of a workNet service' as date_name,
        start_date as date_on
    from {{ ref("stg_worknet__services") }}
    union all
    select
        customer_id,
        'request of a workNet service' as date_name,
        requested_on as date_on
    from {{ ref("stg_worknet__services") }}
    union all
    select
        customer_id,
        'start of an IWDS service' as date_name,
        start_date as date_on
    from {{ ref("int_customers__iwds_services") }}
    union all
    select
        customer_id,
        'end of an IWDS service' as date_name,
        end_date as date_on
    from {{ ref("int_customers__iwds_services") }}
    union all
    select
        customer_id,
        'credential' as date_name,
        earned_on as date_on
    from {{ ref("int_customers__credentials") }}
)

select
    customer_id,
    date_name,
    min(date_on) as date_on
from dates
where date_on < {{ first_plausible_day() }}
group by customer_id, date_name
