"""What people write: by matter, place and season, now and then misspelt; never about a person."""

import re
from random import Random

TEXTS: dict[str, tuple[str, ...]] = {
    "E0506": (
        "{place}门口非机动车乱停乱放，占了半条人行道，推婴儿车都过不去。",
        "{place}旁边电动车停得横七竖八，请安排人来摆放。",
        "早高峰{place}附近非机动车停到机动车道上了，有安全隐患。",
        "{place}一带自行车、电瓶车乱停，已经影响行人通行。",
    ),
    "E0507": (
        "{place}旁人行道上堆放装修材料，已经有两三天了。",
        "{place}后面巷子里堆着沙子和木板，影响通行。",
        "沿街店铺把纸箱杂物堆在{place}门口，占用公共区域。",
        "{place}楼下有人长期堆放杂物，请协调清理。",
    ),
    "E0102": (
        "{place}旁边垃圾桶满了，垃圾散落一地，{smell}。",
        "{place}路口有暴露垃圾，没有及时清运。",
        "{place}围墙外堆了不少生活垃圾，请尽快清理。",
        "巡查发现{place}附近绿化带边有袋装垃圾。",
    ),
    "E0201": (
        "{place}墙面和电线杆上贴满小广告，请清除。",
        "{place}楼道口有新贴的非法小广告十余处。",
        "{place}公交站牌上喷涂了小广告，影响市容。",
    ),
    "E0511": (
        "{place}沿街栏杆上晾晒被子衣物，影响市容。",
        "{place}门前行道树之间拉绳子晾衣服。",
    ),
    "E0504": (
        "{place}旁水果店把货摆到人行道上，占道经营。",
        "{place}附近早餐店店外摆桌椅，行人只能走马路。",
        "{place}沿街商铺出店经营，已多次劝导。",
    ),
    "E0104": ("{place}路面有{litter}，需要清扫。", "{place}门前道路不洁，有油污和{litter}。"),
    "E0110": (
        "{place}门前路面有个坑，直径约半米，雨天看不见容易摔跤。",
        "{place}附近人行道地砖松动破损，踩上去溅水。",
    ),
    "E0406": ("下雨后{place}路段积水严重，车辆难以通行。",),
    "E0407": ("{place}坡道结冰，已有行人滑倒，请尽快除冰。",),
    "C0118": ("{place}附近两盏路灯不亮，晚上很黑。", "{place}路灯连续几晚没亮，请维修。"),
    "C0103": ("{place}路口雨水井盖破损下沉，请先围挡。", "{place}旁雨水井盖缺失，很危险。"),
    "C0101": ("{place}门口自来水井盖松动，车子压过去响得厉害。",),
    "C0305": ("{place}旁果皮箱破损，垃圾掉在地上。", "{place}垃圾桶盖子坏了，请更换。"),
    "S0105": ("{place}楼道里堆了旧家具和纸箱，挡住消防通道。",),
    "S0106": ("{place}单元门禁坏了，门一直开着。", "{place}楼道灯不亮，老人上下楼不方便。"),
    "S0301": ("{place}晚上十点以后仍有噪声，影响休息，请协调。",),
    "S0302": ("{place}广场舞音响声音太大，希望控制时间和音量。",),
    "S0401": ("{place}有电动车推进楼道充电，存在火灾隐患。",),
    "S0206": ("{place}暖气不热，家里只有十几度。",),
    "S0803": ("{place}田里有人烧秸秆，烟很大。",),
}
FAULTY = (
    "{place}附近{matter}{fault}，请派人处理。",
    "巡查发现{place}旁{matter}{fault}。",
    "{place}的{matter}，{fault}，居民反映多次，请尽快解决。",
    "{place}旁{matter}：{fault}。",
)
PLAIN = (
    "巡查发现{place}附近有{matter}问题，请派人处理。",
    "{place}{matter}，居民反映多次，请尽快解决。",
    "{place}旁{matter}，影响周边居民。",
    "{place}一带{matter}，请到现场看一下。",
)
WISHES = (
    "{place}居民提出：{matter}，请答复。",
    "走访{place}时了解到{matter}，请对接办理。",
    "{place}多户居民关心{matter}，希望有个说法。",
)
# Families of limits whose conditions say what is wrong with the thing.
FAULT_FAMILIES = {
    "T-COVER", "T-POLE", "T-LAMP", "T-SIGN", "T-FACILITY", "T-STRUCT", "T-ROAD", "T-GREEN",
}  # fmt: skip
WISH_FAMILIES = {"T-NEED", "T-CONSULT", "T-MOTION", "T-APPT"}
SMELLS = {6: "苍蝇多、气味大", 7: "天热气味很大", 8: "天热气味很大", 9: "气味较大"}
LITTER = {3: "花瓣和尘土", 4: "花瓣和飘絮", 10: "落叶", 11: "大量落叶", 12: "落叶", 1: "鞭炮纸屑"}
MISSPELT = (
    ("已经", "以经"), ("垃圾", "拉圾"), ("堆放", "堆防"), ("请", "清"), ("在", "再"),
    ("影响", "影想"), ("路口", "路囗"), ("附近", "付近"),
)  # fmt: skip
MISSPELT_SHARE = 0.03
FIXED = ("已到现场处理完毕，恢复正常。", "已整改到位，后续加强巡查。", "已当日处理，问题解决。")
CLEANED = ("已清理干净，现场拍照留存。", "已清运完毕并冲洗地面。", *FIXED)
REPAIRED = ("已修复，请核查。", "已更换新件，恢复使用。", *FIXED)
GRANTED = ("已与提出人联系，予以办理。", "已对接落实，近期实施。")
CLEAN_FAMILIES = {"T-CLEAN", "T-WATER"}
HANDLED = {
    "explained": ("已现场说明情况，对方表示理解。", "已电话答复，按现行规定办理，说明了原因。"),
    "mediated": ("已到场调解，双方达成一致。", "社区与网格员上门协商，已商定解决办法。"),
    "planned": ("需立项实施，已列入下季度计划。", "已报批经费，列入年度改造计划。"),
    "no_basis": ("现场核实，现行法规没有可以办理的依据，已作说明。",),
}
NO_BASIS = ("《物业管理条例》没有此项规定。", "《城市市容和环境卫生管理条例》未列入处罚事项。")
NOTES = ("已联系现场，等待材料到位。", "天气原因，改在明天上午处理。", "已与店主沟通，限时整改。")
PASSED = ("现场看过，已处理好。", "已复查，没有问题。")
FAILED = ("只清了一半，旁边还有。", "修过的地方又松了，请重新处理。", "现场看没有变化。")
RETURNED = ("现场查看，不在我单位养护范围。", "权属不清，请重新派遣。", "该点位属邻近单位管理。")
ANSWERED = (
    "已安排人员到场，今天内处置完毕。", "材料已到位，明天上午完成。",
    "前两天有雨没能施工，现已恢复作业。", "已约谈责任方，限期整改，进度每日报送。",
)  # fmt: skip
ANSWERED_BY_DESK = ("近日来件较多，今天内办完。", "正在核实权属，核实后马上派遣。")
REDISPATCHED = ("请先到现场处理，再厘清责任。", "经核实由你单位办理。")
REJECTED = ("照片和位置对不上，请补充后重新上报。", "属于正在办理的事项，不重复立案。")
CANCELLED = ("与前一件重复。",)
# What is said in the scenes of `config.demo.showcase`.
SETTLED = "现场摆放整齐，并劝导停车人。"
QUIET = "社区与活动队伍商定晚八点半前结束，音量调低。"
FED_BACK = "已与活动队伍商定时间和音量，请回复来电人。"
TRADING = "沿街店铺出店经营，货物摆上人行道。"
DIRTY = "同一路段路面有油污，需要冲洗。"
FORCED = "多次协商，权利人不同意搬离，转入法律程序另行处理。"
FIRMS_PART = "清运楼道内的旧家具和纸箱，清运后拍照。"
SAFETYS_PART = "到场查看消防通道，提出整改要求。"
NOT_OURS = "路面油污由沿街经营造成，职责有交叉，请明确由谁处理。"
OTHERWISE = "垃圾已移至临时点位，等清运车调度。"
APPEALED = "等待前一道施工完成才能进场，请核实。"
WHISTLED = "出店经营反复出现，多次劝导无效，需要几个部门一起到场。"
CAME = "执法中队长、法制员"
_IN_BRACKETS = re.compile(r"[（(].*?[）)]")
_ALTERNATIVES = re.compile(r"、[^，]*")


