select
    wn_enrollment.enrollment_no as application_id,
    wn_enrollment.youth_no as customer_id,
    wn_enrollment.prescreening_began as prescreening_started_at,
    wn_enrollment.prescreening_ended as prescreening_completed_at,
    wn_enrollment.application_began as application_started_at,
    wn_enrollment.application_sent as application_submitted_at,
    wn_status.status_name as outcome,
    wn_enrollment.outcome_time as outcome_at
from wn_enrollment
left join wn_status on wn_enrollment.outcome_id = wn_status.status_id
