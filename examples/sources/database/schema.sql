-- A database as a case management system might have it: people, enrollments, activities, and lookups.
create table wn_organization (org_id varchar(20) primary key, org_name varchar(200), area_no integer);
create table wn_role (role_id integer primary key, role_name varchar(40));
create table wn_user (user_id varchar(20) primary key, email varchar(200), role_id integer, org_id varchar(20), area_no integer);
create table wn_pathway (pathway_id integer primary key, pathway_name varchar(100));
create table wn_status (status_id integer primary key, status_name varchar(40));
create table wn_person (person_id integer primary key, first_name varchar(100), last_name varchar(100), birth_date date, ssn_last4 varchar(20));
create table wn_youth (youth_no varchar(20) primary key, person_id integer, org_id varchar(20), area_no integer, email varchar(200), phone varchar(40), pathway_id integer, planner_id varchar(20), iwds_person_no varchar(20), last_sync timestamp, created timestamp);
create table wn_enrollment (enrollment_no varchar(20) primary key, youth_no varchar(20), prescreening_began timestamp, prescreening_ended timestamp, application_began timestamp, application_sent timestamp, outcome_id integer, outcome_time timestamp);
create table wn_review (youth_no varchar(20) primary key, program_name varchar(200), recommendation_id integer, recommended timestamp);
create table wn_activity_kind (kind_id integer primary key, kind_name varchar(40));
create table wn_activity (activity_no varchar(30) primary key, youth_no varchar(20), kind_id integer, happened timestamp, user_id varchar(20));
create table wn_service (service_no varchar(30) primary key, youth_no varchar(20), code varchar(20), name varchar(200), pathway_id integer, begin_date date, status_id integer, requested timestamp);
create table wn_completion (youth_no varchar(20) primary key, status_id integer, recorded timestamp, industry_credential boolean, postsecondary_credential boolean, employment_status_id integer, education_status_id integer);
create table iw_status (status_id integer primary key, status_name varchar(40));
create table iw_person (person_id integer primary key, person_no varchar(20), first_name varchar(100), last_name varchar(100), birth_date date, ssn_last4 varchar(20));
create table iw_enrollment (enrollment_no varchar(20) primary key, person_id integer, worknet_no varchar(20), area_no integer, status_id integer, applied date, status_since date, certified date, exited date);
create table iw_activity (activity_no varchar(30) primary key, enrollment_no varchar(20), code varchar(20), name varchar(200), begin_date date, end_date date, status_id integer);
create table iw_credential (credential_no varchar(30) primary key, enrollment_no varchar(20), kind_id integer, earned date);
