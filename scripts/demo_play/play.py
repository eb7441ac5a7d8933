"""The play as the list of its steps: read this first."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from scripts.commands.clock_file import chosen_clock
from scripts.commands.site import open_site
from scripts.demo_play import office, recording, rooms
from scripts.demo_play.consortium import write_consortium
from scripts.demo_play.fortnight import FORTNIGHT_BEGIN, FORTNIGHT_END, STORM_DAY
from scripts.demo_play.line import Line
from scripts.demo_play.recording import Phones, Recorder
from scripts.demo_play.servers import run_command, serving
from scripts.demo_play.stage import Stage
from scripts.demo_play.teaching import Lessons
from scripts.demo_play.term import school_days
from shared.ids import SystemRandomness
from sync.replica import connect

TONGXIN = "scripts.tongxin"
FORTNIGHT_MINUTES = 15 * 24 * 60
BOOKING_DAY = FORTNIGHT_BEGIN + timedelta(days=2)
OFFICE_DAY = FORTNIGHT_BEGIN + timedelta(days=3)


def set_up_hub(stage: Stage) -> None:
    """The main campus's hub: made, filled with the consortium, served."""
    with stage.telling.step("set_up", "建立中心，导入两个校区的教职工、学生、班级和校历",
                            "The hub is set up and the two campuses are imported", total=3) as bar:
        stage.set_time(FORTNIGHT_BEGIN - timedelta(days=1), 18)
        data = str(stage.hub_folder.path)
        run_command(TONGXIN, "hub", "init", "--empty", "--data", data, "--name", "柳林教联体（演示）")
        bar.advance()
        clock = chosen_clock(None, stage.clock_file, stage.clock)
        site = open_site(stage.hub_folder, "hub", clock=clock, randomness=SystemRandomness())
        with connect(site.replica) as db:
            stage.consortium = write_consortium(site.replica, db, stage.sizes, stage.password)
        bar.advance()
        words = (TONGXIN, "hub", "serve", "--data", data, "--clock-file", str(stage.clock_file))
        stage.hub = stage.ends.enter_context(serving("hub", words, stage.folder, stage.clock))
        bar.advance()
    stage.figures.pids["hub"], stage.figures.ports["hub"] = stage.hub.process.pid, stage.hub.port
    stage.figures.rows["imported"] = len(stage.consortium.records)
    people, pupils = len(stage.consortium.staff), sum(size.pupils + size.children for size in stage.sizes)
    stage.telling.say(f"{people} 名教职工，{pupils} 名学生和幼儿，{len(stage.consortium.records)} 行。",
                      f"{people} staff, {pupils} pupils and children, {len(stage.consortium.records)} rows.")


def enrol_nodes(stage: Stage) -> None:
    """Each campus's node: made, enrolled by a one-time code, first sync, served."""
    with stage.telling.step("enrol", "两个校区的站点凭一次性接入码接入中心，首次同步",
                            "Both nodes enrol with one-time codes and sync for the first time", total=6) as bar:
        for campus in stage.campuses:
            stage.lines[campus] = stage.ends.enter_context(Line(stage.hub.port))

        def enrol(campus: str) -> None:
            clock = ("--clock-file", str(stage.clock_file))
            told = run_command(TONGXIN, "hub", "enrol", "--data", str(stage.hub_folder.path), "--campus", campus,
                               "--lang", "en", *clock)
            code = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", told)[0]
            data = ("--data", str(stage.node_folder(campus).path))
            url = f"http://127.0.0.1:{stage.lines[campus].port}"
            run_command(TONGXIN, "node", "init", *data, "--hub", url, "--code", code, *clock)
            bar.advance()
            nightly_sync(stage, campus)
            bar.advance()
            # The play's two weeks are one long day to a phone: it stays logged in.
            stage.node_folder(campus).change(session_minutes=FORTNIGHT_MINUTES)
            server = stage.ends.enter_context(
                serving(f"node-{campus}", (TONGXIN, "node", "serve", *data, *clock), stage.folder, stage.clock)
            )
            stage.nodes[campus] = server
            bar.advance()

        stage.at_each(enrol)
    for campus, server in stage.nodes.items():
        stage.figures.pids[f"node-{campus}"], stage.figures.ports[f"node-{campus}"] = server.process.pid, server.port


