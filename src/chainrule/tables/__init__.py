"""Tables and folders of one's own: what they hold, and what is made of it."""
