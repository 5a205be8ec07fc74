"""From an alignment to an edit of the music: spans, cut list, time line, preview, page."""
