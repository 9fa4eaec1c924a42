//! What each reason answers with: code, texts for a till or a member, and retry advice. The one
//! place where a reason becomes a status.

mod cards;

use std::time::Duration;

use contracts::common::v1::ErrorReason as R;
use tonic::Code;

/// The advice with which overload and outages are answered.
const RETRY_SOON: Duration = Duration::from_millis(500);

pub(crate) struct Spec {
    pub code: Code,
    pub zh: &'static str,
    pub en: &'static str,
    pub retry_after: Option<Duration>,
    /// The metadata that may come with it, and no other.
    pub keys: &'static [&'static str],
}

impl Spec {
    const fn with(self, keys: &'static [&'static str]) -> Self {
        Self { keys, ..self }
    }
}

const fn refusal(zh: &'static str, en: &'static str) -> Spec {
    answer(Code::FailedPrecondition, zh, en)
}

const fn answer(code: Code, zh: &'static str, en: &'static str) -> Spec {
    Spec { code, zh, en, retry_after: None, keys: &[] }
}

const fn later(code: Code, zh: &'static str, en: &'static str) -> Spec {
    Spec { retry_after: Some(RETRY_SOON), ..answer(code, zh, en) }
}

pub(crate) const fn spec(reason: R) -> Spec {
    match reason {
        R::Unspecified
        | R::TokenMissing
        | R::TokenInvalid
        | R::TokenExpired
        | R::ScopeMissing
        | R::OutsideSubtree => caller(reason),
        R::FieldInvalid | R::RequestIdReused | R::NotFound => request(reason),
        R::Overloaded
        | R::DependencyUnavailable
        | R::OutcomeUnknown
        | R::DeadlinePassed
        | R::Internal
        | R::ClockNotManual
        | R::Conflict
        | R::Stopping => system(reason),
        R::MemberUnknown
        | R::NotEligible
        | R::CriterionInvalid
        | R::OrganizationExists
        | R::ParentMissing
        | R::ImportIdReused => eligibility(reason),
        R::CardExists
        | R::CardState
        | R::MemberSuspended
        | R::CardCodeInvalid
        | R::CardCodeExpired
        | R::CardCodeReplayed
        | R::VerificationLimited
        | R::AccountLinked => cards::spec(reason),
        R::CampaignNotActive
        | R::OutsideCampaignDates
        | R::OutsideClaimHours
        | R::PersonLimitReached
        | R::SoldOut
        | R::CampaignState
        | R::ProgrammeInvalid
        | R::CampaignImmutable
        | R::ForeignCursors
        | R::MoneyExhausted
        | R::FundUnknown
        | R::FundExists => issuance(reason),
        R::ShopUnknown
        | R::ShopBlocked
        | R::TerminalBlocked
        | R::ShopRegionDiffers
        | R::ShopNotListed
        | R::RedeemingStopped
        | R::CampaignUnknown
        | R::ShopChanged => shops(reason),
        R::WebhooksTooMany => refusal(
            "回调地址已达上限，请先删除不用的",
            "the platform has as many webhooks as it may have: delete one",
        ),
        R::WebhookChanged => refusal(
            "密钥已被更换，请重新查询",
            "the secret is of another generation: list it again",
        )
        .with(&["secret_generation"]),
        _ => redemption(reason),
    }
}

const fn caller(reason: R) -> Spec {
    match reason {
        R::TokenMissing => {
            answer(Code::Unauthenticated, "请先登录", "the call carries no bearer token")
        }
        R::TokenInvalid => answer(Code::Unauthenticated, "凭证无效", "the token is not valid"),
        R::TokenExpired => answer(Code::Unauthenticated, "凭证已过期", "the token has expired"),
        R::ScopeMissing => {
            answer(Code::PermissionDenied, "无权进行此操作", "the token lacks the method's scope")
                .with(&["scope"])
        }
        _ => answer(
            Code::PermissionDenied,
            "不在您所属工会的管理范围内",
            "this is outside the caller's organization",
        ),
    }
}

const fn request(reason: R) -> Spec {
    match reason {
        R::FieldInvalid => answer(
            Code::InvalidArgument,
            "请求内容有误，请检查后重试",
            "a field of the request is missing or malformed",
        ),
        R::RequestIdReused => answer(
            Code::AlreadyExists,
            "请求编号已用于其他内容",
            "the request id was used before with other content",
        )
        .with(&["field"]),
        _ => answer(Code::NotFound, "未找到", "nothing of that name is visible to the caller")
            .with(&["kind"]),
    }
}