def description(
    *, code: str, family: str, matter: str, fault: str, place: str, month: int, rng: Random
) -> str:
    """A sentence about a matter (its leaf's name) and its fault (its condition's name).

    `code`: the leaf, where texts of its own fit; `family`: the condition's limits.
    """
    named = _IN_BRACKETS.sub("", matter)
    text = rng.choice(TEXTS.get(code) or _general(family)).format(
        place=place,
        matter=_ALTERNATIVES.sub("", named) if family in FAULT_FAMILIES else named,
        fault=_ALTERNATIVES.sub("", _IN_BRACKETS.sub("", fault)),
        smell=SMELLS.get(month, "影响环境"),
        litter=LITTER.get(month, "尘土和纸屑"),
    )
    return _misspelt(text, rng) if rng.random() < MISSPELT_SHARE else text


def _general(family: str) -> tuple[str, ...]:
    if family in WISH_FAMILIES:
        return WISHES
    return FAULTY if family in FAULT_FAMILIES else PLAIN


def handled(*, outcome: str, family: str, rng: Random) -> str:
    """What the handler says about a result of `issues.workflow.Outcome`."""
    if outcome in HANDLED:
        return rng.choice(HANDLED[outcome])
    if family in WISH_FAMILIES:
        return rng.choice(GRANTED)
    if family in CLEAN_FAMILIES:
        return rng.choice(CLEANED)
    return rng.choice(REPAIRED if family in FAULT_FAMILIES else FIXED)


def _misspelt(text: str, rng: Random) -> str:
    right, wrong = rng.choice([pair for pair in MISSPELT if pair[0] in text] or [("", "")])
    return text.replace(right, wrong, 1) if right else text.rstrip("。")
