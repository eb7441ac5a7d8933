"""The nightly run, for cron, a systemd timer or the Windows Task Scheduler.

`job` is the run as a list of steps, `retry` and `due` are the decisions, `record` is the log of runs.
"""
