-- The line of a CSV file in which each of its records starts.
--
-- DuckDB numbers records and people number lines, and a quoted field may span several lines. An odd number of quotes
-- in a line opens a field or closes the one that is open. But a quote in the middle of a value opens nothing: where
-- the count of quotes and the beginnings of fields disagree, the beginnings decide whether a field is open at the end
-- of the line.
--
-- Reads readable_lines (text, in the order of the file) and unreadable_lines (DuckDB's rejects: the lines that aren't
-- UTF-8, with their numbers).

create or replace table numbered_lines as
with
unreadable as (
    select
        line as line_number,
        any_value(csv_line) as text
    from unreadable_lines
    group by line
),

line_numbers as (
    select unnest(range(1, 1 + (select count(*) from readable_lines) + (select count(*) from unreadable)))
        as line_number
),

-- The readable lines have the numbers that the unreadable ones leave.
readable_numbers as (
    select
        line_number,
        row_number() over (order by line_number) as ordinal
    from line_numbers
    where line_number not in (select line_number from unreadable)
)

select
    readable_numbers.line_number,
    readable_lines.text
from readable_lines
inner join readable_numbers on readable_lines.rowid + 1 = readable_numbers.ordinal
union all
select
    line_number,
    text
from unreadable;

create or replace table record_lines as
with
lines_with_quotes as (
    select
        line_number,
        (length(text) - length(replace(text, '"', ''))) % 2 = 1 as is_odd,
        regexp_matches(regexp_replace(text, '(^|,)"([^"]|"")*"', '\1', 'g'), '(^|,)"') as can_open
    from numbered_lines
    where contains(text, '"')
),

-- Where the two disagree, it is known whether a field is open at the line's end: 1 or 0, null elsewhere.
known_ends as (
    select
        *,
        case when is_odd <> can_open then can_open::integer end as is_open
    from lines_with_quotes
),

-- A stretch goes from one known end to the next.
stretches as (
    select
        *,
        count(is_open) over before as stretch,
        coalesce(last_value(is_open ignore nulls) over before, 0) as was_open
    from known_ends
    window before as (order by line_number rows between unbounded preceding and 1 preceding)
),

-- Whether a field is open where the line starts. With count(*) filter (…) this would take quadratic time.
starts as (
    select
        *,
        (was_open + coalesce(sum((is_odd and can_open)::integer) over before, 0)) % 2 as is_inside
    from stretches
    window before as (
        partition by stretch order by line_number rows between unbounded preceding and 1 preceding
    )
),

ends as (
    select
        line_number,
        coalesce(is_open, (is_inside + is_odd::integer) % 2) as is_open
    from starts
)

select
    row_number() over (order by numbered_lines.line_number) as record_index,
    numbered_lines.line_number,
    coalesce(numbered_lines.text, '') = '' as is_blank
from numbered_lines
asof left join ends on numbered_lines.line_number > ends.line_number
where coalesce(ends.is_open, 0) = 0;
