"""SQL of accounts in bulk, and the one transaction that makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlite_utils import Database

from shared.records import Account, AccountRole
from shared.web.accounts.rules import ROLE_OF_CATEGORY, Holder, account_state
from shared.web.store import roles_of
from sync.capture import write
from sync.change import Author
from sync.replica import Replica

_HOLDERS = """
SELECT p.id, p.name, p.initials, p.staff_number, group_concat(m.campus || '/' || m.category, ' '),
       a.login, a.revoked_at, a.must_change, a.password_until
FROM person p
JOIN staff_membership m ON m.person_id = p.id AND m.begin <= ? AND (m.end IS NULL OR m.end > ?)
LEFT JOIN account a ON a.person_id = p.id
WHERE ? = '' OR m.campus = ?
GROUP BY p.id ORDER BY p.staff_number, p.id
"""


def holders(db: Database, campus: str, day: str, now: str) -> list[Holder]:
    """Everybody who belongs to a campus ("" for all) on a date, with the state of the account."""
    found = []
    for id_, name, initials, number, places, login, revoked_at, must_change, until in db.conn.execute(
        _HOLDERS, (day, day, campus, campus)
    ):
        pairs = [place.split("/", 1) for place in str(places).split(" ")]
        categories = tuple(sorted({(at, category) for at, category in pairs}))
        campuses = tuple(sorted({at for at, _ in categories}))
        state = account_state(login, revoked_at, must_change or 0, until, now)
        found.append(Holder(id_, name, initials, number, campuses, categories, login or "", state))
    return found


def logins_taken(db: Database) -> set[str]:
    """Every log-in there is, in small letters."""
    return {str(login).lower() for (login,) in db.conn.execute("SELECT login FROM account")}


def write_accounts(
    replica: Replica, db: Database, author: Author, made: Sequence[tuple[Holder, str, str]], *, until: str, day: str,
    with_roles: bool,
) -> None:  # fmt: skip
    """Give people (holder, log-in, password hash) an account, or a new one-time password, as one changeset.

    with_roles: a new account also gets the role that its category stands for, at each campus of membership.
    """
    with write(replica, db, author) as w:
        for holder, login, hashed in made:
            fresh: Mapping[str, str | int | None] = {
                "password_hash": hashed, "must_change": 1, "password_until": until,
            }  # fmt: skip
            if holder.state != "none":
                w.update(Account, (holder.person_id,), fresh)
                continue
            w.insert(
                Account(
                    person_id=holder.person_id, login=login, password_hash=hashed, must_change=1, password_until=until
                )
            )
            held = roles_of(db, holder.person_id, day)
            wanted = [(ROLE_OF_CATEGORY[c], at) for at, c in holder.categories if c in ROLE_OF_CATEGORY]
            if with_roles:
                new = [pair for pair in wanted if pair not in held]
                w.insert(*(AccountRole(person_id=holder.person_id, role=r, campus=at, begin=day) for r, at in new))
