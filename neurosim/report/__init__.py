"""What people read: the terminal report, progress, and the shelf."""
