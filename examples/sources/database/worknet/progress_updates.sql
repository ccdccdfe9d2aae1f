select
    wn_activity.activity_no as progress_update_id,
    wn_activity.youth_no as customer_id,
    wn_activity.happened as updated_at
from wn_activity
inner join wn_activity_kind on wn_activity.kind_id = wn_activity_kind.kind_id
where wn_activity_kind.kind_name = 'Progress confirmed'
    and wn_activity.happened < :as_of_end  -- what was entered since midnight is for tomorrow
