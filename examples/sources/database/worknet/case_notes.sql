select
    wn_activity.activity_no as case_note_id,
    wn_activity.youth_no as customer_id,
    wn_activity.happened as entered_at,
    wn_activity.user_id as staff_id
from wn_activity
inner join wn_activity_kind on wn_activity.kind_id = wn_activity_kind.kind_id
where wn_activity_kind.kind_name = 'Case note'
    and wn_activity.happened < :as_of_end
