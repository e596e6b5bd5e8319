"""Numbers in, picture out: each view is a still figure and a live frame.  It never trains."""
