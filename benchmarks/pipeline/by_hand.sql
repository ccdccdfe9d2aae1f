-- The seven section tables straight from the CSV files, with nothing around it: no checks, no quarantine, no history.
-- {worknet}, {iwds}, and {seeds} are folders; {day} is the as-of date.

create macro age(on_day) as greatest(date '{day}' - on_day, 0);
create macro chicago(instant) as cast(timezone('America/Chicago', instant) as date);
create macro service_key(name) as regexp_replace(lower(name), '[\s\p{{Z}}]', '', 'g');

create table lines as from read_csv('{seeds}/dashboard_lines.csv', header = true);

create table customers as
select customer_id, provider_id, lwia_number, iwds_customer_id, ssn_last4, date_of_birth
from read_csv('{worknet}/customers.csv', header = true, types = {{
    'ssn_last4': 'varchar', 'date_of_birth': 'date', 'lwia_number': 'integer',
    'customer_id': 'varchar', 'provider_id': 'varchar', 'iwds_customer_id': 'varchar'}});

create table applications as
select application_id, customer_id, chicago(prescreening_started_at) as started_on,
    chicago(prescreening_completed_at) as completed_on, chicago(application_started_at) as app_started_on,
    chicago(application_submitted_at) as submitted_on, outcome, prescreening_started_at
from read_csv('{worknet}/applications.csv', header = true, types = {{
    'application_id': 'varchar', 'customer_id': 'varchar', 'outcome': 'varchar',
    'prescreening_started_at': 'timestamptz', 'prescreening_completed_at': 'timestamptz',
    'application_started_at': 'timestamptz', 'application_submitted_at': 'timestamptz'}});

create table iwds_applications as
select iwds_application_id, iwds_customer_id, worknet_application_id, ssn_last4, date_of_birth, status, status_date,
    application_date, certified_on, exited_on
from read_csv('{iwds}/applications.csv', header = true, types = {{
    'ssn_last4': 'varchar', 'date_of_birth': 'date', 'application_date': 'date', 'status_date': 'date',
    'certified_on': 'date', 'exited_on': 'date', 'iwds_application_id': 'varchar', 'iwds_customer_id': 'varchar',
    'worknet_application_id': 'varchar', 'status': 'varchar'}});

-- Somebody who is enrolled and starts a new application is still counted by the one they are enrolled with.
create table counting as
with ranked as (
    select a.*, row_number() over (
            partition by customer_id order by prescreening_started_at desc, application_id desc) as recency,
        count(*) over (partition by customer_id) > 1 as has_other,
        submitted_on is null and outcome is null as undecided,
        submitted_on is not null and outcome is null and application_id in (
            select worknet_application_id from iwds_applications
            where status <> 'exited' and worknet_application_id is not null) as enrolling
    from applications a
),
chosen as (
    select customer_id, coalesce(case when bool_or(recency = 1 and undecided)
        then min(recency) filter (where recency > 1 and enrolling) end, 1) as recency
    from ranked group by 1
)
select ranked.*, case when has_other then started_on end as counts_from
from ranked join chosen using (customer_id, recency);

-- Which IWDS application counts for whom, and who is synced.
create table speaking as
with own as (
    select c.customer_id, i.*
    from customers c
    join iwds_applications i using (iwds_customer_id)
    join applications a on a.application_id = i.worknet_application_id and a.customer_id = c.customer_id
    join counting n on n.customer_id = c.customer_id
    where not coalesce(i.status = 'exited' and i.exited_on < n.started_on, false)
    qualify row_number() over (
        partition by c.customer_id order by i.application_date desc, i.iwds_application_id desc) = 1
),
person as (
    from iwds_applications
    qualify row_number() over (
        partition by iwds_customer_id order by application_date desc, iwds_application_id desc) = 1
)
select own.customer_id, own.iwds_application_id, own.status, own.status_date, own.exited_on,
    coalesce(own.certified_on, own.application_date) as enrolled_from
