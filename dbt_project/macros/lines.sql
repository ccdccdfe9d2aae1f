{#- The reason column of sections whose lines cover every eligible customer. -#}
{% macro no_reason() -%}
    cast(null as {{ dbt.type_string() }})
{%- endmacro %}

{#- Sections 4 and 5 are the same rule over another date: an update is current for so many days after the
    reference date, due afterwards, and not required once the exit lies more than a year back. -#}
{% macro update_lines(prefix, last_updated_on) -%}
with

eligible as (
    select customer_id from {{ ref("int_lines__suitability_review") }}
    where line_key = 'ready_for_enrollment'
),

customers as (
    select
        spine.customer_id,
        coalesce(spine.{{ last_updated_on }}, spine.recommended_on) as reference_on,
        case
            when spine.iwds_status = 'exited' then {{ years_after("spine.exited_on", threshold("updates_required_after_exit")) }}
        end as required_until
    from {{ ref("int_customers__spine") }} as spine
    inner join eligible on spine.customer_id = eligible.customer_id
),

-- Without any reference date nobody can say that it is current, so it is due.
judged as (
    select
        *,
        case
            when {{ as_of_date() }} > required_until then '{{ prefix }}_not_required'
            when {{ age("reference_on") }} <= {{ threshold(prefix ~ "_current") }} then '{{ prefix }}_current'
            else '{{ prefix }}_due'
        end as line_key
    from customers
)

select
    customer_id,
    line_key,
    case line_key
        when '{{ prefix }}_not_required' then {{ days_after("required_until", 1) }}
        else reference_on
    end as since_on,
    {{ no_reason() }} as unclassified_reason
from judged
{%- endmacro %}

{#- Sections 6 and 7 overlap: each line is a column that says since when the customer is on it and one that says
    whether; this turns them into rows, and whoever is on none into one row with the reason. -#}
{% macro overlapping_lines(judged, lines) -%}
{% for line in lines -%}
select
    customer_id,
    '{{ line }}' as line_key,
    {{ line }}_on as since_on,
    {{ no_reason() }} as unclassified_reason
from {{ judged }}
where is_{{ line }}
union all
{% endfor -%}
select
    customer_id,
    {{ no_reason() }} as line_key,
    cast(null as date) as since_on,
    unclassified_reason
from {{ judged }}
where not ({% for line in lines %}is_{{ line }}{{ " or " if not loop.last }}{% endfor %})
{%- endmacro %}
