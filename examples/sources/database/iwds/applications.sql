select
    iw_enrollment.enrollment_no as iwds_application_id,
    iw_person.person_no as iwds_customer_id,
    iw_enrollment.worknet_no as worknet_application_id,
    iw_person.first_name,
    iw_person.last_name,
    iw_person.birth_date as date_of_birth,
    iw_person.ssn_last4,
    iw_enrollment.area_no as lwia_number,
    iw_status.status_name as status,
    iw_enrollment.applied as application_date,
    iw_enrollment.status_since as status_date,
    iw_enrollment.certified as certified_on,
    iw_enrollment.exited as exited_on
from iw_enrollment
inner join iw_person on iw_enrollment.person_id = iw_person.person_id
left join iw_status on iw_enrollment.status_id = iw_status.status_id
