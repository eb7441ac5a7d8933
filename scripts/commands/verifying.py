"""A check of a site by itself and against the hub, in words: which row of which table, which field, here and there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from sqlite_utils import Database

from scripts.commands.site import Site
from scripts.commands.voice import EXIT_DONE, EXIT_PERSON_NEEDED, Voice, exit_code
from shared.errors import TongxinError
from shared.schema import Table, Value, key_parts
from shared.web.store import names_of
from shared.web.wording import column_words, ids_in, row_title, spec_of, table_words, value_words
from sync.comparison import Comparison, run_comparison
from sync.http import HttpHub
from sync.replica import connect, setting
from sync.status import note_verified
from sync.steps.compare import Difference
from sync.verify import Finding, verify

LINES_SHOWN = 40
# What is not a matter of one row.
_LOG = {
    "body_changed": ("变更内容被改动", "a body was changed"),
    "body_missing": ("变更内容不见了", "a body is missing"),
    "floor_changed": ("已清理部分的数据被改动", "what was pruned is not as it was signed"),
    "link_changed": ("链条被改动", "a chain link was changed"),
    "header_column_changed": ("变更的作者或时间被改动", "what stands beside a changeset was changed"),
    "no_predecessor": ("链条缺了前一份", "the one before it is missing"),
    "changeset_missing": ("回执还在，变更不见了", "a receipt without its changeset"),
    "receipt_missing": ("回执不见了", "its receipt is missing"),
    "stamp_changed": ("记录时间被改动", "its effective stamp was changed"),
    "verdict_changed": ("中心的判定被改动", "the hub's verdict was changed"),
    "log_changed": ("中心日志被改动", "the hub's log was changed"),
    "log_unsigned": ("中心日志没有签名", "the hub's log has no signature here"),
    "cursor_off_the_log": ("同步位置与日志不符", "the cursor is off the log"),
    "signed_log_missing": ("中心签过的日志不见了", "signed entries are missing"),
    "log_signature_wrong": ("中心的签名不对", "the hub's signature is wrong"),
    "head_signature_wrong": ("电脑的签名不对", "a node's signature is wrong"),
}
_ROWS = {
    "row_differs": ("表与日志不符", "the table differs from the log"),
    "row_missing": ("日志里有，表里没有", "in the log, not in the table"),
    "row_not_in_log": ("表里有，日志里没有", "in the table, not in the log"),
    "version_differs": ("行的版本与日志不符", "the row's version differs from the log"),
    "head_differs": ("未定的值与日志不符", "its values in conflict differ from the log"),
    "delete_differs": ("删除的记录与日志不符", "its deletion differs from the log"),
    "value": ("本机与中心不同", "this site and the hub differ"),
    "version": ("本机与中心的版本不同", "this site and the hub have different versions"),
    "heads": ("本机与中心的未定值不同", "values in conflict differ from the hub's"),
    "only_here": ("本机有，中心没有", "here, not at the hub"),
    "only_there": ("中心有，本机没有", "at the hub, not here"),
}


@dataclass(frozen=True)
class Verification:
    """What a check found. `comparison` is None at a hub, and where the hub could not be asked: `failure` says why."""

    changesets: int
    findings: Sequence[Finding] = ()
    comparison: Comparison | None = None
    failure: TongxinError | None = None
    differences: Sequence[Difference] = field(default=())

    @property
    def wrong(self) -> int:
        """How many places are wrong."""
        return len(self.findings) + len(self.differences)

    def figures(self) -> dict[str, object]:
        """What the log of runs keeps."""
        compared = self.comparison
        return {
            "changesets": self.changesets, "findings": len(self.findings),
            **({} if compared is None else {
                "rows_compared": compared.rows, "differences": len(compared.differences),
                "bytes": compared.bytes_up + compared.bytes_down,
            }),
            **({"not_compared": self.failure.code} if self.failure else {}),
        }  # fmt: skip


def check_site(site: Site, *, local_only: bool = False) -> Verification:
    """Verify a site's log and tables, and at a node compare with the hub; the result is kept for the pages."""
    with connect(site.replica) as db:
        findings = verify(site.replica, db)
        changesets = db.conn.execute("SELECT count(*) FROM _changeset").fetchone()[0]
        comparison, failure = None, None
        if site.replica.role == "node" and not local_only and setting(db, "hub_node") and site.settings.hub_url:
            try:
                with closing(HttpHub(site.settings.hub_url)) as hub:
                    comparison = run_comparison(site.replica, db, hub)
            except TongxinError as error:
                failure = error
        found = Verification(
            changesets, findings, comparison, failure, comparison.differences if comparison is not None else ()
        )
        note_verified(db, site.replica, found.wrong)
    return found


