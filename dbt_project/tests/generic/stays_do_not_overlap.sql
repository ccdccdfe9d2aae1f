{#- A stay lasts at least a day, and a customer's stays on a line don't overlap. -#}
{% test stays_do_not_overlap(model, keys) %}
with

repeated as (
    {{ repeated(model, keys) }}
),

ordered as (
    select
        {{ keys | join(", ") }},
        valid_from,
        valid_to,
        lead(valid_from) over (partition by {{ keys | join(", ") }} order by valid_from) as next_from
    from repeated
)

select {{ keys | join(", ") }}, valid_from, valid_to, cast(null as date) as next_from from {{ model }}
where valid_to <= valid_from
union all
select {{ keys | join(", ") }}, valid_from, valid_to, next_from from ordered
where next_from < coalesce(valid_to, {{ days_after("next_from", 1) }})
{% endtest %}
