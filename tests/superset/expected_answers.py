"""What each chart must answer, asked of the published files directly, each from the table that has it most plainly.

A chart is in one of two kinds: rows as they are, or the cells of a chart with series, as (place, series, number).
"""

from shared_sample import SECTIONS

_ONE = "scope_type = $scope_type and scope_name = $scope_name"
_BY_SECTION = ", ".join(f"{section}_count as {section}" for section in SECTIONS)
_RATES = "line_name, colour, customer_count as customers, percent, loss_rate, pass_rate"
_LINE = "section_name = $section_name and line_name = $line_name"

OF_ONE_SCOPE = {
    **{
        f"section_{section}": f"select {_RATES} from it.sections.{section} where {_ONE} order by line_number"
        for section in SECTIONS
    },
    "as_of": "select max(as_of_date) as as_of from it.sections.history",
    "attention": f"select colour, customer_count as customers, {_BY_SECTION} from it.sections.attention where {_ONE}",
    "funnel": f"select stage_name, customer_count as customers from it.sections.funnel where {_ONE}",
    "funnel_shares": f"""
        select stage_name, customer_count as customers, share_of_stage_before, share_of_first
        from it.sections.funnel where {_ONE} order by stage_number""",
    "coming_due": f"""
        select line_name as "Line", days_until_red as "Days from now", customer_count_by_then as customers_by_then
        from it.sections.coming_due where {_ONE}""",
    "waiting": f"""
        select section_name, line_name, customer_count as customers, median_days, p90_days, completed_median_days
        from it.sections.waiting where {_ONE} and customer_count > 0""",
    "flow_destinations": f"""
        select entered_month, line_name, to_line_name, customer_count as customers, entered_count as entered,
            customer_count / entered_count as share, median_days
        from it.sections.flow where {_ONE} and outcome in ('went_on', 'left_to_grey')""",
    "pathways": f"""
        select pathway, customer_count as customers
        from it.sections.pathways where {_ONE} and line_key = 'registrant'""",
}

SERIES_OF_ONE_SCOPE = {
    "flow_outcomes": f"""
        select line_name, outcome, sum(customer_count)::bigint from it.sections.flow where {_ONE} group by all""",
    "attention_days": f"""
        select as_of_date, colour, customer_count
        from it.sections.attention_history where {_ONE} and colour in ('red', 'yellow')""",
    "completions": f"""
        select recorded_month, completion_status, customer_count
        from it.sections.completions where {_ONE} and completion_status <> 'not_complete'""",
}

OF_ALL = {
    f"red_{name}": f"""
        select scope_name, customer_count as customers, {_BY_SECTION}
        from it.sections.attention where scope_type = '{scope_type}' and colour = 'red'"""
    for name, scope_type in (("lwias", "lwia"), ("providers", "provider"))
} | {
    "sync_problems_providers": """
        select scope_name as "Provider", sync_status as "Sync status", customer_count as customers
        from it.sections.sync_problems where scope_type = 'provider'""",
}

SERIES_OF_ALL = {
    f"attention_{name}": f"""
        select scope_name, colour, customer_count
        from it.sections.attention where scope_type = '{scope_type}' and colour in ('red', 'yellow')"""
    for name, scope_type in (("lwias", "lwia"), ("providers", "provider"))
}

OF_ONE_LINE = {
    f"line_{name}": f"select scope_name, {_RATES} from it.sections.history where {_LINE}"
    f" and scope_type = '{scope_type}' and as_of_date = (select max(as_of_date) from it.sections.history)"
    for name, scope_type in (("lwias", "lwia"), ("providers", "provider"))
}

OF_ONE_PERSON = {
    "overdue_customers": """
        select customer_id, first_name, last_name, provider_name, line_name, colour, due_date, days_overdue, what
        from it.lists.line_customers as customers
        where colour = 'red' and days_overdue > 0 and customer_id in $allowed""",
}

# What the person with the address may list, by the rules of docs/bi.md.
ALLOWED = """
    select distinct customers.customer_id
    from it.lists.customers as customers
    inner join it.lists.entitlements as entitlements on entitlements.email = $email and may_list_customers
    where
        entitlements.scope_type = 'statewide'
        or (entitlements.scope_type, entitlements.scope_id) in (
            ('lwia', customers.lwia_number::varchar), ('provider', customers.provider_id)
        )"""