from own
join customers c using (customer_id)
join person p on p.iwds_customer_id = c.iwds_customer_id
where p.date_of_birth = c.date_of_birth
    and (p.ssn_last4 is null or p.ssn_last4 = c.ssn_last4)
    and c.iwds_customer_id in (select iwds_customer_id from customers group by 1 having count(*) = 1);

create table members as
select l.customer_id, 'application_status' as section_key,
    case when outcome = 'not_suitable' then 'application_not_suitable'
        when outcome = 'declined' then 'application_declined'
        when submitted_on is not null then 'application_submitted'
        when app_started_on is not null then 'application_started'
        when completed_on is not null then 'application_not_started'
        else 'prescreening_started' end as line_key,
    case when outcome is not null then null
        else coalesce(submitted_on, app_started_on, completed_on, started_on) end as since_on
from counting l;

create table reviewed as
select m.customer_id, m.since_on as submitted_on, chicago(r.recommended_at) as recommended_on,
    case when r.recommendation = 'not_suitable' then 'review_not_suitable'
        when r.recommendation = 'declined_to_participate' then 'review_declined'
        when r.recommendation = 'ready_for_enrollment' and r.training_program is not null then 'ready_for_enrollment'
        else 'ready_for_review' end as line_key
from members m
left join (
    select customer_id, training_program, recommendation, recommended_at
    from read_csv('{worknet}/suitability_reviews.csv', header = true, types = {{
        'customer_id': 'varchar', 'training_program': 'varchar', 'recommendation': 'varchar',
        'recommended_at': 'timestamptz'}})
    join counting using (customer_id)
    where not coalesce(chicago(recommended_at) < counts_from, false)
) r using (customer_id)
where m.line_key = 'application_submitted';

insert into members select customer_id, 'suitability_review', line_key, submitted_on from reviewed;

create table enrolling as
with completions as (
    select customer_id, status as completion,
        industry_credential or postsecondary_credential as credential,
        coalesce(permanent_employment_status in ('started', 'open'), false) as employment,
        coalesce(postsecondary_education_status in ('started', 'open'), false) as education
    from read_csv('{worknet}/program_completions.csv', header = true, types = {{
        'customer_id': 'varchar', 'status': 'varchar', 'industry_credential': 'boolean',
        'postsecondary_credential': 'boolean', 'permanent_employment_status': 'varchar',
        'postsecondary_education_status': 'varchar', 'recorded_at': 'timestamptz'}})
    join counting using (customer_id)
    where not coalesce(chicago(recorded_at) < counts_from, false)
),
updates as (
    select customer_id, max(chicago(updated_at)) as updated_on
    from read_csv('{worknet}/progress_updates.csv', header = true, types = {{
        'customer_id': 'varchar', 'updated_at': 'timestamptz'}})
    group by 1
),
notes as (
    select customer_id, max(chicago(entered_at)) as noted_on
    from read_csv('{worknet}/case_notes.csv', header = true, types = {{
        'customer_id': 'varchar', 'entered_at': 'timestamptz'}})
    group by 1
)
select r.customer_id, s.iwds_application_id, s.status, s.status_date, s.enrolled_from,
    case when s.status = 'exited' then s.exited_on end as enrolled_until, noted_on is null as has_no_note, completion, credential, employment, education,
    coalesce(credential or employment or education, false) as has_outcome,
    coalesce(s.status in ('registrant', 'exited'), false) as registered,
    coalesce(s.status = 'exited' and s.exited_on + interval 1 year < date '{day}', false) as long_exited,
    coalesce(updated_on, recommended_on) as updated_on,
    coalesce(noted_on, recommended_on) as noted_on
from reviewed r
left join speaking s using (customer_id)
left join completions using (customer_id)
left join updates using (customer_id)
left join notes using (customer_id)
where r.line_key = 'ready_for_enrollment';

insert into members
select customer_id, 'enrollment_status',
    case when status is null then 'not_synced'
        when status = 'registrant' and completion in ('successful', 'unsuccessful') then 'completed_registrant'
        when status = 'exited' then 'completed_exited'
        else status end,
    status_date
