"""What can go wrong between two replicas, and what helps.

* SyncError
  + HubUnreachable     the line is down or the hub is: try again later
  + HubBusy            the hub asked to come back
  + NotEnrolled        this node has no hub yet: a person must enrol it
  + CodeRefused        a one-time code is unknown, used or expired: a person must ask for another
  + Revoked            the hub has revoked this node: a person must decide
  + UpgradeNeeded      the versions do not overlap: upgrade one side
  + HubMovedOn         one side has much that the other has not had yet: sync first, then compare
  + HubRestored        the hub is put back from older copies again and again: a person must look
  + BadMessage         a message is damaged or forged; `code` says how, nothing was applied
  + BundleRefused      a file is no bundle, is damaged, is not for us, or does not fit; `code` says which
  + MailboxUnreachable the folder between hub and nodes does not answer: try again later
  + MailboxRefused     it does not let us in, or is not the one it should be
  + LogDamaged         this replica's own log does not verify: a person must restore it
"""

from __future__ import annotations

from shared.errors import Advice, TongxinError


class SyncError(TongxinError):
    """The root of what can go wrong between two replicas."""

    code = "sync_error"


class HubUnreachable(SyncError):
    """No answer from the hub."""

    code = "hub_unreachable"
    advice = Advice.RETRY_LATER


class LineCut(HubUnreachable):
    """The hub was there, and the line was cut while a message was under way."""


class HubBusy(SyncError):
    """The hub answered that it cannot serve now."""

    code = "hub_busy"
    advice = Advice.RETRY_LATER


class NotEnrolled(SyncError):
    """The asker is not enrolled with this hub."""

    code = "not_enrolled"
    advice = Advice.NEEDS_PERSON


class CodeRefused(SyncError):
    """A one-time enrolment code that is unknown, used or expired."""

    code = "code_refused"
    advice = Advice.NEEDS_PERSON


class Revoked(SyncError):
    """The hub has revoked this node."""

    code = "revoked"
    advice = Advice.NEEDS_PERSON


class UpgradeNeeded(SyncError):
    """Neither side speaks a version the other knows."""

    code = "upgrade_needed"
    advice = Advice.NEEDS_UPGRADE


class HubMovedOn(SyncError):
    """Node and hub cannot be compared before they have synced."""

    code = "hub_moved_on"
    advice = Advice.RETRY_LATER


class HubRestored(SyncError):
    """The hub was restored from older copies again and again while this node gave back what it lacked."""

    code = "hub_restored"
    advice = Advice.NEEDS_PERSON


class BadMessage(SyncError):
    """A damaged or forged message; the code names the fault, and nothing of it was applied."""

    code = "bad_message"
    advice = Advice.NEEDS_PERSON


class BundleRefused(SyncError):
    """A file that cannot be taken as a bundle; the code says why, and nothing of it was applied."""

    code = "bundle_damaged"
    advice = Advice.NEEDS_PERSON


class MailboxUnreachable(SyncError):
    """The mailbox does not answer, or cannot serve now."""

    code = "mailbox_unreachable"
    advice = Advice.RETRY_LATER


class MailboxRefused(SyncError):
    """The mailbox does not let us in, or is not the one it should be; the code says which."""

    code = "mailbox_refused"
    advice = Advice.NEEDS_PERSON


class LogDamaged(SyncError):
    """This replica's log does not verify."""

    code = "log_damaged"
    advice = Advice.NEEDS_PERSON
