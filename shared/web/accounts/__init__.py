"""Accounts in bulk: who has one, one-time slips to print, passwords reset by the office without the network."""
