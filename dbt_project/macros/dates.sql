{% macro as_of_date() -%}
    {%- if execute -%}
        cast('{{ env_var("YACP_AS_OF_DATE") }}' as date)
    {%- else -%}
        cast(null as date)
    {%- endif -%}
{%- endmacro %}

{% macro chicago_date(instant) -%}
    {{ return(adapter.dispatch("chicago_date")(instant)) }}
{%- endmacro %}

{% macro duckdb__chicago_date(instant) -%}
    cast(timezone('America/Chicago', {{ instant }}) as date)
{%- endmacro %}

{% macro spark__chicago_date(instant) -%}
    cast({{ instant }} as date)
{%- endmacro %}

{% macro days_between(first, second) -%}
    {{ return(adapter.dispatch("days_between")(first, second)) }}
{%- endmacro %}

{% macro duckdb__days_between(first, second) -%}
    {{ dbt.datediff(first, second, "day") }}
{%- endmacro %}

{% macro spark__days_between(first, second) -%}
    cast(datediff({{ second }}, {{ first }}) as bigint)
{%- endmacro %}

{% macro age(day) -%}
    case
        when {{ day }} > {{ as_of_date() }} then 0
        else {{ days_between(day, as_of_date()) }}
    end
{%- endmacro %}

{% macro days_after(day, number) -%}
    {{ return(adapter.dispatch("days_after")(day, number)) }}
{%- endmacro %}

{% macro duckdb__days_after(day, number) -%}
    cast({{ dbt.dateadd("day", number, day) }} as date)
{%- endmacro %}

{% macro spark__days_after(day, number) -%}
    date_add({{ day }}, {{ number }})
{%- endmacro %}

{% macro years_after(day, number) -%}
    {{ return(adapter.dispatch("years_after")(day, number)) }}
{%- endmacro %}

{% macro duckdb__years_after(day, number) -%}
    cast({{ dbt.dateadd("year", number, day) }} as date)
{%- endmacro %}

{% macro spark__years_after(day, number) -%}
    add_months({{ day }}, 12 * {{ number }})
{%- endmacro %}

{% macro first_plausible_day() -%}
    make_date({{ threshold("first_plausible_year") }}, 1, 1)
{%- endmacro %}

{% macro first_of_month(day) -%}
    cast({{ dbt.date_trunc("month", day) }} as date)
{%- endmacro %}

{% macro every_day(first, last) -%}
    {{ return(adapter.dispatch("every_day")(first, last)) }}
{%- endmacro %}

{% macro duckdb__every_day(first, last) -%}
    (
        select cast(day_at as date) as date_day
        from generate_series(cast({{ first }} as timestamp), {{ last }}, interval 1 day) as days (day_at)
    )
{%- endmacro %}

{% macro spark__every_day(first, last) -%}
    (select explode(sequence({{ first }}, {{ last }}, interval 1 day)) as date_day)
{%- endmacro %}