from enrolling
union all
select customer_id, 'progress_page_update',
    case when long_exited then 'progress_not_required'
        when updated_on is null or age(updated_on) > 30 then 'progress_due' else 'progress_current' end, updated_on
from enrolling
union all
select customer_id, 'case_note_update',
    case when long_exited then 'case_note_not_required'
        when has_no_note or age(noted_on) > 30 then 'case_note_due' else 'case_note_current' end, noted_on
from enrolling;

create table services as
select e.customer_id, service_key(s.service_name) as service_key, start_date,
    s.status in ('started', 'open', 'complete') as active, category, coalesce(is_iss, false) as is_iss
from enrolling e
join read_csv('{iwds}/services.csv', header = true, types = {{
    'iwds_application_id': 'varchar', 'service_code': 'varchar', 'start_date': 'date', 'status': 'varchar'}}) s
    using (iwds_application_id)
left join read_csv('{seeds}/service_catalogue.csv', header = true, types = {{'service_code': 'varchar'}}) c
    using (service_code);

create table earned as
select distinct e.customer_id
from enrolling e
join read_csv('{iwds}/credentials.csv', header = true, types = {{
    'iwds_application_id': 'varchar', 'earned_on': 'date'}}) c using (iwds_application_id)
where c.earned_on >= e.enrolled_from and (e.enrolled_until is null or c.earned_on <= e.enrolled_until);

create table served as
with in_iwds as (
    select customer_id, bool_or(is_iss) as has_iss, bool_or(active and category = 'career') as career,
        bool_or(active and category = 'training') as training,
        bool_or(active and category = 'work_based_learning') as work_based
    from services group by 1
),
planned as (
    select customer_id, service_key(service_name) as service_key, start_date, p.status,
        coalesce(chicago(requested_at), start_date) as requested_on
    from read_csv('{worknet}/services.csv', header = true, types = {{
        'customer_id': 'varchar', 'start_date': 'date', 'status': 'varchar', 'requested_at': 'timestamptz'}}) p
    where p.status in ('not_started', 'open_request')
),
plans as (
    select customer_id,
        min(requested_on) filter (where status = 'open_request' and not exists (
            from services s where s.customer_id = planned.customer_id and s.service_key = planned.service_key
                and s.start_date = planned.start_date)) as open_on
    from planned group by 1
)
select e.*, i.customer_id is not null as has_service, coalesce(has_iss, false) as has_iss,
    coalesce(career, false) as career, coalesce(training, false) as training,
    coalesce(work_based, false) as work_based, p.customer_id is not null as has_plan, p.open_on,
    e.customer_id in (from earned) as in_iwds_credential
from enrolling e
left join in_iwds i using (customer_id)
left join plans p using (customer_id)
where e.status in ('applicant', 'registrant', 'exited');

insert into members
select customer_id, section_key, unnest(line_keys), since_on
from (
    select customer_id, 'customer_services' as section_key, open_on as since_on, list_filter([
        case when status = 'applicant' and not has_service then 'no_iwds_services' end,
        case when status in ('applicant', 'registrant') and open_on is not null then 'open_request' end,
        case when status = 'applicant' and not has_plan or status = 'registrant' and not has_iss
            then 'no_planned_services' end,
        case when registered and career then 'case_management_service' end,
        case when registered and training then 'academic_learning_service' end,
        case when registered and work_based then 'work_based_learning_service' end,
        case when registered and in_iwds_credential then 'industry_credential' end
    ], line_key -> line_key is not null) as line_keys
    from served
    union all
    select customer_id, 'program_completion', null, list_filter([
        case when coalesce(completion, 'not_complete') = 'not_complete' then 'not_complete' end,
        case when registered and completion = 'successful' and has_outcome then 'completed_successfully' end,
        case when registered and completion = 'successful' and credential then 'earned_credential' end,
        case when registered and completion = 'successful' and employment then 'gained_employment' end,
        case when registered and completion = 'successful' and education then 'continued_education' end,
        case when registered and completion = 'unsuccessful' and not has_outcome then 'completed_unsuccessfully' end,
        case when registered and completion = 'withdrew' and not has_outcome then 'withdrew' end
    ], line_key -> line_key is not null)
    from served
);