const fn system(reason: R) -> Spec {
    match reason {
        R::Overloaded => later(
            Code::ResourceExhausted,
            "当前人数较多，请稍后再试",
            "too many calls at once, try again shortly",
        ),
        R::DependencyUnavailable => later(
            Code::Unavailable,
            "系统繁忙，请稍后再试",
            "a part of the system cannot be reached, try again shortly",
        )
        .with(&["dependency"]),
        R::OutcomeUnknown => later(
            Code::Unavailable,
            "结果尚未确认，请用同一请求编号重试",
            "the outcome is not known yet, repeat the call with the same request id",
        ),
        R::DeadlinePassed => {
            answer(Code::DeadlineExceeded, "处理超时，请重试", "the deadline passed, try again")
        }
        R::ClockNotManual => {
            refusal("系统时钟不可调整", "the clock follows real time and cannot be moved")
        }
        R::Conflict => {
            answer(Code::Aborted, "操作冲突，请重试", "two changes met, repeat the request")
        }
        R::Stopping => later(
            Code::Unavailable,
            "系统正在维护，请稍后用同一请求编号重试",
            "the service is being stopped, repeat the call with the same request id",
        ),
        _ => answer(Code::Internal, "系统故障，请联系管理员", "a fault of the service"),
    }
}

const fn eligibility(reason: R) -> Spec {
    match reason {
        R::MemberUnknown => refusal(
            "未查到有效的工会会员信息，请先申请入会",
            "no live membership is known, please join the union first",
        ),
        R::NotEligible => {
            refusal("不符合领取条件", "the member does not meet the conditions of this benefit")
                .with(&["policy", "criterion"])
        }
        R::CriterionInvalid => {
            answer(Code::InvalidArgument, "条件表达式有误", "a criterion cannot be published")
                .with(&["criterion"])
        }
        R::OrganizationExists => answer(
            Code::AlreadyExists,
            "该组织已存在且内容不同",
            "the organization exists with other content",
        )
        .with(&["field"]),
        R::ParentMissing => {
            refusal("上级组织不存在", "the organization above does not exist").with(&["parent"])
        }
        _ => answer(
            Code::AlreadyExists,
            "导入编号已被其他组织使用",
            "the import id belongs to another organization's import",
        ),
    }
}

const fn issuance(reason: R) -> Spec {
    match reason {
        R::CampaignNotActive => {
            refusal("活动暂未开放领取", "the campaign is not giving out vouchers now")
                .with(&["state"])
        }
        R::OutsideCampaignDates => {
            refusal("不在活动期间内", "the campaign has not begun or is over")
                .with(&["starts_on", "ends_on"])
        }
        R::OutsideClaimHours => {
            refusal("不在领取时段内", "the campaign gives out vouchers only between certain hours")
                .with(&["opens_at"])
        }
        R::PersonLimitReached => {
            refusal("您本期已领取过，请勿重复领取", "you already have this period's voucher")
                .with(&["limit", "resets_at"])
        }
        R::SoldOut => {
            refusal("本期已领完", "nothing is left for this period").with(&["quota", "resets_at"])
        }
        R::CampaignState => {
            refusal("活动当前状态不允许此操作", "the campaign's state does not allow this")
                .with(&["state", "verb"])
        }
        R::ProgrammeInvalid => {
            answer(Code::InvalidArgument, "方案文件有误", "the programme file has problems")
        }
        R::MoneyExhausted => {
            refusal("活动资金已用完", "the fund has too little left for this voucher")
                .with(&["free_fen", "liability_fen"])
        }
        R::FundUnknown => {
            refusal("没有该资金", "there is no such fund for this campaign").with(&["fund"])
        }
        R::FundExists => {
            answer(Code::AlreadyExists, "该资金名称已存在", "a fund of that name exists")
        }
        R::ForeignCursors => {
            refusal("数据来源已更换，请联系管理员", "the cursors are not of this store")
        }
        _ => refusal(
            "活动已启用，内容不可更改",
            "the campaign is no longer a draft and cannot be changed",
        )
        .with(&["state"]),
    }
}

