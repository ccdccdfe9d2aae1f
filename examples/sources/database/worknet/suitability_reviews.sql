select
    wn_review.youth_no as customer_id,
    wn_review.program_name as training_program,
    wn_status.status_name as recommendation,
    wn_review.recommended as recommended_at
from wn_review
left join wn_status on wn_review.recommendation_id = wn_status.status_id
