with
known as (
    select planned_services.*
    from planned_services
    where
        number between getvariable('first_present') and getvariable('last_present')
        and planned_on <= getvariable('as_of')
)

select
    numbered('WS', number) || '-' || step as worknet_service_id,
    customer_id,
    service_code,
    case when pick(bits, 3, 40) = 0 then lower(service_name) else service_name end as service_name,
    pathway,
    start_on as start_date,
    case
        when is_cancelled and start_on <= getvariable('as_of') then 'cancelled'
        when is_cancelled or requested_on is null or requested_on > getvariable('as_of') then 'not_started'
        when acknowledged_on > getvariable('as_of') then 'open_request'
        when end_on <= getvariable('as_of') then 'complete'
        when start_on + 14 <= getvariable('as_of') then 'open'
        else 'started'
    end as status,
    case
        when not is_cancelled and requested_on <= getvariable('as_of') and pick(bits, 0, 10) > 0
            then moment(requested_on, 8, 18, draw('requested', number * 10 + step))
    end as requested_at
from known
