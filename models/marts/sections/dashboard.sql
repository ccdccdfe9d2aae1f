{{ config(materialized="view") }}
{% for section in [
    "application_status",
    "suitability_review",
    "enrollment_status",
    "progress_page_update",
    "case_note_update",
    "customer_services",
    "program_completion",
] -%}
select * from {{ ref(section) }}
{{ "union all" if not loop.last }}
{% endfor %}
