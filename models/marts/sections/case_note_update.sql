{{ section_mart("case_note_update") }}
