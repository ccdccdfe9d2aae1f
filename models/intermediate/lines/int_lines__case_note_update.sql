{{ update_lines("case_note", "last_case_note_on") }}