def cut_line(stage: Stage) -> None:
    """From here on nobody reaches the hub."""
    with stage.telling.step("cut", "断网：两个校区都连不上中心", "The line is cut: neither campus reaches the hub"):
        for line in stage.lines.values():
            line.cut()
        told = run_command("scripts.nightly_sync", *nightly_words(stage, stage.campuses[-1]), "--tries", "1",
                           expect=(75,))
    stage.telling.say(f"夜间同步照常尝试，退出码 75：{told.splitlines()[0]}",
                      "The nightly sync tries all the same and ends with code 75, try later.")


def record_fortnight(stage: Stage) -> None:
    """Two school weeks on both nodes, offline; meanwhile the office changes two things on the hub."""
    days = school_days(FORTNIGHT_BEGIN, FORTNIGHT_END)
    units = sum(recording.units(stage.consortium, campus, day) for day in days for campus in stage.campuses)
    with stage.telling.step("record", "断网的两周：两个校区各自点名、记教职工考勤、安排代课、日结课务、预约教室",
                            "Two weeks offline: both campuses take registers, record staff days, give covers, close "
                            "the days' lessons and book rooms",
                            total=units) as bar, contextlib.ExitStack() as ends:
        phones = {code: ends.enter_context(Phones(server.url, stage.password)) for code, server in stage.nodes.items()}
        recorders = {code: Recorder(code, stage.consortium, theirs, bar) for code, theirs in phones.items()}
        lessons = {code: Lessons(code, stage.consortium, theirs, bar) for code, theirs in phones.items()}
        for day in days:
            play_day(stage, day, recorders, lessons)
        stage.set_time(FORTNIGHT_END - timedelta(days=1), 22, 30)
    for name in ("registers", "exceptions", "staff_days"):
        stage.figures.rows[name] = sum(getattr(each.counted, name) for each in recorders.values())
    rows = stage.figures.rows
    rows["covers"] = sum(each.covers.total() for each in lessons.values())
    rows["lesson_days"] = sum(each.closed_days for each in lessons.values())
    stage.telling.say(
        f"{rows['registers']} 次点名、{rows['exceptions']} 条例外、{rows['staff_days']} 条教职工考勤、"
        f"{rows['covers']} 节代课、{rows['lesson_days']} 个课务日结；"
        f"办公室在中心改了一名教师的电话和 {STORM_DAY} 的校历，柳林校区也改了那一天。",
        f"{rows['registers']} registers with {rows['exceptions']} exceptions, {rows['staff_days']} staff days, "
        f"{rows['covers']} covers, {rows['lesson_days']} lesson days closed; on the "
        f"hub the office changed a teacher's phone and the calendar of {STORM_DAY}, which campus B changed too.",
    )


def play_day(stage: Stage, day: date, recorders: dict[str, Recorder], lessons: dict[str, Lessons]) -> None:
    """One day at both campuses at once, session by session, as the clock goes on."""
    if day == OFFICE_DAY:
        stage.set_time(day, 7, 30)
        office.change_on_hub(stage)
    if day == STORM_DAY:
        stage.set_time(day, 6)
        recording.close_for_storm(stage)
    stage.set_time(day, 7, 40)
    stage.at_each(lambda campus: lessons[campus].cover(day))
    if day == BOOKING_DAY:
        ask_for_room(stage)
    for session, hour in recording.HOURS.items():
        stage.set_time(day, hour)
        stage.at_each(partial(_registers, recorders, day, session))
    stage.at_each(lambda campus: recorders[campus].record_staff(day))
    stage.at_each(lambda campus: lessons[campus].close(day))


def ask_for_room(stage: Stage) -> None:
    """Both campuses want one room, and neither can know of the other."""
    stage.wanted = rooms.ask_for_room(stage)
    stage.figures.rooms["asked"] = dict(stage.wanted.states)


def _registers(recorders: dict[str, Recorder], day: date, session: str, campus: str) -> None:
    recorders[campus].take_registers(day, session)


def sync_both(stage: Stage) -> None:
    """The line is back; the real nightly script runs for both nodes at once."""
    with stage.telling.step("sync", "网络恢复，两个校区运行夜间同步",
                            "The line is back; both nodes run the nightly sync", total=2) as bar:
        for line in stage.lines.values():
            line.restore()

        def sync(campus: str) -> dict[str, object]:
            figures = nightly_sync(stage, campus)
            bar.advance()
            return figures

        for campus, entry in stage.at_each(sync).items():
            stage.telling.say(
                f"{campus} 校区：上传 {entry['rows_up']} 行、{entry['bytes_up']} 字节，"
                f"往返 {entry['round_trips']} 次。",
                f"Campus {campus}: {entry['rows_up']} rows up in {entry['bytes_up']} bytes, "
                f"{entry['round_trips']} round trips.",
            )


