"""The main-campus app: enrolment, sync endpoint, appraisal, oversight. It never imports `node`."""
