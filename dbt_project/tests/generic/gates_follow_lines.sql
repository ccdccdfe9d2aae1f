{#- Exactly those on the gate line of the earlier section are eligible for a section. -#}
{% test gates_follow_lines(model) %}
with

gates as (
    select 'suitability_review' as section_key, 'application_submitted' as line_key
    union all
    select 'enrollment_status' as section_key, 'ready_for_enrollment' as line_key
    union all
    select 'progress_page_update' as section_key, 'ready_for_enrollment' as line_key
    union all
    select 'case_note_update' as section_key, 'ready_for_enrollment' as line_key
),

enrolled as (
    select
        scope_type,
        scope_id,
        sum(customer_count) as customer_count
    from {{ model }}
    where
        section_key = 'enrollment_status'
        and line_key in ('applicant', 'registrant', 'completed_registrant', 'completed_exited')
    group by scope_type, scope_id
),

expected as (
    select
        gate_lines.scope_type,
        gate_lines.scope_id,
        gates.section_key,
        gate_lines.customer_count
    from gates
    inner join {{ model }} as gate_lines on gates.line_key = gate_lines.line_key
    union all
    select
        enrolled.scope_type,
        enrolled.scope_id,
        sections.section_key,
        enrolled.customer_count
    from enrolled
    inner join {{ ref("dashboard_sections") }} as sections
        on sections.section_key in ('customer_services', 'program_completion')
)

select
    totals.scope_type,
    totals.scope_id,
    totals.section_key,
    totals.eligible_count,
    expected.customer_count
from {{ model }} as totals
inner join expected
    on
        totals.scope_type = expected.scope_type
        and totals.scope_id = expected.scope_id
        and totals.section_key = expected.section_key
where totals.line_key = 'total' and totals.eligible_count <> expected.customer_count
{% endtest %}
