select
    iw_activity.activity_no as iwds_service_id,
    iw_activity.enrollment_no as iwds_application_id,
    iw_activity.code as service_code,
    iw_activity.name as service_name,
    iw_activity.begin_date as start_date,
    iw_activity.end_date,
    iw_status.status_name as status
from iw_activity
left join iw_status on iw_activity.status_id = iw_status.status_id
