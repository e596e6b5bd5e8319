"""The lab: runs that are kept, undone, saved and watched."""
