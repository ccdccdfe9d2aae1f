-- What changed in the places of each person of a digest: a row per person, place, and red line with something to say,
-- and for a place without any a row with nulls.
-- Parameters: the people's addresses, for each the day that is compared with, and how many days to look ahead.
with

people as (
    select unnest($emails::varchar[]) as email, unnest($since::date[]) as since_on
),

since_days as (
    select distinct since_on from people
),

rights as (
    select email, scope_type, scope_id, bool_or(may_list_customers) as may_list
    from it.lists.entitlements
    semi join people using (email)
    group by all
),

red_lines as (
    select * from counts.reference.lines
    where colour = 'red'
),

red_stays as (
    from it.lists.line_history
    semi join red_lines using (section_key, line_key)
),

red_now as (
    select customer_id, section_key, line_key from red_stays
    where valid_to is null
),

red_then as (
    select since_on, customer_id, section_key, line_key
    from red_stays
    inner join since_days on valid_from <= since_on and (valid_to is null or valid_to > since_on)
),

now_and_then as (
    select since_on, red_now.* from red_now
    cross join since_days
),

turning_red as (
    select line_customers.customer_id, red_lines.section_key, red_lines.line_key
    from it.lists.line_customers
    inner join red_lines
        on line_customers.section_key = red_lines.section_key and line_customers.line_key = red_lines.parent_line_key
    where line_customers.days_until_red between 1 and $days_ahead
),

happened as (
    select *, 'turned_red' as what from now_and_then
    anti join red_then using (since_on, customer_id, section_key, line_key)
    union all by name
    select *, 'resolved' as what from red_then
    anti join red_now using (customer_id, section_key, line_key)
    union all by name
    select since_days.since_on, turning_red.*, 'turns_red' as what from turning_red
    cross join since_days
),

-- Where a customer is, or was last: who only moved from one provider to another turned red nowhere.
whereabouts as (
    select customer_id, arg_max(provider_id, valid_from) as provider_id, arg_max(lwia_number, valid_from) as lwia_number
    from it.lists.scope_history
    group by customer_id
),

-- The customers of a career planner, as far as they may list them.
own_customers as (
    select distinct entitlements.email, customers.customer_id
    from it.lists.customers
    inner join it.lists.entitlements on customers.career_planner_staff_id = entitlements.staff_id
    inner join rights
        on
            entitlements.email = rights.email
            and rights.may_list
            and case rights.scope_type
                when 'provider' then rights.scope_id = customers.provider_id
                when 'lwia' then rights.scope_id = customers.lwia_number::varchar
                else true
            end
),

in_places as (
    select happened.*, 'statewide' as place_type, 'IL' as place_id from happened
    union all by name
    select happened.*, 'lwia' as place_type, lwia_number::varchar as place_id from happened
    inner join whereabouts using (customer_id)
    union all by name
    select happened.*, 'provider' as place_type, provider_id as place_id from happened
    inner join whereabouts using (customer_id)
    union all by name
    select happened.*, 'own' as place_type, email as place_id from happened
    inner join own_customers using (customer_id)
),

counted as (
    select
        since_on,
        place_type,
        place_id,
        section_key,
        line_key,
        count(*) filter (where what = 'turned_red') as turned_red,
        count(*) filter (where what = 'turns_red') as turns_red,
        count(*) filter (where what = 'resolved') as resolved
    from in_places
    group by all
),

places as (
    select email, 1 as place_order, 'own' as place_type, email as place_id, null as place_name, true as may_list
    from (select distinct email from own_customers)
    union all
    select email, 2, scope_type, scope_id, scope_name, may_list from rights
    inner join counts.reference.scopes using (scope_type, scope_id)
)

select
    people.email,
    people.since_on,
    places.place_type,
    places.place_id,
    places.place_name,
    places.may_list,
    red_lines.line_key,
    red_lines.line_name,
    counted.turned_red,
    counted.turns_red,
    counted.resolved
from people
inner join places using (email)
left join counted
    on
        people.since_on = counted.since_on
        and places.place_type = counted.place_type
        and places.place_id = counted.place_id
left join red_lines on counted.section_key = red_lines.section_key and counted.line_key = red_lines.line_key
order by
    people.email,
    places.place_order,
    case places.place_type when 'statewide' then 1 when 'lwia' then 2 else 3 end,
    lower(places.place_name),
    places.place_id,
    red_lines.section_number,
    red_lines.line_number
