"""Agents behind the API: records, sandboxes, backups, the lifecycle, and the jobs that carry it out."""
