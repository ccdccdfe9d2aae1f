{{ update_lines("progress", "last_progress_on") }}
