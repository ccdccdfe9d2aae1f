with
-- A career planner, a case worker, and one or two other people at each provider.
at_providers as (
    select
        numbered('S', provider) || '-' || place as staff_id,
        case place when 1 then 'career_planner' when 2 then 'case_worker' else 'provider_staff' end as role,
        numbered('PR', provider) as provider_id,
        area_of(provider) as lwia_number
    from range(getvariable('providers')) as providers (provider)
    cross join range(1, 5) as places (place)
    where place <= 3 or provider % 4 = 0
),

at_areas as (
    select
        numbered('SL', area) as staff_id,
        'career_planner' as role,
        null as provider_id,
        area as lwia_number
    from (select unnest(getvariable('areas')) as area)
),

state_wide as (
    select
        numbered('SX', place) as staff_id,
        'super_user' as role,
        null as provider_id,
        null as lwia_number
    from range(1, 4) as places (place)
),

everybody as (
    select * from at_providers
    union all
    select * from at_areas
    union all
    select * from state_wide
)

select
    staff_id,
    'staff.' || lower(staff_id) || '@example.org' as email,
    role,
    provider_id,
    lwia_number
from everybody
