"""Tests of lessons: small tables of cases for the rules, real files for the reading."""
