with

customer_dates as (
    select * from {{ ref("customer_dates") }}
),

synced as (
    select customer_id, iwds_application_id from {{ ref("int_customers__sync_status") }}
    where sync_status = 'synced'
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
        synced.customer_id,
        'start of an IWDS service' as date_name,
        services.start_date as date_on
    from {{ ref("stg_iwds__services") }} as services
    inner join synced on services.iwds_application_id = synced.iwds_application_id
    union all
    select
        synced.customer_id,
        'end of an IWDS service' as date_name,
        services.end_date as date_on
    from {{ ref("stg_iwds__services") }} as services
    inner join synced on services.iwds_application_id = synced.iwds_application_id
    union all
    select
        synced.customer_id,
        'credential' as date_name,
        credentials.earned_on as date_on
    from {{ ref("stg_iwds__credentials") }} as credentials
    inner join synced on credentials.iwds_application_id = synced.iwds_application_id
)

select
    customer_id,
    date_name,
    min(date_on) as date_on
from dates
where date_on < {{ first_plausible_day() }}
group by customer_id, date_name
