select
    wn_completion.youth_no as customer_id,
    how_ended.status_name as status,
    wn_completion.recorded as recorded_at,
    wn_completion.industry_credential,
    wn_completion.postsecondary_credential,
    employment.status_name as permanent_employment_status,
    education.status_name as postsecondary_education_status
from wn_completion
left join wn_status as how_ended on wn_completion.status_id = how_ended.status_id
left join wn_status as employment on wn_completion.employment_status_id = employment.status_id
left join wn_status as education on wn_completion.education_status_id = education.status_id
