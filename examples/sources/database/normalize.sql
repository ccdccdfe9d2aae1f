-- The sample's extracts in the tables of schema.sql, for DuckDB; generate.py copies them into a database.
create macro wall_time(value) as cast(cast(value as timestamp with time zone) as timestamp);

create table wn_organization as
select provider_id as org_id, provider_name as org_name, cast(lwia_number as integer) as area_no from worknet.providers;

create table wn_role as
select cast(row_number() over (order by role) as integer) as role_id, role as role_name
from (select distinct role from worknet.staff);

create table wn_user as
select staff_id as user_id, email, wn_role.role_id, provider_id as org_id, cast(lwia_number as integer) as area_no
from worknet.staff left join wn_role on staff.role = wn_role.role_name;

create table wn_pathway as
select cast(row_number() over (order by pathway) as integer) as pathway_id, pathway as pathway_name
from (select pathway from worknet.customers union select pathway from worknet.services) where pathway is not null;

create table wn_status as
select cast(row_number() over (order by name) as integer) as status_id, name as status_name
from (
    select outcome as name from worknet.applications union select recommendation from worknet.suitability_reviews
    union select status from worknet.services union select status from worknet.program_completions
    union select permanent_employment_status from worknet.program_completions
    union select postsecondary_education_status from worknet.program_completions
) where name is not null;

create table wn_person as
select cast(row_number() over (order by customer_id) as integer) as person_id, first_name, last_name,
    cast(date_of_birth as date) as birth_date, ssn_last4, customer_id
from worknet.customers;

create table wn_youth as
select customer_id as youth_no, wn_person.person_id, provider_id as org_id, cast(lwia_number as integer) as area_no, email,
    phone, pathway_id, career_planner_staff_id as planner_id, iwds_customer_id as iwds_person_no,
    wall_time(last_synced_at) as last_sync, wall_time(created_at) as created
from worknet.customers inner join wn_person using (customer_id)
left join wn_pathway on customers.pathway = wn_pathway.pathway_name;
alter table wn_person drop column customer_id;

create table wn_enrollment as
select application_id as enrollment_no, customer_id as youth_no, wall_time(prescreening_started_at) as prescreening_began,
    wall_time(prescreening_completed_at) as prescreening_ended, wall_time(application_started_at) as application_began,
    wall_time(application_submitted_at) as application_sent, status_id as outcome_id, wall_time(outcome_at) as outcome_time
from worknet.applications left join wn_status on outcome = status_name;

create table wn_review as
select customer_id as youth_no, training_program as program_name, status_id as recommendation_id,
    wall_time(recommended_at) as recommended
from worknet.suitability_reviews left join wn_status on recommendation = status_name;

create table wn_activity_kind as
select * from (values (1, 'Progress confirmed'), (2, 'Case note')) as kinds (kind_id, kind_name);

create table wn_activity as
select progress_update_id as activity_no, customer_id as youth_no, 1 as kind_id, wall_time(updated_at) as happened,
    null::varchar as user_id
from worknet.progress_updates
union all
select case_note_id, customer_id, 2, wall_time(entered_at), staff_id from worknet.case_notes;

create table wn_service as
select worknet_service_id as service_no, customer_id as youth_no, service_code as code, service_name as name, pathway_id,
    cast(start_date as date) as begin_date, status_id, wall_time(requested_at) as requested
from worknet.services left join wn_pathway on services.pathway = wn_pathway.pathway_name
left join wn_status on services.status = wn_status.status_name;

create table wn_completion as
select customer_id as youth_no, status.status_id, wall_time(recorded_at) as recorded,
    cast(industry_credential as boolean) as industry_credential,
    cast(postsecondary_credential as boolean) as postsecondary_credential,
    employment.status_id as employment_status_id, education.status_id as education_status_id
from worknet.program_completions as done left join wn_status as status on done.status = status.status_name
left join wn_status as employment on done.permanent_employment_status = employment.status_name
left join wn_status as education on done.postsecondary_education_status = education.status_name;

create table iw_status as
select cast(row_number() over (order by name) as integer) as status_id, name as status_name
from (
    select status as name from iwds.applications union select status from iwds.services
    union select credential_type from iwds.credentials
) where name is not null;

create table iw_person as
select cast(row_number() over (order by person_no, first_name, last_name, birth_date, ssn_last4) as integer)
    as person_id, *
from (
    select distinct iwds_customer_id as person_no, first_name, last_name, cast(date_of_birth as date) as birth_date,
        ssn_last4
    from iwds.applications
);

create table iw_enrollment as
select iwds_application_id as enrollment_no, person_id, worknet_application_id as worknet_no,
    cast(lwia_number as integer) as area_no, status_id, cast(application_date as date) as applied,
    cast(status_date as date) as status_since, cast(certified_on as date) as certified, cast(exited_on as date) as exited
from iwds.applications
left join iw_person on iwds_customer_id = person_no and applications.first_name = iw_person.first_name
    and applications.last_name = iw_person.last_name and cast(date_of_birth as date) = birth_date
    and applications.ssn_last4 is not distinct from iw_person.ssn_last4
left join iw_status on status = status_name;

create table iw_activity as
select iwds_service_id as activity_no, iwds_application_id as enrollment_no, service_code as code, service_name as name,
    cast(start_date as date) as begin_date, cast(end_date as date) as end_date, status_id
from iwds.services left join iw_status on status = status_name;

create table iw_credential as
select iwds_credential_id as credential_no, iwds_application_id as enrollment_no, status_id as kind_id,
    cast(earned_on as date) as earned
from iwds.credentials left join iw_status on credential_type = status_name;