const fn redemption(reason: R) -> Spec {
    match reason {
        R::NoVoucher => refusal("没有可用的优惠券", "there is no voucher to use"),
        R::VoucherUnknown => {
            refusal("优惠券不存在或不属于您", "there is no such voucher").with(&["voucher_id"])
        }
        R::VoucherHeld => {
            refusal("优惠券正在其他订单中使用", "the voucher is held by another order")
                .with(&["voucher_id"])
        }
        R::VoucherUsed => {
            refusal("优惠券已使用", "the voucher has been used").with(&["voucher_id"])
        }
        R::VoucherNotYetValid => {
            refusal("优惠券尚未到使用时间", "the voucher's validity has not begun")
                .with(&["voucher_id", "valid_from"])
        }
        R::VoucherExpired => refusal("优惠券已过期", "the voucher's validity is over")
            .with(&["voucher_id", "valid_until"]),
        R::BelowThreshold => refusal(
            "适用商品金额未达到使用门槛",
            "the covered goods come to less than the threshold",
        )
        .with(&["threshold_fen", "covered_fen"]),
        R::GoodsNotCovered => {
            refusal("所购商品不在适用范围内", "no goods of this order are covered")
        }
        R::RegionNotCovered => {
            refusal("该门店不在适用地区内", "the shop is outside the voucher's regions")
                .with(&["regions"])
        }
        R::OutsideHours => {
            refusal("不在可使用时段内", "the voucher does not apply at this hour").with(&["hours"])
        }
        R::NotCombinable => refusal("优惠券不能叠加使用", "vouchers do not combine"),
        _ => combination(reason),
    }
}

const fn combination(reason: R) -> Spec {
    match reason {
        R::NothingLeft => {
            refusal("没有可抵扣的金额", "nothing is left that the voucher could take off")
                .with(&["voucher_id"])
        }
        R::OrderCapReached => {
            refusal("本单优惠已达上限", "the order has off already what its vouchers allow")
                .with(&["percent"])
        }
        R::UsesOfPeriodSpent => refusal(
            "本期使用次数已用完，请下期再用",
            "the voucher's uses of this period are spent, use it in the next",
        )
        .with(&["voucher_id", "period", "uses"]),
        R::NoLongerEligible => refusal(
            "您目前不符合使用条件",
            "the member does not meet the conditions of this benefit any more",
        )
        .with(&["voucher_id", "criterion"]),
        R::BenefitNotAvailableNow => answer(
            Code::Unavailable,
            "暂时无法核实使用资格，请稍后再试",
            "whether the member still qualifies cannot be told now, try again shortly",
        ),
        _ => authorization(reason),
    }
}

const fn authorization(reason: R) -> Spec {
    match reason {
        R::OrderAlreadyAuthorized => {
            refusal("该订单已使用优惠", "the order has a live authorization")
                .with(&["authorization_id"])
        }
        R::AlreadyVoided => refusal("该笔优惠已撤销", "the authorization was voided"),
        R::AlreadyCaptured => refusal("该笔优惠已核销", "the authorization was captured"),
        R::HoldExpired => {
            refusal("优惠占用已超时，请重新下单", "the hold ran out, authorize the order again")
                .with(&["expired_at"])
        }
        R::AlreadyRefunded => refusal("该笔优惠已退回", "the authorization was refunded"),
        R::NotCaptured => refusal("该笔优惠尚未核销", "the authorization was never captured"),
        R::VoidedBeforeAuthorize => {
            refusal("该请求已被撤销", "the request was voided before it arrived")
        }
        R::AuthorizationUnknown => {
            refusal("未找到该笔优惠", "the caller has no such authorization")
        }
        R::PortionAboveOrder => {
            refusal("金额超过订单剩余可处理金额", "more than is left of the order or the line")
                .with(&["left_fen"])
        }
        R::PortionLineUnknown => refusal(
            "订单中没有该商品行，或重复填写",
            "the order has no such line, or it is named twice",
        )
        .with(&["line"]),
        R::TooManyRefunds => refusal("退款次数已达上限", "the order has been refunded 50 times"),
        R::DayNotClosed => {
            refusal("该日尚未结账", "the day is not closed yet").with(&["business_day"])
        }
        R::DifferenceAccepted => {
            refusal("该差异已确认，不可更改", "the difference was accepted before, which is final")
                .with(&["resolved_by"])
        }
        _ => system(R::Internal),
    }
}

const fn shops(reason: R) -> Spec {
    match reason {
        R::ShopUnknown => {
            refusal("该门店未登记，不能使用此优惠券", "the shop is not registered for this voucher")
        }
        R::ShopBlocked => refusal("该门店已停用", "the shop takes no vouchers"),
        R::TerminalBlocked => refusal("该收银终端已停用", "the till takes no vouchers"),
        R::ShopRegionDiffers => refusal(
            "门店所在地区与登记不符",
            "the shop is registered in another region than the order says",
        )
        .with(&["region"]),
        R::ShopNotListed => {
            refusal("该门店不在活动门店名单内", "the shop is not on the campaign's list")
        }
        R::RedeemingStopped => {
            refusal("该活动已暂停使用", "redeeming is stopped for now").with(&["stopped"])
        }
        R::CampaignUnknown => refusal("没有该活动", "there is no campaign of that name"),
        _ => refusal("门店信息已被更改，请重新读取", "the shop was changed, read it again")
            .with(&["version"]),
    }
}