-- The overdue part of a yellow line.
insert into members
select customer_id, m.section_key, l.line_key, since_on
from members m
join lines l on l.parent_line_key = m.line_key and l.section_key = m.section_key
where l.colour = 'red' and age(since_on) > if(m.section_key in ('progress_page_update', 'case_note_update'), 35, 5);

create table scopes as
select 'statewide' as scope_type, 'IL' as scope_id
union all select distinct 'lwia', cast(lwia_number as varchar) from customers
union all select 'provider', provider_id
from read_csv('{worknet}/providers.csv', header = true, types = {{'provider_id': 'varchar'}});

create table eligible as
select customer_id, section_key from members where section_key in (
    'application_status', 'suitability_review', 'enrollment_status', 'progress_page_update', 'case_note_update')
union
select customer_id, unnest(['customer_services', 'program_completion']) from served;

create table counted as
with spread as (
    select m.customer_id, m.section_key, m.line_key,
        l.colour in ('green', 'grey') and l.parent_line_key is null as in_rate, c.provider_id, c.lwia_number
    from members m
    join lines l using (section_key, line_key)
    join customers c using (customer_id)
)
select
    case when grouping(provider_id) = 0 then 'provider' when grouping(lwia_number) = 0 then 'lwia' else 'statewide'
        end as scope_type,
    coalesce(provider_id, cast(lwia_number as varchar), 'IL') as scope_id,
    section_key, coalesce(line_key, 'total') as line_key, count(distinct customer_id) as customer_count,
    count(distinct customer_id) filter (where in_rate) as rate_base
from spread
group by grouping sets (
    (section_key, line_key), (section_key, line_key, lwia_number), (section_key, line_key, provider_id),
    (section_key), (section_key, lwia_number), (section_key, provider_id));

create table entitled as
select
    case when grouping(provider_id) = 0 then 'provider' when grouping(lwia_number) = 0 then 'lwia' else 'statewide'
        end as scope_type,
    coalesce(provider_id, cast(lwia_number as varchar), 'IL') as scope_id, section_key, count(*) as eligible_count
from eligible join customers using (customer_id)
group by grouping sets ((section_key), (section_key, lwia_number), (section_key, provider_id));

create table dashboard as
with all_lines as (
    select section_key, line_key, line_number, colour from lines
    union all select section_key, 'total', max(line_number) + 1, null from lines group by 1
)
select s.scope_type, s.scope_id, l.section_key, l.line_number, l.line_key,
    coalesce(c.customer_count, 0) as customer_count,
    case when l.line_key <> 'total' then coalesce(c.customer_count, 0) / nullif(t.customer_count, 0) end as percent,
    case when l.colour = 'grey' then coalesce(c.customer_count, 0) / nullif(t.rate_base, 0) end as loss_rate,
    case when l.colour = 'green' then coalesce(c.customer_count, 0) / nullif(t.rate_base, 0) end as pass_rate,
    coalesce(e.eligible_count, 0) as eligible_count,
    coalesce(e.eligible_count, 0) - coalesce(t.customer_count, 0) as unclassified_count
from scopes s
cross join all_lines l
left join counted c using (scope_type, scope_id, section_key, line_key)
left join counted t on t.scope_type = s.scope_type and t.scope_id = s.scope_id and t.section_key = l.section_key
    and t.line_key = 'total'
left join entitled e on e.scope_type = s.scope_type and e.scope_id = s.scope_id and e.section_key = l.section_key;

create table application_status as from dashboard where section_key = 'application_status';
create table suitability_review as from dashboard where section_key = 'suitability_review';
create table enrollment_status as from dashboard where section_key = 'enrollment_status';
create table progress_page_update as from dashboard where section_key = 'progress_page_update';
create table case_note_update as from dashboard where section_key = 'case_note_update';
create table customer_services as from dashboard where section_key = 'customer_services';
create table program_completion as from dashboard where section_key = 'program_completion';
