{% macro threshold(key) -%}
    (select threshold_value from {{ ref("thresholds") }} where threshold_key = '{{ key }}')
{%- endmacro %}

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

{% macro no_reason() -%}
    cast(null as {{ dbt.type_string() }})
{%- endmacro %}

{% macro rule_sentence(rule) -%}
    {%- set values = {} -%}
    {%- for key in [
        "prescreening_overdue",
        "application_not_started_overdue",
        "application_started_overdue",
        "review_overdue",
        "inquirant_overdue",
        "applicant_overdue",
        "progress_current",
        "progress_overdue",
        "case_note_current",
        "case_note_overdue",
        "open_request_overdue",
        "updates_required_after_exit",
    ] -%}
        {%- do values.update({key: as_text(threshold(key))}) -%}
    {%- endfor -%}
    {{ filled_in(rule, values) }}
{%- endmacro %}