def told(found: Verification, site: Site, voice: Voice) -> int:
    """Say what was found; the exit code: 77 when anything is wrong, 75 when the hub could not be asked."""
    with connect(site.replica) as db:
        for finding in found.findings[:LINES_SHOWN]:
            voice.say(*lines_of(db, site, finding))
        for difference in found.differences[:LINES_SHOWN]:
            voice.say(*lines_of(db, site, difference))
    if found.findings:
        voice.say(
            f"{len(found.findings)} 处不符。表与日志不符的，可运行 tongxin sync rebuild 由日志重建；"
            "日志本身不符的，请从备份恢复。",
            f"{len(found.findings)} findings. What differs from the log, tongxin sync rebuild makes anew; where the log"
            " itself is wrong, restore from a backup.",
        )
    else:
        voice.say(f"{found.changesets} 份变更全部核对无误，表与日志一致。",
                  f"{found.changesets} changesets verified; the tables equal the log.")
    _tell_comparison(found, voice)
    if found.wrong:
        return EXIT_PERSON_NEEDED
    return EXIT_DONE if found.failure is None else exit_code(found.failure)


def _tell_comparison(found: Verification, voice: Voice) -> None:
    if found.failure is not None:
        voice.say("没能和中心核对：", "Not compared with the hub:")
        voice.complain(found.failure)
    compared = found.comparison
    if compared is None:
        return
    more = ("" if compared.complete else "（还有更多）", "" if compared.complete else " (and more)")
    voice.say(
        f"与中心核对 {compared.rows} 行（另有 {compared.apart} 行还在同步中），"
        f"不同 {len(compared.differences)} 处{more[0]}。",
        f"{compared.rows} rows compared with the hub ({compared.apart} more are still on their way):"
        f" {len(compared.differences)} differences{more[1]}.",
    )
    if compared.unlike:
        names = ", ".join(compared.unlike)
        voice.say(f"两边软件版本不同，升级后再核对：{names}",
                  f"The releases differ; to be compared after the upgrade: {names}")


def lines_of(db: Database, site: Site, found: Finding | Difference) -> tuple[str, str]:
    """One place in Chinese and in English."""
    zh, en = _line(db, site, found, "zh"), _line(db, site, found, "en")
    return zh, en


def _line(db: Database, site: Site, found: Finding | Difference, lang: str) -> str:
    zh, en = _LOG.get(found.kind) or _ROWS.get(found.kind) or (found.kind, found.kind)
    what = zh if lang == "zh" else en
    table = site.replica.tables.get(found.table)
    if table is None:
        return f"{what}：{getattr(found, 'place', '')}" if lang == "zh" else f"{what}: {getattr(found, 'place', '')}"
    key = found.key if len(found.key) == len(table.key) else key_parts(table, str(found.key[0]))
    names = names_of(db, ids_in(table, key, [{found.field: found.here}, {found.field: found.there}]), lang=lang)
    where = f"{table_words(table, lang)} {row_title(table, key, names, lang)}"
    if not found.field:
        return f"{what}：{where}" if lang == "zh" else f"{what}: {where}"
    name = column_words(table, found.field, lang)
    here, there = (_words(table, found, value, names, lang) for value in (found.here, found.there))
    if lang == "zh":
        return f"{what}：{where}，{name}：这里“{here}”，应为“{there}”" if found.kind == "row_differs" else (
            f"{what}：{where}，{name}：本机“{here}”，中心“{there}”")
    return f"{what}: {where}, {name}: here “{here}”, there “{there}”"


def _words(table: Table, found: Finding | Difference, value: Value, names: dict[str, str], lang: str) -> str:
    return value_words(spec_of(table, found.field), value, names, lang) if found.kind != "head_differs" else str(value)
