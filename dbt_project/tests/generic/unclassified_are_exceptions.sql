{#- Each eligible customer who is on no line of a section is in the exceptions with the reason. -#}
{% test unclassified_are_exceptions(model) %}
with

unclassified as (
    select
        section_key,
        unclassified_count as customer_count
    from {{ model }}
    where scope_type = 'statewide' and line_key = 'total'
),

explained as (
    select
        exceptions.section_key,
        count(distinct exceptions.customer_id) as customer_count
    from {{ ref("exceptions") }} as exceptions
    left join {{ ref("line_customers") }} as listed
        on
            exceptions.section_key = listed.section_key
            and exceptions.customer_id = listed.customer_id
    where
        listed.customer_id is null
        and exceptions.reason in (
            select reason from {{ ref("exception_reasons") }} where leaves_unclassified
        )
    group by exceptions.section_key
)

select
    unclassified.section_key,
    unclassified.customer_count,
    explained.customer_count as explained_count
from unclassified
left join explained on unclassified.section_key = explained.section_key
where unclassified.customer_count <> coalesce(explained.customer_count, 0)
{% endtest %}
