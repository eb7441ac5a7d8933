"""Write what the declarations mean today, ``shared/schema.sql`` and ``docs/scopes.md``.

Read by any Python, so Python 3.6 syntax and ASCII only; the work is done inside the environment.
"""

import os
import sys


def main(argv: "list[str]") -> int:
    """``--first`` also freezes the first release's schema: only until that release."""
    from shared.records import RECORDS  # not there before the environment is
    from shared.schema import schema_sql
    from shared.scopes import scopes_page

    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "shared")
    for name in ["schema.sql"] + (["schema_1.sql"] if "--first" in argv else []):
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
            file.write(schema_sql(RECORDS))
    with open(os.path.join(os.path.dirname(folder), "docs", "scopes.md"), "w", encoding="utf-8", newline="\n") as file:
        file.write(scopes_page(RECORDS))
    return 0


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main(sys.argv[1:]))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.golden_schema")
