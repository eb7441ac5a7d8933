"""Staff days: who was at work on a date, entered by exception, corrected beside what stood.

"Not recorded" is not "present": a day counts only when somebody entered it. One button records everyone
without a row as present; whoever was not is entered singly, before or after.
"""
