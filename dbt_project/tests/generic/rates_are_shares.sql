{#- Percent is the count over the total; pass and loss rate are the count over the distinct customers on green or
    grey lines without a parent; other colours have neither, and over zero there is none. -#}
{% test rates_are_shares(model) %}
with

finished as (
    select distinct
        listed.section_key,
        listed.customer_id,
        listed.provider_id,
        listed.lwia_number
    from {{ ref("line_customers") }} as listed
    inner join {{ ref("dashboard_lines") }} as lines on listed.line_key = lines.line_key
    where lines.colour in ('green', 'grey') and lines.parent_line_key is null
),

bases as (
    select
        {{ scope_columns() }},
        section_key,
        count(*) as customer_count
    from finished
    {{ group_by_scope(["section_key"]) }}
),

expected as (
    select
        dashboard.*,
        case when dashboard.line_key <> 'total' then
            1e0 * dashboard.customer_count / nullif(totals.customer_count, 0)
        end as expected_percent,
        1e0 * dashboard.customer_count / nullif(bases.customer_count, 0) as share_of_finished
    from {{ model }} as dashboard
    inner join {{ model }} as totals
        on
            dashboard.scope_type = totals.scope_type
            and dashboard.scope_id = totals.scope_id
            and dashboard.section_key = totals.section_key
            and totals.line_key = 'total'
    left join bases
        on
            dashboard.scope_type = bases.scope_type
            and dashboard.scope_id = bases.scope_id
            and dashboard.section_key = bases.section_key
)

select
    scope_type,
    scope_id,
    line_key,
    percent,
    expected_percent,
    pass_rate,
    loss_rate,
    share_of_finished
from expected
where
    abs(coalesce(percent, -1) - coalesce(expected_percent, -1)) > 1e-9
    or abs(coalesce(pass_rate, -1) - coalesce(case when colour = 'green' then share_of_finished end, -1)) > 1e-9
    or abs(coalesce(loss_rate, -1) - coalesce(case when colour = 'grey' then share_of_finished end, -1)) > 1e-9
{% endtest %}