def settle_conflict(stage: Stage) -> None:
    """The disagreements are listed; a person settles one."""
    with stage.telling.step("conflicts", "列出冲突，请人处理一处", "The conflicts are listed and a person settles one"):
        settled = office.settle_one(stage)
    stage.figures.conflicts |= {"open": settled.open_before, "settled": 1, "left": settled.open_after}
    stage.telling.say(f"{settled.zh}", f"{settled.en}")


def sync_again(stage: Stage) -> None:
    """The decision travels, and each campus gets what the other sent."""
    with stage.telling.step("sync_again", "次日清晨第二次同步：决定传到各处",
                            "A second sync next morning: the decision reaches everyone", total=2) as bar:
        stage.set_time(FORTNIGHT_END, 7)
        for _round in range(2):
            # B's decision has to be at the hub before A can fetch it.
            for campus in reversed(stage.campuses):
                nightly_sync(stage, campus)
            bar.advance()
    for campus, line in stage.lines.items():
        stage.figures.line_bytes[campus] = {"up": line.bytes_up, "down": line.bytes_down}
    stage.figures.round_trips = sum(int(str(entry["round_trips"])) for entry in stage.figures.syncs)


def room_answered(stage: Stage) -> None:
    """The campus that decides has answered by the rule; both sides know."""
    with stage.telling.step("room", "两个校区断网时都要同一间录播教室、同一节课：看结果",
                            "Both campuses wanted one room for one lesson while cut off: how that ended"):
        found = rooms.outcome(stage, stage.wanted)
    stage.figures.rooms["answered"] = {campus: state for campus, (state, _) in found.items()}
    asked = {campus: (state, "none") for campus, state in stage.wanted.states.items()}
    stage.telling.say(
        f"预约时——{rooms.told(asked, 'zh')}。同步后——{rooms.told(found, 'zh')}；可改的时间和教室列在预约页上。",
        f"When asked: {rooms.told(asked, 'en')}. After the sync: {rooms.told(found, 'en')}; what is free instead "
        "stands on the booking's page.",
    )


def appraise(stage: Stage) -> None:
    """The office enters what has no other source; the hub appraises and writes the table."""
    with stage.telling.step("appraise", "录入教学检查、任务等事实，核算全体教职工，生成总表",
                            "The other facts are entered; everyone is appraised; the table is written", total=2) as bar:
        stage.figures.rows["evidence"] = office.enter_evidence(stage)
        bar.advance()
        stage.figures.xlsx = str(stage.xlsx)
        words = ("--data", str(stage.hub_folder.path), "--begin", FORTNIGHT_BEGIN.isoformat(), "--end",
                 FORTNIGHT_END.isoformat(), "--xlsx", stage.figures.xlsx, "--clock-file", str(stage.clock_file))
        run_command(TONGXIN, "hub", "appraise", *words)
        bar.advance()
    stage.figures.appraisal, shown = office.appraisal_table(stage)
    for zh, en in zip(shown.lines("zh", rows_max=4), shown.lines("en", rows_max=4), strict=True):
        stage.telling.say(zh, en)


def nightly_words(stage: Stage, campus: str) -> list[str]:
    """The nightly script's command line for one node."""
    return ["--data", str(stage.node_folder(campus).path), "--clock-file", str(stage.clock_file), "--first-wait-s", "1"]


def nightly_sync(stage: Stage, campus: str) -> dict[str, object]:
    """One real run of the nightly script; its line in the log."""
    run_command("scripts.nightly_sync", *nightly_words(stage, campus))
    last = stage.node_folder(campus).runs.read_text("utf-8").splitlines()[-1]
    entry: dict[str, object] = {"campus": campus, **json.loads(last)}
    stage.figures.syncs.append(entry)
    return entry


STEPS: tuple[Callable[[Stage], None], ...] = (
    set_up_hub, enrol_nodes, cut_line, record_fortnight, sync_both, settle_conflict, sync_again, room_answered,
    appraise,
)
