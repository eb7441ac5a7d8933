"""What a command says to a person: one language at a time, Chinese unless English was asked for."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TextIO

from shared.errors import Advice, InvalidInput, TongxinError
from shared.web.words import message_of, problem_words

# How a scheduler is told what helps (sysexits' EX_TEMPFAIL, and two above it that the system leaves free).
EXIT_DONE = 0
EXIT_TRY_LATER = 75
EXIT_UPGRADE_NEEDED = 76
EXIT_PERSON_NEEDED = 77

_EXITS = {
    Advice.RETRY_LATER: EXIT_TRY_LATER,
    Advice.NEEDS_UPGRADE: EXIT_UPGRADE_NEEDED,
    Advice.NEEDS_PERSON: EXIT_PERSON_NEEDED,
    Advice.NONE: EXIT_PERSON_NEEDED,
}

# Errors that only commands raise; all others have their words in `shared/web/words.json`.
_WORDS = {
    "site_not_made": (
        "{path} 里还没有站点：请先运行 tongxin node init 或 tongxin hub init。",
        "There is no site in {path}: run tongxin node init or tongxin hub init first.",
    ),
    "site_exists": ("{path} 里已有站点，没有改动。", "{path} already holds a site; nothing was changed."),
    "no_campus": (
        "请给出校区，主校区在前：--campus A:4206820101:中心小学 --campus B:…（全部以后导入则用 --empty）。",
        "Say which campuses there are, the main one first: --campus A:4206820101:NAME --campus B:… (or --empty).",
    ),
    "campus_not_found": (
        "没有校区 {campus}；现有校区：{known}。", "There is no campus {campus}; the campuses are {known}.",
    ),
    "wrong_kind": (
        "{path} 是 {found}，这个命令用于 {wanted}。", "{path} is a {found}; this command is for a {wanted}.",
    ),
    "hub_url_missing": (
        "还不知道中心的地址：请在 tongxin.toml 里写 hub_url，或运行 node init --hub。",
        "The hub's address is not known: set hub_url in tongxin.toml, or run node init --hub.",
    ),
    "file_exists": ("{path} 已经存在，没有改动。", "{path} exists already and was left alone."),
    "file_missing": ("找不到文件 {path}。", "There is no file {path}."),
    "file_unwritable": ("写不进 {path}：{why}", "Cannot write {path}: {why}"),
    "one_file_for_many": (
        "有 {count} 个校区要分别做文件包：请给一个文件夹，或用 --campus 指定一个校区。",
        "There are bundles for {count} computers: name a folder, or one campus with --campus.",
    ),
    "nobody_to_write_to": ("没有可以发给的校区电脑。", "There is no campus computer to write to."),
    "mailbox_url_missing": (
        "还没有信箱：请在 tongxin.toml 里写 mailbox_url。", "No mailbox is set: write mailbox_url into tongxin.toml.",
    ),
    "mailbox_url_wrong": (
        "信箱地址 {url} 不对：应以 https:// 或 sftp:// 开头。",
        "The mailbox's address {url} is wrong: it begins with https:// or sftp://.",
    ),
    "mailbox_host_key_missing": (
        "还没有记下 {where} 的主机密钥。核对无误后，把这一行写入 mailbox_host_key：{shown}",
        "The host key of {where} is not known. If this is it, write it into mailbox_host_key: {shown}",
    ),
    "mailbox_host_key": (
        "{where} 的主机密钥和记下的不一样，没有连接。它现在出示的是：{shown}",
        "The host key of {where} is not the one written down; nothing was sent. It now shows: {shown}",
    ),
    "login_not_found": ("没有可用的登录名 {login}。", "There is no such log-in in use: {login}"),
    "run_under_way": ("另一次同步正在进行，稍后再试。", "Another sync is under way; try again later."),
    "backup_no_key": (
        "没有恢复密钥：请运行 tongxin hub backup --new-key。", "No recovery key: run tongxin hub backup --new-key.",
    ),
    "backup_no_target": (
        "备份到哪里？请给出文件夹，或在 tongxin.toml 里写 backup_to。",
        "Back up where? Name a folder, or set backup_to in tongxin.toml.",
    ),
    "backup_failed": (
        "备份或恢复没有成功（{why}）：请看看盘是否插好、有没有空间，再运行一次。",
        "Backup or restore failed ({why}): see that the disk is in place and has room, then run it again.",
    ),
    "backup_file_missing": ("没有这个文件：{path}", "There is no such file: {path}"),
    "backup_folder_missing": ("没有这个文件夹：{path}", "There is no such folder: {path}"),
    "backup_same_disk": (
        "{path} 和数据库在同一块盘上，盘坏了就一起没了。请换一个地方；确实在别的机器上就加 --elsewhere。",
        "{path} is on the same disk as the database and would die with it. Choose another place, or add --elsewhere"
        " if it really is on another machine.",
    ),
    "backup_damaged": (
        "备份读不回来，请换一个地方再备份。", "The backup cannot be read back: use another medium.",
    ),
    "backup_not_ours": ("备份期间中心被恢复过，请再备份一次。", "The hub was restored meanwhile; back up again."),
    "backup_wrong_key": ("密钥不对，或文件已损坏。", "The key is wrong, or the file is damaged."),
    "backup_newer": ("备份来自更新的版本，请先升级。", "The backup is of a newer release; upgrade first."),
    "backup_over_database": (
        "{path} 已经存在，没有改动：请用空文件夹，或先把它移开。",
        "{path} is there already; nothing was changed. Use an empty folder, or move it aside first.",
    ),
    "database_exists": ("{path} 已经存在。", "{path} is there already."),
    "database_damaged": (
        "数据库文件已损坏，没有打开：{path}（{what}）。"
        "校区电脑：请运行 tongxin node restore-from-hub；中心：请从备份恢复。",
        "The database file is damaged and was not opened: {path} ({what}). On a campus node run"
        " tongxin node restore-from-hub; at the hub restore a backup.",
    ),
    "database_sound": (
        "{path} 完好，没有改动。", "{path} is sound; nothing was changed.",
    ),
    "identity_missing": (
        "找不到这台电脑的密钥（{path}.identity）：请用新的登记码重新登记。",
        "This node's key ({path}.identity) is missing: enrol again with a new code.",
    ),
    "not_enrolled_here": (
        "这台电脑没有登记过，中心那里没有可取回的：{path}",
        "This node was never enrolled; there is nothing to fetch: {path}",
    ),
    "database_missing": ("找不到数据库或它的密钥：{path}", "The database or its key is missing: {path}"),
}


@dataclass(frozen=True)
class Voice:
    """Where a command speaks, and in which language ("zh" or "en")."""

    lang: str = "zh"
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)

    def pick(self, zh: str, en: str) -> str:
        """The words of the language in use."""
        return en if self.lang == "en" else zh

    def say(self, zh: str, en: str) -> None:
        """One line to whoever started the command."""
        self._write(self.out, self.pick(zh, en))

    def complain(self, error: TongxinError) -> int:
        """One line for an error (and one for each problem of an input); returns the exit code."""
        self._write(self.err, words_of(error, self.lang))
        if isinstance(error, InvalidInput):
            for problem in error.problems:
                wrong, cure = problem_words(problem, self.lang)
                self._write(self.err, f"  {wrong}: {cure} {problem.data.get('value') or ''}".rstrip())
        return exit_code(error)

    def _write(self, stream: TextIO, text: str) -> None:
        # A console that lacks the characters shows question marks; it does not stop the command.
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        stream.flush()


def words_of(error: TongxinError, lang: str) -> str:
    """The sentence for an error, with its data where the sentence asks for it."""
    pair = _WORDS.get(error.code)
    if pair is None:
        return message_of(error.code, lang)
    return pair[1 if lang == "en" else 0].format(**error.data)


def exit_code(error: TongxinError) -> int:
    """75 try later, 76 upgrade needed, 77 a person is needed."""
    return _EXITS[error.advice]
