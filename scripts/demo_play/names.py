"""Invented Chinese names: common surnames and characters put together by a seeded generator."""

from __future__ import annotations

from random import Random

from hub.office.identity import check_digit_of

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁"
    "任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴"
    "莫孔向汤"
)
GIVEN_CHILD = (
    "子轩雨涵梓宇欣怡浩然诗佳俊杰思博文静一诺可馨嘉泽语桐奕辰若彤铭瑞心妍乐天明远书晴睿航安琪宸希沐阳"
    "星辰知夏景行"
)
GIVEN_ADULT = (
    "伟芳娜秀敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰英华玉梅建国志红春燕海波文斌小云立新永生淑珍慧琴光"
    "辉晓东"
)


def invented_name(random: Random, given: str) -> str:
    """One name: a surname and one or two characters of `given`."""
    surname = random.choice(SURNAMES)
    length = 2 if random.random() < 0.8 else 1
    return surname + "".join(random.choice(given) for _ in range(length))


def distinct_names(random: Random, given: str, count: int) -> list[str]:
    """`count` names without a repetition (staff; two pupils of one name are normal)."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[invented_name(random, given)] = None
    return list(found)


def wrong_identity_number(birth: str, sex: str, number: int) -> str:
    """An identity number that nobody can have: its area does not exist and its check digit is wrong.

    birth: `YYYY-MM-DD`; the last digit of the serial number is odd for a man.
    """
    serial = number % 500 * 2 + (sex == "male")
    front = f"999999{birth.replace('-', '')}{serial:03d}"
    right = check_digit_of(front)
    return front + ("0" if right != "0" else "1")
