{{ section_mart("progress_page_update") }}
